"""Ristretto: three parts, each as narrow as it may be, then all of them together."""

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import TypeVar

from adequate.design import Design
from adequate.exploration.descent import descend
from adequate.exploration.rules import FULLY_CONNECTED, Widths, dynamic_fixed, least_squares
from adequate.exploration.search import Strategy
from adequate.exploration.trial import Query, Trial, least_accuracy
from adequate.formats import Fixed
from adequate.network import Network
from adequate.network.layer import MULTIPLYING
from adequate.profiling import Ranges

WIDTHS = tuple(range(2, 17))
"""Word lengths that are tried; one bit is a sign and nothing else."""

CODE_WIDTHS = (16, 8, 4, 2, 1)
"""The order in which Ristretto's code halves (spec of the released code, quantization.cpp)."""

TUNED_SLACK = 3.0
"""Points a single part may lose beyond the margin where fine-tuning will win them back."""

T = TypeVar("T")
Answer = Generator[Sequence[Design | Query], list[Trial], T]


def ristretto(
    network: Network,
    ranges: Ranges,
    margin: float,
    *,
    epochs: int = 0,
    widths: Sequence[int] = WIDTHS,
    passes: int = 150,
    compat: bool = False,
) -> Strategy:
    """The narrowest dynamic fixed point within ``margin`` points of full precision (Gysel 2016, 9.2).

    Convolution weights, fully connected weights and layer outputs are searched one at a time by bisection over
    ``widths``, the rest in floating point. Their widths are then combined and the fractional lengths refined on the
    calibration loss (``descend``, at most ``passes`` designs). A combination that misses the margin is fine-tuned for
    ``epochs`` and scored again, and if it still misses it, the part whose widening helps most is widened by one bit.
    With ``epochs`` single parts may lose ``TUNED_SLACK`` points more.

    ``compat=True`` follows the released code: 16, 8, 4, 2, 1 bits, stopping at the first failure; the closed rule
    for fractional lengths; the combination not held against the margin.

    Returns None if not even the widest combination keeps the margin.
    """
    [full] = yield [Design()]
    wanted = least_accuracy(full.accuracy, margin)
    if compat:
        return (yield from _as_the_code(ranges, wanted))
    admitted = least_accuracy(full.accuracy, margin + (TUNED_SLACK if epochs else 0.0))
    ladder = tuple(sorted(widths))
    chosen = Widths()
    for part in _parts(ranges):
        bits = yield from _narrowest(network, ranges, part, ladder, admitted, passes)
        chosen = replace(chosen, **{part: bits})
    while True:
        design = yield from descend(least_squares_start(network, ranges, chosen), passes=passes)
        accepted = yield from _accepted(design, wanted, epochs)
        if accepted:
            return design
        wider = _widened(chosen, ladder)
        if not wider:
            return None
        trials = yield [least_squares_start(network, ranges, one) for one in wider]
        chosen = max(zip(trials, wider, strict=True), key=lambda pair: pair[0].accuracy)[1]


def _accepted(design: Design, wanted: float, epochs: int) -> Answer[bool]:
    """Whether a design keeps the margin, fine-tuned if it has to be; an accepted one is always fine-tuned if asked."""
    [trial] = yield [design]
    if not epochs:
        return trial.accuracy >= wanted
    [tuned] = yield [Query(design, epochs)]
    return max(trial.accuracy, tuned.accuracy) >= wanted


def _narrowest(
    network: Network, ranges: Ranges, part: str, ladder: tuple[int, ...], admitted: float, passes: int
) -> Answer[int]:
    """Bisection for the fewest bits of one part, the rest in floating point; refined only where the rule fails."""
    low, high = 0, len(ladder) - 1
    while low < high:
        middle = (low + high) // 2
        start = least_squares_start(network, ranges, Widths(**{part: ladder[middle]}))
        [trial] = yield [start]
        if trial.accuracy < admitted:
            [trial] = yield [(yield from descend(start, passes=passes))]
        low, high = (low, middle) if trial.accuracy >= admitted else (middle + 1, high)
    return ladder[low]


def _as_the_code(ranges: Ranges, wanted: float) -> Answer[Design]:
    chosen = Widths()
    for part in _parts(ranges):
        for bits in CODE_WIDTHS:
            [trial] = yield [dynamic_fixed(ranges, Widths(**{part: bits}), cover_image=False)]
            if trial.accuracy < wanted:
                break
            chosen = replace(chosen, **{part: bits})
    design = dynamic_fixed(ranges, chosen, cover_image=False)
    yield [design]
    return design


def least_squares_start(network: Network, ranges: Ranges, widths: Widths) -> Design:
    """Where the descent starts: weights with the least squared error, inputs and outputs by the closed rule."""
    design = dynamic_fixed(ranges, widths)
    state = network.state()
    for name, layer in design.items():
        weight = network[name].weight
        if isinstance(layer.weight, Fixed) and weight is not None:
            design = design.with_layers(name, weight=least_squares(state[weight], layer.weight))
    return design


def _parts(ranges: Ranges) -> tuple[str, ...]:
    """The parts the network has, weights first."""
    operations = {layer.operation for layer in ranges.values()} & MULTIPLYING
    conv, fc = bool(operations - FULLY_CONNECTED), bool(operations & FULLY_CONNECTED)
    return (*(["conv"] if conv else []), *(["fc"] if fc else []), "outputs")


def _widened(widths: Widths, ladder: tuple[int, ...]) -> list[Widths]:
    """Each part one step wider, where it can be."""
    found = []
    for part in ("conv", "fc", "outputs"):
        bits = getattr(widths, part)
        if bits is not None and bits < ladder[-1]:
            found.append(replace(widths, **{part: ladder[ladder.index(bits) + 1]}))
    return found
