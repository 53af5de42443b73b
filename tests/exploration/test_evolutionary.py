"""NSGA-II and random points."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import Generator

from adequate.exploration import evolutionary
from adequate.exploration.dominance import ranks
from adequate.exploration.strategies.evolutionary import mutated, spread
from tests.contracts.strategy_contract import FrontContract
from tests.exploration.problems import knobs


class TestEvolutionary(FrontContract):
    make = staticmethod(evolutionary)
    trials = 600


@given(st.lists(st.tuples(*[st.integers(0, 4)] * 3), min_size=1, max_size=12))
def test_ranks_are_fronts_taken_off_one_after_another(losses: list[tuple[int, ...]]) -> None:
    def dominates(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
        return a != b and all(x <= y for x, y in zip(a, b, strict=True))

    left, rank, found = set(range(len(losses))), 0, dict[int, int]()
    while left:
        front = {i for i in left if not any(dominates(losses[j], losses[i]) for j in left)}
        found |= dict.fromkeys(front, rank)
        left, rank = left - front, rank + 1
    assert ranks(losses).tolist() == [found[i] for i in range(len(losses))]


def test_a_mutation_moves_and_stays_inside() -> None:
    space, generator = knobs(4, 3), Generator().manual_seed(0)
    for point in space.points():
        moved = mutated(space, point, generator)
        assert moved != point
        assert space.point(space.design(moved)) == moved


def test_spread_keeps_both_ends() -> None:
    points = [(i,) for i in range(9)]
    assert spread(points, 20) == points
    assert spread(points, 3) == [(0,), (4,), (8,)]
    assert spread(points, 1) == [(0,)]


def test_a_population_that_cannot_cross_is_refused() -> None:
    with pytest.raises(ValueError, match="population is 3; it takes 4 or more"):
        next(evolutionary(knobs(2, 3), trials=9, population=3, generator=Generator()))
