"""By how much each choice alone changes the accuracy, read off the trials of a search."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Row = tuple[int, ...]
"""The place of a design's choice in every knob."""


@dataclass(frozen=True)
class Change:
    """What a choice does to the accuracy, in points, against the widest it can be compared with.

    ``groups`` are the groups of designs, alike in everything else, that say so.
    """

    choice: int
    points: float
    groups: int


def changes(accuracies: Mapping[Row, float], knob: int) -> tuple[Change, ...]:
    """The effect of every choice of a knob, from designs that differ in this knob alone.

    Designs that are alike in all other knobs make a group. The effects u are those that, with a level a of each group,
    fit accuracy[g, c] = a[g] + u[c] with the least squared error; u of the widest choice is 0. With one group these are
    plain differences, and what was never compared with the widest, directly or in steps, has none.
    """
    groups: dict[Row, dict[int, float]] = {}
    for row, accuracy in accuracies.items():
        groups.setdefault(row[:knob] + row[knob + 1 :], {})[row[knob]] = accuracy
    compared = [group for group in groups.values() if len(group) > 1]
    if not compared:
        return ()
    linked = _linked(compared)
    within = [group for group in compared if linked.issuperset(group)]
    effects = _effects(within, max(linked) + 1)
    return tuple(
        Change(
            choice,
            round(100 * float(effects[choice] - effects[max(linked)]), 9),
            sum(choice in group for group in within),
        )
        for choice in sorted(linked)
    )


def _linked(groups: Sequence[Mapping[int, float]]) -> set[int]:
    """The choices that groups link with the widest."""
    found = {max(choice for group in groups for choice in group)}
    while more := {choice for group in groups if found.intersection(group) for choice in group} - found:
        found |= more
    return found


def _effects(groups: Sequence[Mapping[int, float]], count: int) -> NDArray[np.float64]:
    """Each group's level is eliminated: its mean is taken from both sides of its equations."""
    left, right = list[NDArray[np.float64]](), list[NDArray[np.float64]]()
    for group in groups:
        is_there = np.eye(count)[list(group)]
        accuracy = np.array(list(group.values()))
        left.append(is_there - is_there.mean(0))
        right.append(accuracy - accuracy.mean())
    found, *_ = np.linalg.lstsq(np.concatenate(left), np.concatenate(right), rcond=None)
    return found.astype(np.float64)
