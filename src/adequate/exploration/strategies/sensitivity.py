"""What each choice costs and loses alone, and the best sum of them by integer programming."""

from collections.abc import Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from adequate.exploration.answers import Answers
from adequate.exploration.multiple_choice import least_sum
from adequate.exploration.search import Strategy
from adequate.exploration.space import Point, Space
from adequate.exploration.strategies.max_minus_one import lowered

ROUNDS = 16
"""Allowances that are tried (our choice)."""


def sensitivity(
    space: Space, accuracy: float, *, objective: str = "stored_bits", measure: str = "accuracy", rounds: int = ROUNDS
) -> Strategy:
    """A cheap design that is at least so accurate, as if the losses and the costs of all knobs added up.

    Every choice of every knob is tried alone, the others at their widest: that is its loss, what ``measure`` gets
    worse by (``accuracy`` is to be high, any other figure low), and its cost. Then the choices of least total cost
    whose losses add up to no more than an allowance are found by integer programming,
    min sum cost[k, c] x[k, c], sum_c x[k, c] = 1, sum loss[k, c] x[k, c] <= allowance, and tried. The largest
    allowance that keeps ``accuracy`` is found by bisection of its logarithm; ``rounds`` are tried. The cheapest of
    all trials that are accurate enough, those of the space's diagonal included, is lowered as by ``max_minus_one``. A
    measure that says more than the accuracy of some images does, such as their cross entropy, makes a better answer.
    None if not even the widest point is accurate enough.
    """
    answers = Answers(space)
    [full] = yield from answers.ask([space.widest])
    if full.accuracy < accuracy:
        return None
    alone = [(knob, place) for knob, last in enumerate(space.widest) for place in range(last + 1)]
    trials = yield from answers.ask([_alone(space, knob, place) for knob, place in alone])
    sign = -1.0 if measure == "accuracy" else 1.0
    losses = np.array([max(sign * (trial.figure(measure) - full.figure(measure)), 0.0) for trial in trials])
    costs = np.array([trial.figure(objective) - full.figure(objective) for trial in trials])
    high = float(losses.sum())
    low = float(losses[losses > 0].min(initial=high)) / 2  # less than any loss: what is lossless alone
    allowances = [high, low]
    for _ in range(rounds):
        allowance = allowances.pop(0) if allowances else sqrt(low * high)
        [trial] = yield from answers.ask([_cheapest(alone, costs, losses, allowance)])
        held = trial.accuracy >= accuracy
        low, high = (allowance, high) if held else (low, max(allowance, low))
        trials.append(trial)
    trials += yield from answers.ask(space.diagonal)
    enough = [trial for trial in trials if trial.accuracy >= accuracy]
    best = min(enough, key=lambda trial: (trial.figure(objective), -trial.accuracy))
    return (yield from lowered(answers, space.point(best.design), accuracy, objective)).design


def _alone(space: Space, knob: int, place: int) -> Point:
    return (*space.widest[:knob], place, *space.widest[knob + 1 :])


def _cheapest(
    choices: Sequence[tuple[int, int]], costs: NDArray[np.float64], losses: NDArray[np.float64], allowance: float
) -> Point:
    """The choices of least total cost within the allowance."""
    shares = losses[:, None] / (allowance or 1.0)
    found = least_sum(choices, costs, shares, np.array([float(allowance > 0)]))
    assert found is not None  # the widest point loses nothing
    return found
