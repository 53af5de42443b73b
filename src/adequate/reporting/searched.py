"""What a search says beyond its trials: its knobs, how its front grew, and what each choice did, as plain data."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from adequate.exploration import Result, Trial
from adequate.exploration.growth import growth, normalized
from adequate.exploration.slots import SLOTS
from adequate.reporting.choices import Varied, varied
from adequate.reporting.sensitivities import changes


def searched(result: Result, layers: Sequence[str]) -> dict[str, Any]:
    """``knobs`` with their effects, ``constant`` slots, ``rows`` of choices by trial, the front's ``growth``.

    ``estimated`` are the trials, from 1, that were given up on before all images were seen: the figure ``images``
    says so.
    """
    designs = [trial.design for trial in result.trials]
    knobs = varied(designs, layers)
    rows = [tuple(knob.place(design) for knob in knobs) for design in designs]
    estimated = [n for n, trial in enumerate(result.trials, 1) if not _whole(trial, result)]
    return {
        "knobs": [_knob(knob, at, result.trials, rows, estimated) for at, knob in enumerate(knobs)],
        "constant": _constant(result, knobs, layers),
        "rows": [list(row) for row in rows],
        "estimated": estimated,
        "growth": _growth(result),
    }


def _whole(trial: Trial, result: Result) -> bool:
    """Whether a trial had as many images as those of the front."""
    counts = {one.figures.get("images") for one in result.front}
    return trial.split != "validation" or trial.figures.get("images") in counts


def _knob(
    knob: Varied, at: int, trials: Sequence[Trial], rows: Sequence[tuple[int, ...]], estimated: Sequence[int]
) -> dict[str, Any]:
    untuned = {
        row: (trial.accuracy, n in estimated)
        for n, (trial, row) in enumerate(zip(trials, rows, strict=True), 1)
        if trial.split == "validation" and not trial.epochs and "accuracy" in trial.figures
    }
    guessed = {row for row, (_, guess) in untuned.items() if guess}
    effects = changes({row: accuracy for row, (accuracy, _) in untuned.items()}, at, guessed)
    return {
        "name": knob.name,
        "slots": [list(slot) for slot in knob.slots],
        "choices": [
            {"bits": choice.bits, "text": str(choice), "values": _texts(choice.values)} for choice in knob.choices
        ],
        "changes": [asdict(effect) for effect in effects],
    }


def _constant(result: Result, knobs: Sequence[Varied], layers: Sequence[str]) -> list[list[str]]:
    """(layer, slot, text) of what is the same in all designs."""
    first = result.trials[0].design if result.trials else {}
    moving = {slot for knob in knobs for slot in knob.slots}
    return [
        [layer, slot, str(value)]
        for layer in dict.fromkeys((*layers, *first))
        for slot in SLOTS
        if layer in first and (value := getattr(first[layer], slot)) is not None and (layer, slot) not in moving
    ]


def _texts(values: Sequence[Any]) -> list[str | None]:
    return [None if value is None else str(value) for value in values]


def _growth(result: Result) -> list[list[float]]:
    """(trial, hypervolume of the front so far), for every trial that a front can have."""
    objectives = result.front.objectives
    scored = [(n, trial) for n, trial in enumerate(result.trials, 1) if trial.split == "validation"]
    if not objectives:
        return []
    losses = normalized((trial for _, trial in scored), objectives)
    whole = [(n, trial) for n, trial in scored if _whole(trial, result)]
    found = growth(losses[trial] for _, trial in whole)
    return [[n, value] for (n, _), value in zip(whole, found, strict=True)]
