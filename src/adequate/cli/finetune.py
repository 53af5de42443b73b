"""``adequate finetune``: weights for a design that is given."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from adequate.cli.options import ComputeOptions, DataOptions, DesignOptions, ModelOptions, OutputOptions, file_option


class Outputs(StrEnum):
    """Layer inputs and outputs while training, as ``adequate.finetuning.Recipe`` has them."""

    FLOAT = "float"
    QUANTIZED = "quantized"


class MultiplierGradient(StrEnum):
    """How training sees a multiplier's products."""

    STRAIGHT_THROUGH = "straight-through"
    SMOOTHED = "smoothed"
    FITTED = "fitted"


MULTIPLIERS = "Multipliers"
"""A panel of the help page."""


def finetune(
    context: typer.Context,
    model: ModelOptions,
    data: DataOptions,
    compute: ComputeOptions,
    output: OutputOptions,
    epochs: Annotated[int, typer.Option(metavar="N", min=1, help="Passes over the training images.")],
    run: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder of the run; one that was begun goes on.", file_okay=False)
    ],
    design: Annotated[
        Path | None, file_option("--design", "A design, as condense leaves it; else the one a file brings along.")
    ] = None,
    rate: Annotated[float, typer.Option(metavar="X", help="Learning rate at the start; it falls to zero.")] = 1e-3,
    batch_size: Annotated[int, typer.Option(metavar="N", min=1, help="Images a step.")] = 64,
    outputs: Annotated[
        Outputs, typer.Option(metavar="NAME", help="Layer inputs and outputs while training: float or quantized.")
    ] = Outputs.FLOAT,
    distillation: Annotated[
        float, typer.Option(metavar="D", min=0.0, max=1.0, help="Weight of the float network's answers in the loss.")
    ] = 0.0,
    gradient: Annotated[
        MultiplierGradient,
        typer.Option(
            metavar="NAME",
            help="Gradient of a multiplier's products: straight-through, smoothed or fitted.",
            rich_help_panel=MULTIPLIERS,
        ),
    ] = MultiplierGradient.STRAIGHT_THROUGH,
    half_window: Annotated[
        int,
        typer.Option(
            metavar="H", min=1, help="Values to either side that smoothed looks at.", rich_help_panel=MULTIPLIERS
        ),
    ] = 16,
    error_penalty: Annotated[
        float,
        typer.Option(
            metavar="X", min=0.0, help="Weight of the layers' relative errors in the loss.", rich_help_panel=MULTIPLIERS
        ),
    ] = 0.0,
    quantized_first: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            help="Epochs with exact products before, as a teacher; needs --distillation.",
            rich_help_panel=MULTIPLIERS,
        ),
    ] = 0,
) -> None:
    """Trains a network's weights for a given design and scores it before and after.

    Weights are rounded anew for every batch; the gradient passes straight through to the float weights
    behind them. Where the design has multipliers, training has their products, too. Of all epochs the
    best on held-out training images is kept. The run's folder gets design.json, weights.safetensors and
    report.html; a run that was stopped goes on. Started by torchrun, processes share every batch: torchrun
    --standalone --nproc-per-node=2 --no-python -- adequate finetune ...

    Example:
      adequate finetune digits-cnn --data digits --epochs 2 \\
        --design runs/digits/design.json --run runs/tuned
    """
    from adequate.cli.designs import arithmetic
    from adequate.cli.errors import Misuse
    from adequate.cli.finished import as_typed, resumed, show, write_report
    from adequate.cli.progress import Progress
    from adequate.cli.subject import open_subject
    from adequate.condensing import tune
    from adequate.finetuning import FittedError, Recipe, SmoothedDifference
    from adequate.run import Run

    if not 0 < rate < float("inf"):
        raise Misuse(f"--rate is a positive number, not {rate}")
    if quantized_first and not distillation:
        raise Misuse("--quantized-first is the first stage of a distillation; give --distillation, too")
    gradients = {
        MultiplierGradient.STRAIGHT_THROUGH: None,
        MultiplierGradient.SMOOTHED: SmoothedDifference(half_window),
        MultiplierGradient.FITTED: FittedError(),
    }
    recipe = Recipe(
        rate=rate,
        batch_size=batch_size,
        outputs=outputs.value,
        distillation=distillation,
        gradient=gradients[gradient],
        error_penalty=error_penalty,
        quantized_first=quantized_first,
    )
    place = Run(run)
    with Progress() as progress:
        subject = open_subject(model, data, resumed(place, compute), progress)
        chosen = arithmetic(DesignOptions(design), subject, compute.seed, progress)
        if chosen.design is None:
            raise Misuse("finetune needs a design: give --design FILE")
        found = tune(
            chosen.subject.network,
            chosen.subject.data,
            place,
            chosen.design,
            epochs=epochs,
            seed=compute.seed,
            recipe=recipe,
            watcher=progress,
            origin=subject.origin,
            command=as_typed(context),
        )
        if found is None:
            return
        progress.stage("report")
        write_report(place, found.network)
    show(place, found, output)
