"""Calibrations against numerical integration, published optima, numpy's quantiles and divergences by hand."""

from functools import partial
from math import erf, exp, log, pi, sqrt
from statistics import NormalDist

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from adequate.calibration import (
    Calibration,
    divergence,
    entropy,
    expected_squared_error,
    least_squared_error,
    min_max,
    percentile,
)
from adequate.formats import Fixed, Format, Minifloat, Scaled
from adequate.histogram import edges
from adequate.ranges import Interval, Range

ALL = [min_max, percentile(0.99), least_squared_error, entropy]


def symmetric(bits: int, interval: Interval) -> Scaled:
    return Scaled.fit(interval, bits)


def affine(bits: int, interval: Interval) -> Scaled:
    return Scaled.fit(interval, bits, signed=False, symmetric=False)


def dyadic(bits: int, interval: Interval) -> Fixed:
    return Fixed.fit(interval, bits)


FITS = [symmetric, affine, dyadic]


def normal(count: int = 20_000) -> Tensor:
    """Quantiles in equal distances: a normal sample without chance."""
    quantile = NormalDist().inv_cdf
    return torch.tensor([quantile((i + 0.5) / count) for i in range(count)], dtype=torch.float64)


NORMAL = Range.of(normal())


@given(
    st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=6),
    st.sampled_from([Fixed(4, 1), Fixed(3, -2, narrow=True), Scaled(Fixed(5, 0, signed=False), 0.6875, zero=7)]),
)
def test_the_expected_error_is_that_of_numbers_spread_over_the_bins(values: list[float], format: Format) -> None:
    """By the midpoint rule with 4,000 points a bin, which is off by no more than step^2 / 4,000 per number."""
    seen, expected = Range.of(torch.tensor(values)), 0.0
    for bin, count in seen.histogram:
        low, high = (min(max(end, seen.low), seen.high) for end in edges(bin))
        x = low + (high - low) * (torch.arange(4000, dtype=torch.float64) + 0.5) / 4000
        expected += count * float((x - format.quantize(x)).square().mean())
    assert expected_squared_error(seen, format) == pytest.approx(expected, rel=1e-3, abs=1e-3)


def test_numbers_spread_evenly_have_a_twelfth_of_the_squared_step() -> None:
    seen = Range.of(torch.linspace(-4, 4, 2**15 + 1)[:-1])
    assert expected_squared_error(seen, Fixed(8, 4)) == pytest.approx(2**15 * 2.0**-8 / 12, rel=1e-3)


def gaussian_error(step: float, levels: int) -> float:
    """E[(x - q(x))^2] of a standard normal x, for an odd number of values k * step: exact, cell by cell."""

    def moments(a: float, b: float) -> tuple[float, float, float]:
        density = [0.0 if abs(t) > 30 else exp(-t * t / 2) / sqrt(2 * pi) for t in (a, b)]
        mass = (erf(b / sqrt(2)) - erf(a / sqrt(2))) / 2
        ends = [0.0 if abs(t) > 30 else t * d for t, d in zip((a, b), density, strict=True)]
        return mass, density[0] - density[1], mass + ends[0] - ends[1]

    total = 0.0
    for k in range(-(levels // 2), levels // 2 + 1):
        low = -1e3 if k == -(levels // 2) else (k - 0.5) * step
        high = 1e3 if k == levels // 2 else (k + 0.5) * step
        mass, first, second = moments(low, high)
        total += second - 2 * k * step * first + (k * step) ** 2 * mass
    return total


@pytest.mark.parametrize(("bits", "step"), [(2, 1.2240), (3, 0.6508), (4, 0.3534)])
def test_the_least_squared_error_of_a_normal_is_the_published_one(bits: int, step: float) -> None:
    """J. Max, *Quantizing for minimum distortion*, IRE Trans. Inf. Theory 6(1), 1960, table II, N = 3, 7 and 15.

    Thresholds are bins apart, 1/32 of their values from the best at most, where the error is flat: 1 % more.
    """
    levels = 2**bits - 1
    best = min(gaussian_error(step * (1 + i / 1000), levels) for i in range(-100, 101))
    assert gaussian_error(step, levels) == pytest.approx(best, rel=1e-4)  # the reference is at its optimum
    _, high = least_squared_error(NORMAL, partial(symmetric, bits))
    chosen = Scaled.fit((-high, high), bits).scale
    assert isinstance(chosen, float)
    assert gaussian_error(chosen, levels) <= 1.01 * best


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("bits", [2, 3, 4, 8])
@pytest.mark.parametrize("x", [normal(4000), normal(4000).relu(), normal(4000) ** 3], ids=["normal", "relu", "cube"])
def test_no_interval_of_the_numbers_themselves_does_better(fit, bits: int, x: Tensor) -> None:
    """Error measured on the numbers, for 200 thresholds; 3 % for bins in the place of numbers."""

    def error(interval: Interval) -> float:
        return float((x - fit(bits, interval).quantize(x)).square().sum())

    low, high = float(x.min()), float(x.max())
    top = max(-low, high)
    best = min(error((max(low, -t), min(high, t))) for t in np.geomspace(top / 30, top, 200))
    assert error(least_squared_error(Range.of(x), partial(fit, bits))) <= 1.03 * best


@pytest.mark.parametrize("share", [0.6, 0.9, 0.99, 0.999, 1.0])
@pytest.mark.parametrize("x", [normal(), normal().relu(), normal().abs().sqrt() * -3], ids=["normal", "relu", "minus"])
def test_percentiles_are_quantiles_of_magnitudes(share: float, x: Tensor) -> None:
    """Numbers are known to their bin, 1/16 of its lower end wide at most."""
    low, high = percentile(share)(Range.of(x), partial(dyadic, 8))
    found = max(-low, high)
    assert found == pytest.approx(float(x.abs().quantile(share)), rel=1 / 16)
    assert (low, high) == (max(float(x.min()), -found), min(float(x.max()), found))


def test_all_of_a_range_is_its_interval() -> None:
    seen = Range.of(torch.tensor([-1.0, 3.7]))
    assert min_max(seen, partial(dyadic, 8)) == percentile(1.0)(seen, partial(dyadic, 8)) == (-1.0, seen.high)


def at(*pairs: tuple[float, int]) -> Range:
    """A range with counts at given numbers."""
    return Range.of(torch.cat([torch.full((count,), value) for value, count in pairs]))


def test_divergences_by_hand() -> None:
    """The bins at 1 and at 1.4375 are as wide and both round to the value 1 of fixed(3,0), whose last is 3.

    Reached as they are: P = (3, 1)/4, Q = (2, 2)/4. With eight numbers at 9, clipped: P = (3, 9)/12, Q as before.
    """
    format, pair = Fixed(3, 0), ((1.0, 3), (1.4375, 1))
    inside = 0.75 * log(1.5) + 0.25 * log(0.5)
    assert divergence(at(*pair), format) == pytest.approx(inside, rel=1e-9)
    clipped = 0.25 * log(0.25 / 0.5) + 0.75 * log(0.75 / 0.5)
    assert divergence(at(*pair, (9.0, 8)), format) == pytest.approx(clipped, rel=1e-9)
    assert divergence(at((0.0, 100), *pair), format) == pytest.approx(inside, rel=1e-9)  # zeros are free
    assert divergence(at((1.0, 3), (2.0, 5), (-1.0, 2)), format) == 0.0
    assert divergence(at((9.0, 3)), format) == np.inf


def test_entropy_clips_what_is_rare_and_far_and_nothing_of_an_even_spread() -> None:
    even = torch.linspace(0.01, 1, 4000)
    seen = Range.of(even)
    assert entropy(seen, partial(affine, 8)) == seen.interval
    low, high = entropy(Range.of(torch.cat([even, torch.tensor([50.0])])), partial(affine, 4))
    assert (low, high) == (pytest.approx(0.01), pytest.approx(1.0, rel=1 / 16))


@pytest.mark.parametrize("calibration", ALL)
@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_a_part_of_the_range(calibration: Calibration, fit, bits: int) -> None:
    for x in (normal(500), normal(500).relu() * 1e-3, torch.full((3,), -2.5), torch.zeros(4), torch.zeros(0)):
        seen = Range.of(x)
        low, high = calibration(seen, partial(fit, bits))
        assert seen.low <= low <= high <= seen.high


def test_formats_without_one_step_are_refused() -> None:
    with pytest.raises(ValueError, match="^float.* has no one step"):
        least_squared_error(NORMAL, lambda interval: Minifloat.fit(interval, 8))
    with pytest.raises(ValueError, match="^scaled.* has no one step"):
        divergence(NORMAL, Scaled(Fixed(4, 0), (1.0, 2.0), axis=0))


@pytest.mark.parametrize("share", [0.0, -1.0, 1.5, float("nan")])
def test_shares_are_shares(share: float) -> None:
    with pytest.raises(ValueError, match="share of a percentile"):
        percentile(share)
