"""How much a front dominates, in one number."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

Losses = tuple[float, ...]
"""What is to be small, in a fixed order."""


def hypervolume(losses: Iterable[Sequence[float]], reference: Sequence[float]) -> float:
    """The volume of what at least one point dominates, up to ``reference``; less is better everywhere.

    {z: p <= z <= reference for some p}, exactly, by slicing along the last objective (Zitzler and Thiele 1998,
    "Multiobjective optimization using evolutionary algorithms", PPSN V, define the measure). Points that do not lie
    below the reference everywhere add nothing. Takes n**(d - 1) log n steps for n points and d objectives.

    >>> hypervolume([(0.0, 2.0), (1.0, 1.0)], (2.0, 3.0))
    3.0

    Raises:
        ValueError: a point has more or fewer objectives than the reference.
    """
    inside = set[Losses]()
    for point in losses:
        if len(point) != len(reference):
            raise ValueError(f"{tuple(point)} has {len(point)} objectives, the reference {len(reference)}")
        if all(x < bound for x, bound in zip(point, reference, strict=True)):
            inside.add(tuple(point))
    return _sliced(sorted(inside, key=lambda point: point[-1]), tuple(reference)) if inside else 0.0


def _sliced(points: list[Losses], reference: Losses) -> float:
    """``points`` ascend in the last objective."""
    if len(reference) == 1:
        return reference[0] - points[0][0]
    if len(reference) == 2:
        return _swept(points, reference)
    total = 0.0
    ends = [*(point[-1] for point in points), reference[-1]]
    for count, (low, high) in enumerate(pairwise(ends), 1):
        if high > low:
            below = sorted((point[:-1] for point in points[:count]), key=lambda point: point[-1])
            total += (high - low) * _sliced(below, reference[:-1])
    return total


def _swept(points: list[Losses], reference: Losses) -> float:
    total, lowest = 0.0, reference[0]
    for first, second in points:
        if first < lowest:
            total += (lowest - first) * (reference[1] - second)
            lowest = first
    return total
