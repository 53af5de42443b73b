"""The least loss that a budget buys, by integer programming over what each choice loses alone."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from adequate.design import Design
from adequate.exploration.multiple_choice import least_sum
from adequate.exploration.search import Strategy
from adequate.exploration.space import Point, Space
from adequate.exploration.trial import Query

ROUNDS = 6
"""Times the costs are taken anew around the last answer (our choice)."""

GAP = 1e-2
"""Share of the loss by which an answer of the solver may be off (our choice)."""

Costs = Callable[[Design], Mapping[str, float]]
"""What a design costs, by name; it needs no images."""


def within_budgets(
    space: Space,
    budgets: Sequence[Mapping[str, float]],
    costs: Costs,
    *,
    measure: str = "loss",
    split: str = "calibration",
) -> Strategy:
    """For every budget, cost by name, a design of little loss that costs no more; all of them are then asked for.

    Every choice of every knob is tried alone on ``split``, the others at their widest: its loss is what ``measure``
    grows by. A budget's design is min sum loss[k, c] x[k, c], sum_c x[k, c] = 1, sum cost[i, k, c] x[k, c] <=
    budget[i], as if losses and costs of all knobs added up. The losses are taken once; the costs, which no trial is
    needed for, around the design itself: first around the widest uniform one that the budget holds, then ``ROUNDS``
    times around the last answer, since the cost of a product is no sum over its operands. The answer of least loss
    that does cost no more is kept. A budget that the narrowest design exceeds has none.

    Raises:
        ValueError: a budget of something that ``costs`` does not tell.
    """
    told = costs(space.design(space.widest))
    for name in (name for budget in budgets for name in budget):
        if name not in told:
            raise ValueError(f"a budget of {name!r}; the costs are {', '.join(map(repr, told))}")
    alone = [(knob, place) for knob, last in enumerate(space.widest) for place in range(last + 1)]
    full, *trials = yield [Query(space.design(space.widest), split=split)] + [
        Query(space.design(_with(space.widest, *one)), split=split) for one in alone
    ]
    losses = np.array([max(trial.figure(measure) - full.figure(measure), 0.0) for trial in trials])
    found = [_bought(space, alone, losses, costs, budget) for budget in budgets]
    yield [space.design(point) for point in dict.fromkeys(found) if point is not None]
    return None


def _bought(
    space: Space,
    alone: Sequence[tuple[int, int]],
    losses: NDArray[np.float64],
    costs: Costs,
    budget: Mapping[str, float],
) -> Point | None:
    """The point of least loss found within a budget."""
    place = {one: i for i, one in enumerate(alone)}

    def spent(point: Point) -> NDArray[np.float64]:
        found = costs(space.design(point))
        return np.array([found[name] for name in budget])

    def lost(point: Point) -> float:
        return float(sum(losses[place[one]] for one in enumerate(point)))

    most = np.array(list(budget.values()))
    held = [point for point in space.diagonal if (spent(point) <= most).all()]
    if not held:
        return None
    best = point = held[-1]
    limits, unit = most.copy(), np.where(most > 0, most, 1.0)
    for _ in range(ROUNDS):
        here = spent(point)
        changes = np.array([spent(_with(point, *one)) - here for one in alone])
        answer = least_sum(alone, losses, changes / unit, (limits - here) / unit, GAP)
        if answer is None:
            break
        over = spent(answer) - most
        if (over <= 0).all() and lost(answer) < lost(best):
            best = answer
        if answer == point:
            break
        limits = most - np.maximum(over, 0.0)
        point = answer
    return best


def _with(point: Point, knob: int, place: int) -> Point:
    return (*point[:knob], place, *point[knob + 1 :])
