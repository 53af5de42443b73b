"""``adequate condense``: the main job."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from adequate.cli.cluster import RayOption
from adequate.cli.errors import Misuse
from adequate.cli.known_trials import TrialsFromOption, trial_files
from adequate.cli.options import ComputeOptions, DataOptions, ModelOptions, OutputOptions


class Family(StrEnum):
    """Formats to choose from, as ``adequate.condensing.FORMATS`` has them."""

    DYNAMIC_FIXED = "dynamic_fixed"
    STATIC_FIXED = "static_fixed"
    MINIFLOAT = "minifloat"
    POWER_OF_TWO = "power_of_two"


def condense(
    context: typer.Context,
    model: ModelOptions,
    data: DataOptions,
    compute: ComputeOptions,
    output: OutputOptions,
    run: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder of the run; one that was begun goes on.", file_okay=False)
    ],
    margin: Annotated[
        float, typer.Option(metavar="POINTS", min=0.0, max=100.0, help="What accuracy may be lost.")
    ] = 1.0,
    format: Annotated[
        Family, typer.Option(metavar="NAME", help=f"Kind of arithmetic: {', '.join(Family)}.")
    ] = Family.DYNAMIC_FIXED,
    finetune: Annotated[
        int, typer.Option(metavar="EPOCHS", min=0, help="Fine-tuning of designs that lose too much, and of the last.")
    ] = 0,
    ray: RayOption = None,
    trials_from: TrialsFromOption = None,
) -> None:
    """Finds the narrowest arithmetic that keeps a trained network's accuracy within a margin.

    Ranges come from training images, choices from validation images, the reported accuracy from test images.
    Batch normalisation is folded. A design that a file brings along is not used: its network is condensed from full
    precision. The run's folder gets design.json, weights.safetensors, report.html and
    trials.db, from which a run that was stopped goes on. With --ray trials run on many processes and machines, and
    what comes out is the same.

    Example:
      adequate condense digits-cnn --data digits --format static_fixed \\
        --run runs/digits
    """
    from adequate.cli.cluster import trials_on, with_workers
    from adequate.cli.finished import as_typed, resumed, show, write_report
    from adequate.cli.progress import Progress
    from adequate.cli.subject import open_subject
    from adequate.cli.tally import Smallest
    from adequate.condensing import condense as condensed
    from adequate.run import Run

    if margin != margin:
        raise Misuse("--margin is not a number")
    place = Run(run)
    compute = with_workers(resumed(place, compute), ray)
    with Progress(Smallest(margin)) as progress, trials_on(ray, compute, progress) as map:
        subject = open_subject(model, data, compute, progress).without_design
        found = condensed(
            subject.network,
            subject.data,
            place,
            margin=margin,
            epochs=finetune,
            format=format.value,
            seed=compute.seed,
            map=map,
            others=trial_files(trials_from),
            watcher=progress,
            origin=subject.origin,
            command=as_typed(context),
        )
        if found is None:
            raise ValueError(
                f"no {format.value} design keeps {model.model} within {margin:g} points of full precision on the "
                "validation images; allow a larger --margin or more epochs of --finetune"
            )
        progress.stage("report")
        write_report(place, found.network)
    show(place, found, output)
