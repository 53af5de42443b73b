"""The least sum with one choice of every knob, against all sums there are."""

import ctypes
from itertools import product
from typing import Any

import numpy as np
import pytest
import scipy.optimize

from adequate.exploration.multiple_choice import least_sum

CHOICES = [(knob, place) for knob, count in enumerate((3, 4, 2, 3)) for place in range(count)]


def all_points() -> list[tuple[int, ...]]:
    return list(product(range(3), range(4), range(2), range(3)))


def total(point: tuple[int, ...], per_choice: np.ndarray) -> np.ndarray:
    return sum(per_choice[CHOICES.index(one)] for one in enumerate(point))


@pytest.mark.parametrize("seed", range(20))
def test_it_is_the_least_of_all_within_the_limits(seed: int) -> None:
    draw = np.random.default_rng(seed)
    values, weights = draw.normal(size=len(CHOICES)), draw.normal(size=(len(CHOICES), 2))
    limits = draw.normal(size=2) - 1
    inside = [point for point in all_points() if (total(point, weights) <= limits).all()]
    found = least_sum(CHOICES, values, weights, limits)
    assert found == min(inside, key=lambda point: total(point, values), default=None)


def test_there_is_none_where_nothing_is_within_the_limits() -> None:
    weights = np.ones((len(CHOICES), 1))
    assert least_sum(CHOICES, np.zeros(len(CHOICES)), weights, np.array([3.5])) is None
    assert least_sum(CHOICES, np.zeros(len(CHOICES)), weights, np.array([4.5])) is not None


def test_what_the_solver_prints_is_not_heard(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled, solve = ctypes.CDLL(None), scipy.optimize.milp

    def loud(*args: Any, **kwargs: Any) -> Any:
        compiled.puts(b"heard")
        return solve(*args, **kwargs)

    monkeypatch.setattr(scipy.optimize, "milp", loud)
    print("before")
    compiled.puts(b"compiled before")
    assert least_sum(CHOICES, np.ones(len(CHOICES)), np.ones((len(CHOICES), 1)), np.array([5.0])) is not None
    print("after")
    compiled.fflush(None)
    assert sorted(capfd.readouterr().out.split("\n")) == ["", "after", "before", "compiled before"]
