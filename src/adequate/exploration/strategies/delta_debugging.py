"""Which knobs have to stay wide, by halving."""

from collections.abc import Sequence
from itertools import pairwise

from adequate.exploration.answers import Answers
from adequate.exploration.search import Strategy
from adequate.exploration.space import Point, Space
from adequate.exploration.trial import Trial

Knobs = tuple[int, ...]


def delta_debugging(space: Space, accuracy: float, *, objective: str = "stored_bits") -> Strategy:
    """A cheap design that is at least so accurate, by Precimonious' search for a small set of wide variables.

    Level by level all knobs that have been lowered so far are lowered by one more. If that misses ``accuracy``, or
    costs more than the widest point, a small set of knobs is looked for that has to stay: the set is split, in two at
    first, and each part alone, or with more parts all but one, is kept up; of those that pass the cheapest is split
    on, and where none does the parts are halved. What stays is not lowered again (Rubio-Gonzalez et al. 2013,
    "Precimonious: tuning assistant for floating-point precision", SC; after its released dd2.py). None if not even the
    widest point is accurate enough.
    """
    answers = Answers(space)
    [widest] = yield from answers.ask([space.widest])
    if widest.accuracy < accuracy:
        return None

    def passing(trials: Sequence[Trial]) -> list[int]:
        """Which of the trials pass, the cheapest first."""
        good = [
            i
            for i, trial in enumerate(trials)
            if trial.accuracy >= accuracy and trial.figure(objective) <= widest.figure(objective)
        ]
        return sorted(good, key=lambda i: trials[i].figure(objective))

    point = space.widest
    free = [knob for knob, last in enumerate(space.widest) if last > 0]
    while free:
        [trial] = yield from answers.ask([_lowered(point, free)])
        kept: Knobs = () if passing([trial]) else tuple(free)
        parts = 2
        while len(kept) > 1:
            pieces = _split(kept, parts)
            if parts > 2:
                pieces += [tuple(knob for knob in kept if knob not in piece) for piece in pieces]
            points = [_lowered(point, [knob for knob in free if knob not in piece]) for piece in pieces]
            if good := passing((yield from answers.ask(points))):
                kept = pieces[good[0]]
                parts = 2 if good[0] < parts else parts - 1
            elif parts == len(kept):
                break
            else:
                parts = min(2 * parts, len(kept))
        free = [knob for knob in free if knob not in kept]
        point = _lowered(point, free)
        free = [knob for knob in free if point[knob] > 0]
    return space.design(point)


def _lowered(point: Point, knobs: Sequence[int]) -> Point:
    return tuple(place - (knob in knobs) for knob, place in enumerate(point))


def _split(knobs: Knobs, parts: int) -> list[Knobs]:
    """So many runs, as equal in length as can be."""
    ends = [i * len(knobs) // parts for i in range(parts + 1)]
    return [knobs[low:high] for low, high in pairwise(ends)]
