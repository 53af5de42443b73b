"""Integer multipliers and shifts, against fractions."""

from fractions import Fraction

import torch
from hypothesis import given
from hypothesis import strategies as st

from adequate.formats import Fixed, round_reference
from adequate.kernels.requantize import MULTIPLIER_BITS, multiplier, rescale
from tests.fractions_of import multiplier as reference
from tests.kernels.test_expansion import rounded_to_odd

RATIOS = st.floats(2.0**-60, 2.0**60, allow_subnormal=False)


@given(RATIOS)
def test_the_multiplier_is_the_nearest_of_31_bits(ratio: float) -> None:
    assert multiplier(ratio) == reference(Fraction(ratio))
    numerator, _ = multiplier(ratio).as_integer_ratio()
    assert (numerator // (numerator & -numerator)).bit_length() <= MULTIPLIER_BITS


@given(st.integers(2**30, 2**31 - 1), st.integers(-60, 60), st.sampled_from([-1, 0, 1]))
def test_a_tie_goes_to_the_even_multiplier(m: int, exponent: int, off: int) -> None:
    ratio = (Fraction(m) + Fraction(1, 2) + off * Fraction(1, 2**20)) * Fraction(2) ** exponent
    chosen = m + 1 if off > 0 or (off == 0 and m % 2) else m
    assert multiplier(float(ratio)) == chosen * Fraction(2) ** exponent


@given(st.lists(st.integers(-(2**53), 2**53), min_size=1, max_size=5), RATIOS)
def test_rescaling_is_exact_or_rounded_to_odd(sums: list[int], ratio: float) -> None:
    got = rescale(torch.tensor(sums, dtype=torch.float64), torch.tensor([ratio], dtype=torch.float64))
    assert got.tolist() == [rounded_to_odd(s * Fraction(multiplier(ratio))) for s in sums]


@given(st.integers(-(2**40), 2**40), RATIOS)
def test_rounding_after_rescaling_is_rounding_the_exact_product(total: int, ratio: float) -> None:
    got = rescale(torch.tensor([float(total)]).double(), torch.tensor([ratio], dtype=torch.float64))
    for format in (Fixed(8, 0), Fixed(16, 5)):
        assert format.quantize(got).item() == round_reference(format, total * Fraction(multiplier(ratio)))


def test_ratios_broadcast_per_channel() -> None:
    sums = torch.ones(2, 3, 4)
    ratios = torch.tensor([0.5, 1.0, 3.0], dtype=torch.float64).reshape(3, 1)
    assert rescale(sums, ratios)[1, :, 2].tolist() == [0.5, 1.0, 3.0]


@given(st.lists(st.floats(-(2.0**30), 2.0**30, width=32), min_size=1, max_size=5), RATIOS)
def test_rescaling_float32_sums_is_exact_or_rounded_to_odd(sums: list[float], ratio: float) -> None:
    got = rescale(torch.tensor(sums, dtype=torch.float32), torch.tensor([ratio], dtype=torch.float64))
    assert got.tolist() == [rounded_to_odd(Fraction(s) * Fraction(multiplier(ratio))) for s in sums]
