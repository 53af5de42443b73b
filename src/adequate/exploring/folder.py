"""The front of a search in its run's folder, and one design of it picked."""

from pathlib import Path
from typing import Any

from adequate.design import Design
from adequate.exploration.trial import least_accuracy
from adequate.exploring.job import Explored
from adequate.run import Run


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
        {"file": file.name, "accuracy": float(one.accuracy), "validation_accuracy": one.figures["accuracy"]}
        | {name: one.figures[name] for name in found.objectives}
        for file, one in zip(files, found.front, strict=True)
    ]
    run.conclude(
        {
            "baseline": float(found.baseline),
            "validation_baseline": found.validation_baseline,
            "objectives": list(found.objectives),
            "front": front,
        }
    )
    return files


def picked(run: Run, drop: float, objective: str | None = None) -> dict[str, Any]:
    """The front's cheapest design within ``drop`` points on validation, copied to the run's ``design.json``.

    Raises:
        ValueError: the folder holds no finished search, no such objective, or no design loses so little.
        OSError: a file is missing or cannot be written.
    """
    results = run.facts().get("results")
    if not results or "front" not in results:
        raise ValueError(f"{run.folder} is no folder of a finished search")
    by = objective or results["objectives"][0]
    if by not in results["objectives"]:
        raise ValueError(f"no objective {by!r} in {run.folder}; there are {', '.join(results['objectives'])}")
    able = [
        one
        for one in results["front"]
        if one["validation_accuracy"] >= least_accuracy(results["validation_baseline"], drop)
    ]
    if not able:
        raise ValueError(f"no design of the front in {run.folder} loses {drop:g} points or less; allow a larger drop")
    best: dict[str, Any] = min(able, key=lambda one: (one[by], -one["validation_accuracy"]))
    Design.load(run.folder / "front" / Path(best["file"]).name).save(run.design_file)
    return best
