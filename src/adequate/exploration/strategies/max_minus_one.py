"""From the widest point down, one step at a time, as long as the accuracy holds."""

from collections.abc import Generator

from adequate.design import Design
from adequate.exploration.answers import Answers, moved
from adequate.exploration.search import Strategy
from adequate.exploration.space import Point, Space
from adequate.exploration.trial import Trial

SMALLEST_LOSS = 1e-4
"""Losses of accuracy below this count as this: one image in 10,000 (our choice)."""


def max_minus_one(space: Space, accuracy: float, *, objective: str = "stored_bits") -> Strategy:
    """A cheap design that is at least so accurate, by the max-1 rule of word-length optimisation.

    From the widest point, of all knobs lowered by one that keep ``accuracy`` and do not cost more, the one is taken
    that saves most per accuracy lost. Where it ends no such step is left: the result is 1-minimal. None if not even
    the widest point is accurate enough.
    """
    answers = Answers(space)
    [widest] = yield from answers.ask([space.widest])
    if widest.accuracy < accuracy:
        return None
    return (yield from lowered(answers, space.widest, accuracy, objective)).design


def lowered(
    answers: Answers, point: Point, accuracy: float, objective: str
) -> Generator[list[Design], list[Trial], Trial]:
    """Where the steps down from a point that is accurate enough end."""
    space = answers.space
    [current] = yield from answers.ask([point])
    while True:
        lower = [one for knob in range(len(point)) if (one := moved(space, point, knob, -1)) is not None]
        trials = yield from answers.ask(lower)
        held = [
            (one, trial)
            for one, trial in zip(lower, trials, strict=True)
            if trial.accuracy >= accuracy and trial.figure(objective) <= current.figure(objective)
        ]
        if not held:
            return current
        point, current = max(held, key=lambda pair: saving_per_loss(current, pair[1], objective))


def saving_per_loss(before: Trial, after: Trial, objective: str) -> tuple[float, float]:
    """What orders moves down: what is saved per accuracy lost, then the accuracy."""
    saving = before.figure(objective) - after.figure(objective)
    return saving / max(before.accuracy - after.accuracy, SMALLEST_LOSS), after.accuracy
