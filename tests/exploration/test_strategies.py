"""Strategies on accuracies that are known functions of the design."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from adequate.design import Design
from adequate.exploration import (
    Query,
    Result,
    Widths,
    best_minifloat_split,
    best_static_split,
    dynamic_fixed,
    minifloat_uniform,
    narrowest,
    ristretto,
    search,
    static_fixed,
)
from adequate.formats import Fixed, Minifloat, Underflow
from adequate.network import Network, trace
from adequate.profiling import Ranges, profile


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 3, 3), nn.Conv2d(3, 4, 3)
        self.fc1, self.fc2 = nn.Linear(16, 8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.conv2(torch.relu(self.conv1(x))))
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))


@pytest.fixture(scope="module")
def network() -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return trace(Small(), torch.zeros(2, 1, 6, 6))


@pytest.fixture(scope="module")
def ranges(network: Network) -> Ranges:
    x = torch.rand(20, 1, 6, 6, generator=torch.Generator().manual_seed(0))
    return profile(network, [(x, torch.zeros(20))])


def bits(design: Design, layer: str, slot: str) -> int | None:
    format = getattr(design[layer], slot)
    return None if format is None else format.bits


def widths(design: Design) -> Widths:
    return Widths(bits(design, "conv2", "output"), bits(design, "conv1", "weight"), bits(design, "fc1", "weight"))


class Trials:
    """Accuracy by the widths of the parts; every question is kept."""

    def __init__(self, drop: Callable[[Widths], float], regained: float = 0.0, full: float = 0.99) -> None:
        self.drop, self.regained, self.full = drop, regained, full
        self.asked: list[Query] = []

    def __call__(self, design: Design, epochs: int = 0, split: str = "validation") -> dict[str, float]:
        self.asked.append(Query(design, epochs, split))
        lost = max(0.0, self.drop(widths(design)) - (self.regained if epochs else 0.0))
        return {"accuracy": self.full - lost, "loss": lost}

    @property
    def tuned(self) -> list[Design]:
        return [query.design for query in self.asked if query.epochs]


def below(bits: int | None, needed: int, each: float) -> float:
    """What is lost when a part has fewer bits than needed."""
    return 0.0 if bits is None else each * max(0, needed - bits)


def separate(outputs: int, conv: int, fc: int, each: float = 0.02) -> Callable[[Widths], float]:
    return lambda w: below(w.outputs, outputs, each) + below(w.conv, conv, each) + below(w.fc, fc, each)


def run(strategy: object, trials: Trials) -> Result:
    return search(strategy, trials, objectives=())


@pytest.mark.parametrize("needed", [(5, 4, 3), (2, 2, 2), (16, 9, 2), (8, 16, 5)])
def test_each_part_is_as_narrow_as_it_may_be(network: Network, ranges: Ranges, needed: tuple[int, int, int]) -> None:
    trials = Trials(separate(*needed))
    best = run(ristretto(network, ranges, 1.0), trials).best
    assert best is not None
    assert widths(best) == Widths(*needed)
    assert not trials.tuned
    assert {query.split for query in trials.asked} == {"validation", "calibration"}


def test_the_image_keeps_eight_bits_and_other_inputs_the_outputs_width(network: Network, ranges: Ranges) -> None:
    best = run(ristretto(network, ranges, 1.0), Trials(separate(5, 4, 3))).best
    assert best is not None
    assert {name: bits(best, name, "input") for name in best} == {"conv1": 8, "conv2": 5, "fc1": 5, "fc2": 5}


def test_a_combination_that_misses_the_margin_is_widened_where_it_helps_most(network: Network, ranges: Ranges) -> None:
    """Alone every part keeps within one point at 4 bits, together they lose 2.4; a wider fc regains most."""

    def drop(w: Widths) -> float:
        return below(w.outputs, 5, 0.007) + below(w.conv, 5, 0.008) + below(w.fc, 5, 0.009)

    best = run(ristretto(network, ranges, 1.0), Trials(drop)).best
    assert best is not None
    assert widths(best) == Widths(4, 5, 5)  # 0.024 -> without fc 0.015 -> without conv 0.007


def test_fine_tuning_is_asked_for_only_when_told(network: Network, ranges: Ranges) -> None:
    """Two points of slack per part: 4 bits lose 2.5 points, which fine-tuning wins back; 3 bits lose 5."""
    drop = separate(5, 5, 5, each=0.025)
    assert widths(run(ristretto(network, ranges, 1.0), Trials(drop)).best) == Widths(5, 5, 5)
    trials = Trials(drop, regained=0.07)
    best = run(ristretto(network, ranges, 1.0, epochs=2), trials).best
    assert widths(best) == Widths(4, 4, 4)
    assert trials.tuned == [best]
    assert {query.epochs for query in trials.asked} == {0, 2}
    assert {query.split for query in trials.asked if query.epochs} == {"validation"}


def test_a_combination_fine_tuning_cannot_save_is_widened(network: Network, ranges: Ranges) -> None:
    trials = Trials(separate(5, 5, 5, each=0.025), regained=0.02)
    best = run(ristretto(network, ranges, 1.0, epochs=1), trials).best
    assert best is not None
    assert sum(bits for bits in (widths(best).outputs, widths(best).conv, widths(best).fc)) == 14
    assert len(trials.tuned) == 3
    assert trials.tuned[-1] == best


def test_none_when_even_the_widest_fails(network: Network, ranges: Ranges) -> None:
    assert run(ristretto(network, ranges, 1.0), Trials(separate(20, 2, 2))).best is None
    assert run(ristretto(network, ranges, 1.0, widths=(2, 4)), Trials(separate(4, 5, 2))).best is None
    assert widths(run(ristretto(network, ranges, 1.0, widths=(8, 2, 4)), Trials(separate(4, 5, 2))).best) == Widths(
        4, 8, 2
    )


def test_refining_admits_widths_the_closed_rule_fails(network: Network, ranges: Ranges) -> None:
    """Here 3 bits serve the outputs if one fractional length is two finer than the rule's."""
    rule = dynamic_fixed(ranges, Widths(outputs=3))["conv2"].output.frac

    def trial(design: Design, epochs: int = 0, split: str = "validation") -> dict[str, float]:
        output = design["conv2"].output
        missing = 0 if output is None or output.bits > 3 else abs(rule + 2 - output.frac) + 9 * (output.bits < 3)
        return {"accuracy": 0.99 - 0.02 * missing, "loss": missing}

    best = search(ristretto(network, ranges, 1.0), trial, objectives=()).best
    assert best is not None
    assert best["conv2"].output == Fixed(3, rule + 2)
    unrefined = search(ristretto(network, ranges, 1.0, passes=1), trial, objectives=()).best
    assert widths(unrefined).outputs == 4


def test_compat_goes_as_the_code(network: Network, ranges: Ranges) -> None:
    """16, 8, 4, 2, 1 until the first failure, the last success taken; not monotone, so bisection would differ."""

    def drop(w: Widths) -> float:
        conv = {None: 0.0, 16: 0.0, 8: 0.0, 4: 0.05, 2: 0.0, 1: 0.0}[w.conv]
        return conv + below(w.fc, 2, 0.05) + below(w.outputs, 16, 0.05) + (0.5 if w.conv and w.fc else 0.0)

    trials = Trials(drop)
    best = run(ristretto(network, ranges, 1.0, compat=True, epochs=3), trials).best
    expected = [
        *(Widths(conv=bits) for bits in (16, 8, 4)),
        *(Widths(fc=bits) for bits in (16, 8, 4, 2, 1)),
        *(Widths(outputs=bits) for bits in (16, 8)),
        Widths(16, 8, 2),
    ]
    designs = [Design(), *(dynamic_fixed(ranges, one, cover_image=False) for one in expected)]
    assert [query.design for query in trials.asked] == designs
    assert best == designs[-1]  # though it loses half: the code does not look again
    assert {(query.epochs, query.split) for query in trials.asked} == {(0, "validation")}


def test_compat_leaves_a_part_alone_that_fails_at_once(network: Network, ranges: Ranges) -> None:
    best = run(ristretto(network, ranges, 1.0, compat=True), Trials(separate(20, 8, 8))).best
    assert widths(best) == Widths(None, 8, 8)


def test_a_network_without_convolutions_has_two_parts() -> None:
    network = trace(nn.Sequential(nn.Flatten(), nn.Linear(4, 3)), torch.zeros(2, 4))
    ranges = profile(network, [(torch.rand(5, 4), torch.zeros(5))])

    def trial(design: Design, epochs: int = 0, split: str = "validation") -> dict[str, float]:
        layer = design["1"]
        lost = 0.02 * max(0, 5 - (layer.weight.bits if layer.weight else 9)) + 0.0 * epochs
        return {"accuracy": 0.9 - lost, "loss": lost}

    best = search(ristretto(network, ranges, 1.0), trial, objectives=()).best
    assert best is not None
    assert (best["1"].weight.bits, best["1"].output.bits, best["1"].input.bits) == (5, 2, 8)


def test_the_best_static_split_is_the_best_of_all(ranges: Ranges) -> None:
    asked = []

    def trial(design: Design) -> dict[str, float]:
        asked.append(design)
        return {"accuracy": 1 - abs(design["conv1"].weight.frac - 5) / 10}

    result = search(best_static_split(ranges, 8), trial, objectives=())
    assert asked == [static_fixed(ranges, 8, frac) for frac in range(8)]
    assert result.best == static_fixed(ranges, 8, 5)
    flat = search(best_static_split(ranges, 8), lambda _: {"accuracy": 0.5}, objectives=())
    assert flat.best == static_fixed(ranges, 8, 0)


@pytest.mark.parametrize(("bits", "exponents"), [(2, [1]), (3, [2]), (4, [2, 3]), (8, range(2, 8)), (16, range(2, 8))])
def test_the_best_minifloat_split_is_the_best_of_all(ranges: Ranges, bits: int, exponents: list[int]) -> None:
    asked = []

    def trial(design: Design) -> dict[str, float]:
        asked.append(design)
        design["conv1"].weight.quantize(torch.zeros(1))  # a float32 network takes every one of them
        return {"accuracy": 1 - abs(design["conv1"].weight.exp - 4) / 10}

    best = search(best_minifloat_split(ranges, bits), trial, objectives=()).best
    assert asked == [minifloat_uniform(ranges, bits, exp) for exp in exponents]
    exp = min(exponents, key=lambda exp: abs(exp - 4))
    assert best is not None
    assert best["fc1"].weight == Minifloat(exp, bits - 1 - exp, underflow=Underflow.FLUSH)


class ByBits:
    """Accuracy by the width of the one format."""

    def __init__(self, needed: int, regained: int = 0) -> None:
        self.needed, self.regained = needed, regained
        self.tuned: list[tuple[int, int]] = []

    def __call__(self, design: Design, epochs: int = 0) -> dict[str, float]:
        weight = design["conv1"].weight
        if weight is None:
            return {"accuracy": 0.9}
        if epochs:
            self.tuned.append((weight.bits, epochs))
        return {"accuracy": 0.9 - 0.02 * max(0, self.needed - weight.bits - self.regained * bool(epochs))}


@pytest.mark.parametrize("split", [best_static_split, best_minifloat_split])
@pytest.mark.parametrize("needed", [2, 3, 7, 16])
def test_the_narrowest_of_a_family(ranges: Ranges, split: Callable, needed: int) -> None:
    trial = ByBits(needed)
    best = search(narrowest(partial(split, ranges), 1.0), trial, objectives=()).best
    assert best is not None
    assert best["conv1"].weight.bits == needed
    assert not trial.tuned


def test_the_narrowest_fine_tunes_what_misses_and_what_it_returns(ranges: Ranges) -> None:
    trial = ByBits(7, regained=2)
    best = search(narrowest(partial(best_static_split, ranges), 1.0, epochs=3), trial, objectives=()).best
    assert best["conv1"].weight.bits == 5
    assert {bits for bits, _ in trial.tuned} == {5, 3, 4}  # bisection of 2..16: 9 keeps the margin alone
    assert {epochs for _, epochs in trial.tuned} == {3}
    assert search(narrowest(partial(best_static_split, ranges), 1.0), ByBits(17), objectives=()).best is None
