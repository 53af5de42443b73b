"""Strategies on a real space that was tried whole: the digits' network."""

from statistics import median

import pytest
from torch import Generator

from adequate.exploration import (
    Strategy,
    bayesian,
    evolutionary,
    max_minus_one,
    random_points,
    search,
    sensitivity,
    surrogate,
)
from tests.exploration.answers import one_minimal
from tests.exploration.digits_space import MARGINS, Digits
from tests.needed import needed_module

pytestmark = pytest.mark.slow

TRIALS = 60
SEEDS = range(3)
"""``benchmarks/strategies.py`` takes ten."""


@pytest.fixture(scope="module")
def digits() -> Digits:
    return Digits()


def shares(digits: Digits, make: object) -> float:
    """Median share of the true front's hypervolume."""

    def share(seed: int) -> float:
        strategy: Strategy = make(digits.space, trials=TRIALS, generator=Generator().manual_seed(seed))  # type: ignore[operator]
        return digits.hypervolume(search(strategy, digits.trial).front) / digits.volume

    return median(share(seed) for seed in SEEDS)


@pytest.mark.parametrize("make", [evolutionary, surrogate, bayesian], ids=lambda make: make.__name__)
def test_a_tenth_of_the_points_gives_the_front(digits: Digits, make: object) -> None:
    if make is bayesian:
        needed_module("optuna")
    ours, random = shares(digits, make), shares(digits, random_points)
    print(f"{TRIALS} of {digits.space.size} points: {ours:.4f} of the hypervolume, random {random:.4f}")
    assert ours > random
    assert ours >= 0.95


@pytest.mark.parametrize("margin", MARGINS)
@pytest.mark.parametrize("measure", ["accuracy", "loss"])
def test_sensitivity_says_how_far_it_is_from_the_true_optimum(digits: Digits, margin: float, measure: str) -> None:
    wanted = digits.wanted(margin)
    best = digits.cheapest(wanted)
    result = search(sensitivity(digits.space, wanted, measure=measure), digits.trial)
    assert result.best is not None
    found = digits.trial(result.best)
    print(
        f"{margin} points, {measure}: {found['stored_bits'] / best:.4f} of the least bits, {result.evaluations} trials"
    )
    assert found["accuracy"] >= wanted
    uniform = min(
        digits.figures[digits.space.design(point)]["stored_bits"]
        for point in digits.space.diagonal
        if digits.figures[digits.space.design(point)]["accuracy"] >= wanted
    )
    assert best <= found["stored_bits"] <= uniform


@pytest.mark.parametrize("margin", [0.5, 2.0])
def test_max_minus_one_is_one_minimal(digits: Digits, margin: float) -> None:
    wanted = digits.wanted(margin)
    best = search(max_minus_one(digits.space, wanted), digits.trial).best
    assert best is not None
    assert one_minimal(digits.space, best, lambda design: digits.trial(design)["accuracy"] >= wanted)
