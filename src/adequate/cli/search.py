"""``adequate search``: a front of designs, accuracy against real costs."""

from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adequate.cli.cluster import RayOption
from adequate.cli.errors import Misuse
from adequate.cli.known_trials import TrialsFromOption, trial_files
from adequate.cli.options import ComputeOptions, DataOptions, ModelOptions, OutputOptions, file_option

if TYPE_CHECKING:
    from torch import Generator

    from adequate.cli.front_so_far import FrontSoFar
    from adequate.exploration import Space, Strategy
    from adequate.exploring import Explored
    from adequate.run import Run


class Way(StrEnum):
    """Strategies over a space, by the names of their functions."""

    EVOLUTIONARY = "evolutionary"
    SURROGATE = "surrogate"
    BAYESIAN = "bayesian"
    SENSITIVITY = "sensitivity"
    MIN_PLUS_ONE = "min_plus_one"
    MAX_MINUS_ONE = "max_minus_one"
    TABU = "tabu"
    DELTA_DEBUGGING = "delta_debugging"
    RANDOM_POINTS = "random_points"
    EXHAUSTIVE = "exhaustive"


FOR_FRONTS = (Way.EVOLUTIONARY, Way.SURROGATE, Way.BAYESIAN, Way.RANDOM_POINTS)
"""Strategies that look for a front in so many trials; the others look for one design within the margin."""


def search(
    context: typer.Context,
    model: ModelOptions,
    data: DataOptions,
    compute: ComputeOptions,
    output: OutputOptions,
    run: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder of the run; one that was begun goes on.", file_okay=False)
    ],
    objective: Annotated[
        str,
        typer.Option(
            metavar="O[,O...]", help="What is to be little: stored_bits, or FIELD@MACHINE: energy_pj@laconic."
        ),
    ] = "stored_bits",
    strategy: Annotated[Way, typer.Option(metavar="NAME", help=f"How: {', '.join(Way)}.")] = Way.EVOLUTIONARY,
    trials: Annotated[
        int, typer.Option(metavar="N", min=1, help="So many designs, where a front is looked for: evolutionary, ...")
    ] = 100,
    margin: Annotated[
        float, typer.Option(metavar="POINTS", min=0.0, max=100.0, help="What accuracy may be lost.")
    ] = 1.0,
    space: Annotated[
        Path | None, file_option("--space", "A space, as the command space writes it (else word lengths of 2-8 bits).")
    ] = None,
    images: Annotated[int, typer.Option(metavar="N", min=1, help="Training images that machines read.")] = 1,
    race: Annotated[bool, typer.Option(help="Give up on a design as soon as it is known to lose too much.")] = True,
    reuse: Annotated[bool, typer.Option(help="Compute once what designs have in common.")] = True,
    ray: RayOption = None,
    trials_from: TrialsFromOption = None,
) -> None:
    """Searches for designs that no other beats in accuracy and in the objectives.

    Choices are made on validation images; the front is then scored on the test images, and both figures are told.
    Batch normalisation is folded. A design that loses more than --margin is given up on as soon as that is known with
    an error rate of 5 %. Choices of the space that a machine of the objectives cannot run are left out, which is said.
    The run's folder gets trials.db, from which a search that was stopped goes on, and the designs of the front; pick
    takes one of them. With --ray trials run on many processes and machines, and what comes out is the same.

    Example:
      adequate search digits-cnn --data digits --trials 40 --run runs/front
    """
    from adequate.cli.cluster import trials_on, with_workers
    from adequate.cli.finished import as_typed, resumed
    from adequate.cli.front_so_far import FrontSoFar
    from adequate.cli.progress import Progress
    from adequate.cli.searched import write_search_report
    from adequate.cli.subject import open_subject
    from adequate.exploration import Space
    from adequate.exploring import explore, front_files
    from adequate.run import Run

    if margin != margin:
        raise Misuse("--margin is not a number")
    objectives = tuple(dict.fromkeys(one.strip() for one in objective.split(",")))
    place = Run(run)
    front = FrontSoFar(objectives)
    compute = with_workers(resumed(place, compute), ray)
    with Progress(front) as progress, trials_on(ray, compute, progress) as map:
        subject = open_subject(model, data, compute, progress).without_design
        found = explore(
            subject.network,
            subject.data,
            place,
            partial(_made, strategy, trials, front),
            objectives=objectives,
            margin=margin,
            space=None if space is None else Space.load(space),
            images=images,
            race=race,
            reuse=reuse,
            seed=compute.seed,
            map=map,
            others=trial_files(trials_from),
            watcher=progress,
            origin={**subject.origin, **_asked(strategy, trials, space)},
            command=as_typed(context),
        )
        progress.stage("report")
        files = front_files(place, found)
        write_search_report(place, found.network)
    _show(place, found, files, output)


def _asked(strategy: Way, trials: int, space: Path | None) -> dict[str, Any]:
    """What tells one search from another, besides its subject."""
    from adequate.cli.models import digest

    counted = {"trials": trials} if strategy in FOR_FRONTS else {}
    return {"strategy": strategy.value, **counted, "space": None if space is None else digest(space)}


def _made(
    strategy: Way,
    trials: int,
    front: "FrontSoFar",
    space: "Space",
    accuracy: float,
    objectives: Sequence[str],
    generator: "Generator",
) -> "Strategy":
    """The strategy; ``front`` is told how many trials it will take, where that is known."""
    from adequate.exploration import strategies

    make: Any = getattr(strategies, strategy.value)
    if strategy in FOR_FRONTS:
        front.expected = min(trials, space.size)
        return make(space, objectives=objectives, trials=trials, generator=generator)
    if strategy is Way.EXHAUSTIVE:
        front.expected = space.size
        return make(space)
    return make(space, accuracy, objective=objectives[0])


def _show(run: "Run", found: "Explored", files: Sequence[Path], output: OutputOptions) -> None:
    from adequate.cli.amounts import percent
    from adequate.cli.output import answer, answer_json, facts, interval, rewritten, table
    from adequate.cli.space import left_out

    counts = {"evaluations": found.result.evaluations, "reused": found.result.reused}
    if output.json:
        front = [
            {"design": str(file), "accuracy": one.accuracy, "interval": one.accuracy.interval}
            | {"validation_accuracy": one.figures["accuracy"]}
            | {name: one.figures[name] for name in found.objectives}
            for file, one in zip(files, found.front, strict=True)
        ]
        answer_json(
            {
                "baseline": found.baseline,
                "validation_baseline": found.validation_baseline,
                "space": found.space.size,
                "left_out": [asdict(one) for one in found.left_out],
                "front": front,
                "hypervolume": found.hypervolume,
                "images_saved": found.images_saved,
                "report": str(run.report_file),
                **counts,
            }
        )
        return
    numbers = ("validation", "test", *found.objectives)
    shown = table("design", *numbers, numbers=numbers)
    for file, one in zip(files, found.front, strict=True):
        costs = (f"{one.figures[name]:,.6g}" for name in found.objectives)
        shown.add_row(str(file), percent(one.figures["accuracy"]), percent(one.accuracy), *costs)
    rows = {
        "full precision": f"{percent(found.baseline)}  ({interval(found.baseline.interval)}), on validation "
        f"{percent(found.validation_baseline)}",
        **rewritten(found.network.rewrites),
        "space": f"{found.space.size:,} designs",
        **left_out(found.left_out),
        "designs tried": f"{counts['evaluations']:,}, and {counts['reused']:,} remembered",
        "images saved": percent(found.images_saved),
        "hypervolume": f"{found.hypervolume:.4f}",
        "report": str(run.report_file),
    }
    answer(shown, facts(rows))
