"""Each knob as narrow as it may be alone, then all of them widened until they serve together."""

from collections.abc import Generator

from adequate.design import Design
from adequate.exploration.answers import Answers, moved
from adequate.exploration.search import Strategy
from adequate.exploration.space import Point, Space
from adequate.exploration.trial import Trial


def min_plus_one(space: Space, accuracy: float, *, objective: str = "stored_bits") -> Strategy:
    """A cheap design that is at least so accurate, by the min+1 rule of word-length optimisation.

    Each knob alone, the others at their widest, is lowered until the next choice would miss ``accuracy``. From there,
    all at once, the knob is moved up by one that gains most accuracy per cost, until the accuracy is reached; a gain
    that costs nothing comes first. The tie rules are ours. None if not even the widest point is accurate enough.
    """
    answers = Answers(space)
    [widest] = yield from answers.ask([space.widest])
    if widest.accuracy < accuracy:
        return None
    point = yield from lowest_alone(answers, accuracy)
    [current] = yield from answers.ask([point])
    while current.accuracy < accuracy:
        wider = [one for knob in range(len(point)) if (one := moved(space, point, knob, 1)) is not None]
        trials = yield from answers.ask(wider)
        point, current = max(
            zip(wider, trials, strict=True), key=lambda pair: gain_per_cost(current, pair[1], objective)
        )
    return current.design


def lowest_alone(answers: Answers, accuracy: float) -> Generator[list[Design], list[Trial], Point]:
    """The lowest choice of each knob, the others at their widest, down to which all choices keep ``accuracy``."""
    space = answers.space
    found = list(space.widest)
    going = list(range(len(found)))
    while going:
        next_ones = {k: moved(space, _alone(space, k, found[k]), k, -1) for k in going}
        tried = {knob: point for knob, point in next_ones.items() if point is not None}
        trials = yield from answers.ask(list(tried.values()))
        going = [knob for knob, trial in zip(tried, trials, strict=True) if trial.accuracy >= accuracy]
        for knob in going:
            found[knob] -= 1
    return tuple(found)


def gain_per_cost(before: Trial, after: Trial, objective: str) -> tuple[bool, float, float]:
    """What orders moves up: those that gain and cost nothing, then by accuracy gained per cost, then by cost."""
    gain, cost = after.accuracy - before.accuracy, after.figure(objective) - before.figure(objective)
    return (cost <= 0 < gain, gain if cost <= 0 else gain / cost, -cost)


def _alone(space: Space, knob: int, place: int) -> Point:
    return (*space.widest[:knob], place, *space.widest[knob + 1 :])
