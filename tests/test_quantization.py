"""Scales taken out of sums and put back, against fractions."""

from fractions import Fraction
from random import Random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from adequate.formats import Fixed, Minifloat, PowerOfTwo, Scaled, SharedExponent, round_reference
from adequate.quantization import round_scaled, units
from tests.fractions_of import multiplier


def scales(seed: int, n: int) -> list[float]:
    random = Random(seed)
    return [random.randint(2**23, 2**24 - 1) / 2**24 for _ in range(n)]


@given(st.integers(0, 2**32))
def test_rescaled_sums_are_the_exact_ones_rounded_once(seed: int) -> None:
    x_scale, w_scale, own = scales(seed, 3)
    sums = torch.randint(-(2**26), 2**26, (50,), generator=torch.Generator().manual_seed(seed)).double()
    scale = torch.tensor([x_scale * w_scale], dtype=torch.float64)
    format = Scaled(Fixed(20, 0), own, zero=37)
    got = round_scaled(sums, scale, format, "", torch.float64)
    factor = multiplier(Fraction(x_scale) * Fraction(w_scale) / Fraction(own))
    codes = [min(max(round(int(s) * factor) + 37, -(2**19)), 2**19 - 1) for s in sums.tolist()]
    assert got.tolist() == [float((code - 37) * Fraction(own)) for code in codes]


@pytest.mark.parametrize("beyond", [1, -1])
def test_a_ratio_of_scales_is_rounded_once(beyond: int) -> None:
    """scale / own = (N + beyond / own) / 2**32 with an odd N: nearer to a tie of 31 bits than float64 can tell."""
    random, checked = Random(0), 0
    while checked < 3:
        own = random.randrange(2**23 + 1, 2**24, 2)
        scale = beyond * pow(2**32, -1, own) % own
        n = (scale * 2**32 - beyond) // own
        if scale < 2**23 or n % 2 == 0:
            continue
        assert scale / own == n / 2**32
        factor = multiplier(Fraction(scale, own))
        wrong = multiplier(Fraction(n, 2**32))
        checked += factor != wrong
        sums = torch.arange(2**20, 2**20 + 4000, dtype=torch.float64)
        format = Scaled(Fixed(22, 0), own / 2**24)
        got = round_scaled(sums, torch.tensor([scale / 2**24], dtype=torch.float64), format, "", torch.float64)
        assert got.tolist() == [float(round(int(s) * factor) * Fraction(own, 2**24)) for s in sums.tolist()]


ELEMENTS = [Fixed(8, 0), Fixed(6, 3), Minifloat(5, 10), Minifloat(4, 3), PowerOfTwo(4)]


@pytest.mark.parametrize("element", ELEMENTS, ids=str)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=10)
def test_units_times_scale_are_the_quantised_tensor(element: Fixed, seed: int) -> None:
    """Each element is found again whatever the scale, over the whole range of wide minifloats."""
    (scale,) = scales(seed, 1)
    x = torch.randn(80, generator=torch.Generator().manual_seed(seed)) * 2.0 ** torch.arange(-20, 20).repeat(2)
    found = units(x, Scaled(element, scale), "x")
    expected = [round_reference(element, Fraction(v) / Fraction(scale)) for v in x.tolist()]
    assert found.values.tolist() == [float(v) for v in expected]
    assert found.scale.tolist() == [scale]
    step = Fraction(2) ** found.grid
    assert all((v / step).denominator == 1 for v in expected)


def test_a_shared_exponents_grid_is_found_in_the_data() -> None:
    x = torch.tensor([[96.0, 8.0, 0.375, 0.25]])
    found = units(x, Scaled(Minifloat(2, 1), SharedExponent(2), axis=1), "x")
    assert found.values.tolist() == [[96.0, 8.0, 0.375, 0.25]]
    assert (found.grid, found.static_grid, found.static_peak, found.scale) == (-3, None, None, None)


def test_a_scale_per_index_is_kept_where_it_can_be_taken_out() -> None:
    given = tuple(torch.tensor([0.1, 0.2, 0.3]).tolist())
    x, format = torch.randn(3, 3, generator=torch.Generator().manual_seed(0)), Scaled(Fixed(8, 0), given, axis=-2)
    assert units(x, format, "w", output_axis=0).scale.tolist() == list(given)
    for axis in (1, None):
        with pytest.raises(ValueError, match="^w: a scale per index of dimension -2 cannot be taken out of the sum$"):
            units(x, format, "w", output_axis=axis)


def test_a_batch_is_rounded_alike_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the block: per channel, under a zero point, under shared exponents, without a format."""
    generator = torch.Generator().manual_seed(0)
    sums = torch.randint(-5000, 5000, (5, 3, 4), generator=generator).float()
    scale = torch.rand(3, 1, generator=generator, dtype=torch.float64)
    formats = [
        None,
        Fixed(8, 2),
        Scaled(Fixed(8, 0), (0.3125, 0.5, 0.71875), axis=1),
        Scaled(Fixed(8, 0, signed=False), 0.3125, zero=7),
        Scaled(Fixed(4, 2, narrow=True), SharedExponent(2), axis=0),
    ]
    for format in formats:
        monkeypatch.setattr("adequate.quantization.BLOCK", 2**18)
        whole = round_scaled(sums, scale, format, "output", torch.float64)
        monkeypatch.setattr("adequate.quantization.BLOCK", 1)
        assert torch.equal(round_scaled(sums, scale, format, "output", torch.float64), whole)


def test_a_single_sum_stays_a_single_number() -> None:
    third = torch.tensor(1 / 3).item()
    got = round_scaled(torch.tensor(5.0), None, Scaled(Fixed(8, 0), third), "output", torch.float64)
    assert got.shape == ()
    assert got.item() == 15 * third
