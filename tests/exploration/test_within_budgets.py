"""Budgets: what is bought is the best there is where losses and costs add up, and never dearer where they do not."""

from collections.abc import Callable
from itertools import product
from math import prod

import pytest
from torch import Generator

from adequate.design import Design
from adequate.exploration import Point, evolutionary, search
from adequate.exploration.strategies.within_budgets import GAP, within_budgets
from tests.exploration.problems import knobs

SPACE = knobs(4, 5)
WORTH = (3.0, 1.0, 7.0, 0.5)
SIZES = (1.0, 4.0, 2.0, 3.0)


def loss(point: Point) -> float:
    return sum(worth * 4.0**-place for worth, place in zip(WORTH, point, strict=True))


def summed(point: Point) -> dict[str, float]:
    return {
        "bits": sum(size * (2 + place) for size, place in zip(SIZES, point, strict=True)),
        "lines": sum((2 + place) ** 2 for place in point),
    }


def multiplied(point: Point) -> dict[str, float]:
    """Of two neighbours together, as the operands of a product."""
    return {"energy": sum((2 + a) * (2 + b) for a, b in zip(point[::2], point[1::2], strict=True))}


def bought(costs: Callable[[Point], dict[str, float]], budgets: list[dict[str, float]]) -> list[Point]:
    def trial(design: Design, split: str = "validation") -> dict[str, float]:
        del split
        found = loss(SPACE.point(design))
        return {"accuracy": -found, "loss": found}

    result = search(within_budgets(SPACE, budgets, lambda design: costs(SPACE.point(design))), trial, objectives=())
    return [SPACE.point(one.design) for one in result.trials if one.split == "validation"]


@pytest.mark.parametrize("share", [0.4, 0.5, 0.7, 0.9])
def test_where_losses_and_costs_add_up_it_is_the_best_of_all_points(share: float) -> None:
    budget = {name: share * most for name, most in summed(SPACE.widest).items()}

    def holds(point: Point) -> bool:
        return all(summed(point)[name] <= most for name, most in budget.items())

    best = min(loss(point) for point in SPACE.points() if holds(point))
    [found] = bought(summed, [budget])
    assert holds(found)
    assert loss(found) <= best * (1 + GAP)


@pytest.mark.parametrize("share", [0.2, 0.4, 0.6, 0.8])
def test_where_costs_multiply_it_is_within_the_budget_and_no_worse_than_a_uniform_point(share: float) -> None:
    budget = {"energy": share * multiplied(SPACE.widest)["energy"]}
    [found] = bought(multiplied, [budget])
    assert multiplied(found)["energy"] <= budget["energy"]
    uniform = [point for point in SPACE.diagonal if multiplied(point)["energy"] <= budget["energy"]]
    assert loss(found) <= min(map(loss, uniform))


def test_a_budget_that_buys_nothing_has_no_answer() -> None:
    assert bought(multiplied, [{"energy": multiplied(SPACE.narrowest)["energy"] - 1}]) == []


@pytest.mark.filterwarnings("error")
def test_a_budget_of_nothing_buys_what_is_free() -> None:
    def costs(point: Point) -> dict[str, float]:
        return {"multipliers": float(point[0] + point[1])}

    assert bought(costs, [{"multipliers": 0.0}]) == [(0, 0, 4, 4)]


def test_a_budget_of_an_unknown_cost_is_refused_before_any_trial() -> None:
    strategy = within_budgets(SPACE, [{"lines": 3.0, "watts": 1.0}], lambda design: summed(SPACE.point(design)))
    with pytest.raises(ValueError, match="a budget of 'watts'; the costs are 'bits', 'lines'"):
        next(strategy)


def test_the_evolutionary_search_begins_where_it_is_told() -> None:
    start = list(product((0, 4), repeat=4))[:6]
    asked: list[Point] = []

    def trial(design: Design) -> dict[str, float]:
        asked.append(SPACE.point(design))
        return {"accuracy": -loss(asked[-1]), "size": float(prod(2 + place for place in asked[-1]))}

    generator = Generator().manual_seed(0)
    strategy = evolutionary(SPACE, objectives=("size",), trials=30, population=8, start=start, generator=generator)
    search(strategy, trial, objectives=("size",))
    assert asked[:6] == start
    assert len(set(asked)) == 30
