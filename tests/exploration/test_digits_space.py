"""A real space, tried whole once: the weights of the digits' network, 2 to 6 bits each."""

import os
from statistics import median

import pytest
from torch import Generator

from adequate.data import load
from adequate.design import Design
from adequate.emulation import emulate
from adequate.evaluation import evaluate_all
from adequate.exploration import (
    Space,
    Strategy,
    Trial,
    bayesian,
    dynamic_fixed,
    evolutionary,
    exhaustive,
    max_minus_one,
    random_points,
    search,
    sensitivity,
    surrogate,
)
from adequate.exploration.hypervolume import hypervolume
from adequate.exploration.trial import least_accuracy
from adequate.metrics import cross_entropy, top1
from adequate.network import trace
from adequate.profiling import profile
from adequate.reporting import stored_bits
from adequate.zoo import entry

pytestmark = pytest.mark.slow

TRIALS = 60
SEEDS = range(10)


class Digits:
    """The space and the figures of all its designs, on the validation images."""

    def __init__(self) -> None:
        known = entry("digits-cnn")
        assert known.pretrained is not None
        data = load("digits").train.with_transform(known.preprocessing)
        images, labels = next(iter(data.batches(400)))
        network = trace(known.pretrained(Generator().manual_seed(0)), images[:2])
        start = dynamic_fixed(profile(network, [(images, labels)]), 8)
        knobs = [knob for knob in Space(start, bits=range(2, 7)).knobs if knob.name.endswith(".weight")]
        self.space = Space(start, knobs=knobs)

        def trial(design: Design) -> dict[str, float]:
            scores = evaluate_all(emulate(network, design), [(images, labels)], (top1, cross_entropy))
            bits = stored_bits(network, design)
            return {"accuracy": scores["top1"], "loss": scores["cross_entropy"], "stored_bits": bits}

        whole = search(exhaustive(self.space), trial)
        self.front = whole.front
        self.figures = {one.design: dict(one.figures) for one in whole.trials}
        self.full = self.figures[self.space.design(self.space.widest)]

    def trial(self, design: Design) -> dict[str, float]:
        """Looked up."""
        return self.figures[design]

    def volume(self, trials: list[Trial]) -> float:
        """Hypervolume up to half of the images wrong and the bits of the widest design."""
        points = [(1 - one.accuracy, one.figure("stored_bits")) for one in trials]
        return hypervolume(points, (0.5, self.full["stored_bits"] + 1))


@pytest.fixture(scope="module")
def digits() -> Digits:
    return Digits()


def shares(digits: Digits, make: object) -> float:
    """Median share of the true front's hypervolume."""

    def share(seed: int) -> float:
        strategy: Strategy = make(digits.space, trials=TRIALS, generator=Generator().manual_seed(seed))  # type: ignore[operator]
        return digits.volume(list(search(strategy, digits.trial).front)) / digits.volume(list(digits.front))

    return median(share(seed) for seed in SEEDS)


@pytest.mark.parametrize("make", [evolutionary, surrogate, bayesian], ids=lambda make: make.__name__)
def test_a_tenth_of_the_points_gives_the_front(digits: Digits, make: object) -> None:
    if make is bayesian and "CI" not in os.environ:
        pytest.importorskip("optuna")
    ours, random = shares(digits, make), shares(digits, random_points)
    print(f"{TRIALS} of {digits.space.size} points: {ours:.4f} of the hypervolume, random {random:.4f}")
    assert ours > random
    assert ours >= 0.95


@pytest.mark.parametrize("margin", [0.5, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("measure", ["accuracy", "loss"])
def test_sensitivity_says_how_far_it_is_from_the_true_optimum(digits: Digits, margin: float, measure: str) -> None:
    wanted = least_accuracy(digits.full["accuracy"], margin)
    best = digits.front.cheapest(wanted).figure("stored_bits")
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
    wanted = least_accuracy(digits.full["accuracy"], margin)
    best = search(max_minus_one(digits.space, wanted), digits.trial).best
    assert best is not None
    point = digits.space.point(best)
    for knob, place in enumerate(point):
        if place > 0:
            lower = digits.space.design((*point[:knob], place - 1, *point[knob + 1 :]))
            assert digits.trial(lower)["accuracy"] < wanted
