"""A search in its run's folder: what it tried, its front, finished or not, and one design of it picked."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adequate.exploration import Result, Store, Trial
from adequate.exploration.trial import least_accuracy
from adequate.exploring.job import Explored, front_of_whole
from adequate.run import Run


@dataclass(frozen=True)
class Search:
    """What a folder says of a search: its result so far, and full precision on the validation images.

    ``tested`` are the results on the test images by the digests of the front's designs; empty while it is not finished.
    """

    result: Result
    reference: float
    tested: dict[str, dict[str, Any]]

    def cheapest(self, drop: float, objective: str | None = None) -> Trial | None:
        """The design of least ``objective`` (default: the first) within ``drop`` points on validation, if there is one.

        Raises:
            ValueError: ``objective`` is not one of the search.
        """
        front = self.result.front
        by = objective or front.objectives[0]
        if by not in front.objectives:
            raise ValueError(f"no objective {by!r} in this search; there are {', '.join(front.objectives)}")
        able = [trial for trial in front if trial.accuracy >= least_accuracy(self.reference, drop)]
        return min(able, key=lambda trial: (trial.figure(by), -trial.accuracy), default=None)


def front_files(run: Run, found: Explored) -> list[Path]:
    """Saves the designs of a front in the run's folder and records the search as finished; the files in its order.

    Raises:
        OSError: the folder cannot be written.
    """
    folder = run.folder / "front"
    folder.mkdir(exist_ok=True)
    files = [folder / f"{at:02}-{one.design.digest[:8]}.json" for at, one in enumerate(found.front, 1)]
    for file, one in zip(files, found.front, strict=True):
        one.design.save(file)
    front = [
        {"file": file.name, "design": one.design.digest, "accuracy": float(one.accuracy), "images": one.accuracy.images}
        | {"validation_accuracy": one.figures["accuracy"]}
        | {name: one.figures[name] for name in found.objectives}
        for file, one in zip(files, found.front, strict=True)
    ]
    run.conclude(
        {
            "baseline": float(found.baseline),
            "images": found.baseline.images,
            "validation_baseline": found.validation_baseline,
            "objectives": list(found.objectives),
            "front": front,
            "trials": [trial.design.digest for trial in found.result.trials],
        }
    )
    return files


def searched(run: Run) -> Search:
    """Reads a search from its folder: all it tried, or what it tried so far, in the order it was answered.

    Raises:
        ValueError: the folder holds no search, or one that has not begun to try designs.
        StoreError: the trials cannot be read.
    """
    known = run.facts()
    identity, noted, results = (known.get(part) or {} for part in ("identity", "noted", "results"))
    if identity.get("job") != "search":
        raise ValueError(f"{run.folder} is no folder of a search")
    if not noted or not run.trials_file.exists():
        again = "".join(f"; go on with: {command}" for command in known.get("commands", [])[-1:])
        raise ValueError(f"the search in {run.folder} has tried no design yet{again}")
    objectives = identity["objectives"]
    with Store(run.trials_file) as store:
        tried = {
            trial.design.digest: trial
            for trial in store.trials()
            if trial.split == "validation" and trial.figures.keys() >= {"accuracy", *objectives}
        }
    order = results["trials"] if results else tried
    trials = [tried[digest] for digest in order if digest in tried]
    front = front_of_whole(trials, objectives, noted["validation_images"])
    tested = {one["design"]: one for one in results.get("front", [])}
    return Search(Result(None, front, tuple(trials), 0, len(trials)), noted["validation_baseline"], tested)


def picked(run: Run, drop: float, objective: str | None = None) -> dict[str, Any]:
    """The front's cheapest design within ``drop`` points on validation, copied to the run's ``design.json``.

    Of a search that is not finished it is that of the front so far, and has no accuracy on the test images.

    Raises:
        ValueError: the folder holds no search, no such objective, or no design loses so little.
        OSError: a file is missing or cannot be written.
        StoreError: the trials cannot be read.
    """
    found = searched(run)
    best = found.cheapest(drop, objective)
    if best is None:
        raise ValueError(f"no design of the front in {run.folder} loses {drop:g} points or less; allow a larger drop")
    best.design.save(run.design_file)
    figures = {"validation_accuracy": best.accuracy, **{n: best.figure(n) for n in found.result.front.objectives}}
    return found.tested.get(best.design.digest, figures)
