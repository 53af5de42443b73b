"""Fractional lengths by coordinate descent on a loss: what no closed rule finds below five bits."""

from collections.abc import Generator, Sequence
from dataclasses import replace

from adequate.design import Design
from adequate.exploration.trial import Query, Trial
from adequate.formats import Fixed

Questions = Generator[Sequence[Design | Query], list[Trial], Design]

SLOTS = ("input", "weight", "output")


def descend(start: Design, *, passes: int = 150) -> Questions:
    """``start`` with the fractional lengths of its fixed-point formats moved to a local minimum of the loss.

    One format after the other is tried one bit finer and one bit coarser; a move that lowers the loss on the
    calibration split is kept and continued in its direction. Ends when no single move helps, or before more than
    ``passes`` designs would be scored.
    """
    [current] = yield [Query(start, split="calibration")]
    knobs = [(name, slot) for name in start for slot in SLOTS if isinstance(getattr(start[name], slot), Fixed)]
    spent, idle, position = 1, 0, 0
    while idle < len(knobs) and spent + 2 <= passes:
        name, slot = knobs[position]
        neighbours = [Query(_moved(current.design, name, slot, by), split="calibration") for by in (1, -1)]
        finer, coarser = yield neighbours
        spent += 2
        best, by = min(((finer, 1), (coarser, -1)), key=lambda one: one[0].figures["loss"])
        idle += 1
        while best.figures["loss"] < current.figures["loss"]:
            current, idle = best, 1  # this format itself is then at its best
            if spent >= passes:
                break
            [best] = yield [Query(_moved(current.design, name, slot, by), split="calibration")]
            spent += 1
        position = (position + 1) % len(knobs)
    return current.design


def _moved(design: Design, name: str, slot: str, by: int) -> Design:
    format = getattr(design[name], slot)
    return design.with_layers(name, **{slot: replace(format, frac=format.frac + by)})
