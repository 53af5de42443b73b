"""By how much each choice alone changes the accuracy, read off the trials of a search."""

from collections.abc import Mapping, Set
from dataclasses import dataclass

Row = tuple[int, ...]
"""The place of a design's choice in every knob, from the narrowest to the widest."""


@dataclass(frozen=True)
class Change:
    """What a choice does to the accuracy, in points, against the widest it can be compared with.

    ``groups`` are the groups of designs that say so; it is ``estimated`` where an accuracy among them is.
    """

    choice: int
    points: float
    groups: int
    estimated: bool


def changes(accuracies: Mapping[Row, float], knob: int, estimated: Set[Row] = frozenset()) -> tuple[Change, ...]:
    """The effect of every choice of a knob, from designs that differ in this knob alone.

    Designs that are alike in all other knobs make a group g, w its widest choice. From the widest choice that was
    compared, u = 0, down: u[c] = mean over the groups that have c of u[w] + accuracy[g, c] - accuracy[g, w]. With one
    group these are plain differences. Choices that nothing compares with wider ones, up to the widest, have no effect.
    """
    groups: dict[Row, dict[int, Row]] = {}
    for row in accuracies:
        groups.setdefault(row[:knob] + row[knob + 1 :], {})[row[knob]] = row
    compared = [group for group in groups.values() if len(group) > 1]
    widest = max((max(group) for group in compared), default=-1)
    found = dict[int, Change]()
    for choice in range(widest, -1, -1):
        within = [group for group in compared if choice in group and (max(group) in found or choice == widest)]
        tops = [group[max(group)] for group in within]
        points = [
            100 * (accuracies[group[choice]] - accuracies[top])
            + (found[top[knob]].points if top[knob] in found else 0.0)
            for group, top in zip(within, tops, strict=True)
        ]
        if points:
            guess = any(not estimated.isdisjoint((group[choice], top)) for group, top in zip(within, tops, strict=True))
            mean = round(sum(points) / len(points), 9)
            found[choice] = Change(choice, mean, len(points), guess and choice != widest)
    return tuple(reversed(found.values()))
