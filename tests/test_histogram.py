"""Histograms against a search among the exact edges of the bins."""

from bisect import bisect_right
from collections import Counter
from fractions import Fraction
from itertools import pairwise
from random import Random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from adequate.histogram import (
    BINS,
    BINS_PER_OCTAVE,
    HIGHEST_EXPONENT,
    LOWEST_EXPONENT,
    edges,
    histogram,
    merged,
    octaves,
)

EXPONENTS = range(LOWEST_EXPONENT, HIGHEST_EXPONENT + 1)
EDGES = [Fraction(2) ** (e - 1) * (1 + Fraction(i, BINS_PER_OCTAVE)) for e in EXPONENTS for i in range(BINS_PER_OCTAVE)]
"""The lower edge of each bin of positive numbers."""


def counted(x: Tensor) -> tuple[tuple[int, int], ...]:
    """The histogram by its definition, number by number."""
    found: Counter[int] = Counter()
    for value in x.flatten().tolist():
        magnitude = bisect_right(EDGES, abs(Fraction(value)))
        found[0 if value == 0 else max(magnitude, 1) * (1 if value > 0 else -1)] += 1
    return tuple(sorted(found.items()))


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), max_size=30))
def test_any_numbers(values: list[float]) -> None:
    x = torch.tensor(values)
    assert histogram(x) == counted(x)
    assert histogram(x.double()) == counted(x)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=30))
def test_any_numbers_in_double_precision(values: list[float]) -> None:
    x = torch.tensor(values, dtype=torch.float64)
    assert histogram(x) == counted(x)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_narrow_floats(dtype: torch.dtype) -> None:
    x = torch.randn(500, generator=torch.Generator().manual_seed(0)).to(dtype)
    assert histogram(x) == counted(x.double())


@pytest.mark.parametrize("bin", [1, 2, BINS_PER_OCTAVE, BINS_PER_OCTAVE + 1, BINS // 2, BINS - 1, BINS])
def test_a_bin_is_closed_toward_zero_and_open_away_from_it(bin: int) -> None:
    near, far = edges(bin)
    inside = np.nextafter(np.float64(far), 0.0).item()
    x = torch.tensor([near, inside, -near, -inside], dtype=torch.float64)
    assert histogram(x) == ((-bin, 2), (bin, 2))
    assert edges(-bin) == (-far, -near)
    assert 1 / (2 * BINS_PER_OCTAVE) <= (far - near) / far <= (far - near) / near <= 1 / BINS_PER_OCTAVE


def test_bins_meet_and_cover_all_octaves() -> None:
    assert all(edges(bin)[1] == edges(bin + 1)[0] for bin in range(1, BINS))
    assert (edges(1)[0], edges(BINS)[1]) == (2.0 ** (LOWEST_EXPONENT - 1), 2.0**HIGHEST_EXPONENT)
    assert edges(0) == (0.0, 0.0)


def test_zeros_of_either_sign_are_zeros() -> None:
    assert histogram(torch.tensor([0.0, -0.0, 1.0, -1e-45])) == (
        (-1, 1),
        (0, 2),
        (counted(torch.tensor([1.0]))[0][0], 1),
    )


@pytest.mark.parametrize("exponent", [-39, -20, -1, 0, 1, 39])
def test_an_octave_is_closed_below_and_open_above(exponent: int) -> None:
    edge = 2.0**exponent
    below = np.nextafter(np.float32(edge), np.float32(0)).item()
    found = octaves(histogram(torch.tensor([edge, -edge, below, 0.0])))
    assert {EXPONENTS[i]: n for i, n in enumerate(found) if n} == {exponent + 1: 2, exponent: 1}


def test_magnitudes_beyond_are_in_the_outermost_octaves() -> None:
    found = octaves(histogram(torch.tensor([2.0**-100, 2.0**100, 1.0])))
    assert (found[0], found[-1], found[1 - LOWEST_EXPONENT]) == (1, 1, 1)


def test_parts_add_up_in_any_order() -> None:
    x = torch.randn(1000, generator=torch.Generator().manual_seed(0))
    parts = [histogram(part) for part in x.split([100, 0, 1, 400, 499])]
    for seed in range(3):
        Random(seed).shuffle(parts)
        assert merged(parts) == histogram(x)
        assert merged([merged(parts[:2]), merged(parts[2:])]) == histogram(x)


def test_bins_are_in_the_order_of_the_values() -> None:
    x = torch.randn(1000, generator=torch.Generator().manual_seed(1))
    assert all(edges(a)[1] <= edges(b)[0] for (a, _), (b, _) in pairwise(histogram(x)))
