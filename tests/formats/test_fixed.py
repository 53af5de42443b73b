"""Fixed point keeps the contract, and its rules choose the fractional lengths that Ristretto's do."""

from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from adequate.formats import Fixed, Overflow, Rounding, round_reference
from tests.contracts.format_contract import FormatContract


class TestContract(FormatContract):
    formats = (
        Fixed(8, 4),
        Fixed(1, 0),
        Fixed(1, 0, signed=False),
        Fixed(2, 1, narrow=True),
        Fixed(4, 12),
        Fixed(8, 0, signed=False),
        Fixed(5, 2, rounding=Rounding.NEAREST_AWAY),
        Fixed(5, 2, rounding=Rounding.TOWARD_ZERO),
        Fixed(5, 2, rounding=Rounding.DOWN),
        Fixed(5, 2, rounding=Rounding.STOCHASTIC),
        Fixed(5, -2, rounding=Rounding.DOWN),
        Fixed(4, -120, rounding=Rounding.DOWN),
        Fixed(4, 1, overflow=Overflow.WRAP),
        Fixed(4, 1, signed=False, overflow=Overflow.WRAP),
        Fixed(4, -119, overflow=Overflow.WRAP, rounding=Rounding.TOWARD_ZERO),
        Fixed(4, 100, overflow=Overflow.WRAP, rounding=Rounding.NEAREST_AWAY),
        Fixed(4, 3, overflow=Overflow.WRAP, rounding=Rounding.DOWN),
        Fixed(8, 120),
        Fixed(8, -120),
        Fixed(8, 140),
        Fixed(8, 900),
        Fixed(8, -900, rounding=Rounding.DOWN),
        Fixed(16, 8),
        Fixed(25, 8),
        Fixed(25, 8, overflow=Overflow.WRAP),
        Fixed(26, 8),
        Fixed(54, 20),
        Fixed(54, 20, overflow=Overflow.WRAP),
        Fixed(53, -20, signed=False),
    )


@settings(deadline=None, max_examples=200, derandomize=True)
@given(
    x=st.floats(allow_nan=False, allow_infinity=False, width=32),
    bits=st.integers(1, 24),
    frac=st.integers(-100, 120),
    signed=st.booleans(),
    rounding=st.sampled_from([rule for rule in Rounding if rule is not Rounding.STOCHASTIC]),
    overflow=st.sampled_from(Overflow),
)
def test_any_fixed_format_of_any_float32(
    x: float, bits: int, frac: int, signed: bool, rounding: Rounding, overflow: Overflow
) -> None:
    format = Fixed(bits, frac, signed=signed, rounding=rounding, overflow=overflow)
    got = format.quantize(torch.tensor(x, dtype=torch.float32)).item()
    assert Fraction(got) == round_reference(format, Fraction(x))


@settings(deadline=None, max_examples=200, derandomize=True)
@given(
    code=st.integers(-(2**23), 2**23 - 1),
    offset=st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(-1, 2), Fraction(1, 4)]),
    frac=st.integers(-40, 120),
    rounding=st.sampled_from([rule for rule in Rounding if rule is not Rounding.STOCHASTIC]),
)
def test_ties_of_wide_codes_in_float64(code: int, offset: Fraction, frac: int, rounding: Rounding) -> None:
    format = Fixed(24, frac, rounding=rounding)
    x = (code + offset) / Fraction(2) ** frac
    got = format.quantize(torch.tensor(float(x), dtype=torch.float64)).item()
    assert Fraction(got) == round_reference(format, x)


@pytest.mark.parametrize(
    ("interval", "bits", "il", "frac"),
    [
        ((-0.3, 0.2), 8, "cover", 8),  # ceil(log2 0.3) = -1, so IL = 0
        ((-1.0, 0.5), 8, "cover", 7),
        ((-1.0001, 0.5), 8, "cover", 6),
        ((0.0, 100.0), 8, "saturate", 1),  # the spec's example: 100 tops at 63.5
        ((0.0, 100.0), 8, "cover", 0),
        ((-0.3, 0.2), 8, "thesis_eq_5_2", 7),  # ceil(log2 1.3) = 1
        ((0.0, 1.0), 8, "thesis_eq_5_2", 7),
        ((0.0, 3.5), 4, "thesis_eq_5_2", 1),
        ((0.0, 1e-20), 4, "thesis_eq_5_2", 3),  # 1 + 1e-20 is above 1
        ((0.0, 0.0), 8, "cover", 7),
        ((-1e-3, 1e-3), 4, "cover", 12),  # IL = -8
    ],
)
def test_fit_follows_the_rules(interval: tuple[float, float], bits: int, il: str, frac: int) -> None:
    assert Fixed.fit(interval, bits, il=il) == Fixed(bits, frac)


def test_fit_of_100_in_8_bits_saturates_at_63_5() -> None:
    assert Fixed.fit((0.0, 100.0), 8, il="saturate").maximum == Fraction(127, 2)


def test_fit_is_unsigned_only_when_asked() -> None:
    assert Fixed.fit((0.0, 0.9), 8) == Fixed(8, 7)
    assert Fixed.fit((0.0, 0.9), 8, signed=False) == Fixed(8, 8, signed=False)
    with pytest.raises(ValueError, match="unsigned"):
        Fixed.fit((-0.1, 0.9), 8, signed=False)


@given(m=st.floats(2.0**-100, 2.0**100), bits=st.integers(2, 16))
@settings(deadline=None, max_examples=100, derandomize=True)
def test_cover_covers(m: float, bits: int) -> None:
    format = Fixed.fit((-m, m), bits)
    assert format.minimum <= -m
    assert m <= format.maximum + Fraction(2) ** format.grid
    assert m > format.maximum / 2 - Fraction(2) ** format.grid


@pytest.mark.parametrize(
    ("bits", "frac", "signed", "narrow", "overflow", "message"),
    [
        (0, 0, True, False, Overflow.SATURATE, "bits of fixed must be an integer from 1 to 64, not 0"),
        (65, 0, True, False, Overflow.SATURATE, "not 65"),
        (8.0, 0, True, False, Overflow.SATURATE, "not 8.0"),
        (8, 901, True, False, Overflow.SATURATE, "frac of fixed"),
        (8, 0, False, True, Overflow.SATURATE, "narrow"),
        (8, 0, True, True, Overflow.WRAP, "narrow"),
        (8, 0, 1, False, Overflow.SATURATE, "signed of fixed must be one of True, False, not 1"),
        (8, 0, True, False, "wrap", "overflow of fixed must be one of Overflow.SATURATE"),
    ],
)
def test_nonsense_is_refused(bits, frac, signed, narrow, overflow, message) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=message):
        Fixed(bits, frac, signed=signed, narrow=narrow, overflow=overflow)


@pytest.mark.parametrize("interval", [(1.0, 0.0), (float("nan"), 1.0), (0.0, float("inf"))])
def test_fit_refuses_what_is_no_interval(interval: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="interval"):
        Fixed.fit(interval, 8)


def test_a_dtype_too_narrow_is_named_with_the_alternative() -> None:
    with pytest.raises(ValueError, match=r"fixed\(26,8\) does not fit torch.float32.*use torch.float64"):
        Fixed(26, 8).quantize(torch.zeros(1))
    with pytest.raises(ValueError, match=r"fixed\(60,8\) does not fit torch.float64.*narrower"):
        Fixed(60, 8).quantize(torch.zeros(1, dtype=torch.float64))
    with pytest.raises(ValueError, match=r"fixed\(8,160\) does not fit torch.float32"):
        Fixed(8, 160).quantize(torch.zeros(1))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_holds_eight_bits(dtype: torch.dtype) -> None:
    x = torch.linspace(-9, 9, 1001).to(dtype)
    got = Fixed(8, 4).quantize(x)
    assert got.dtype == dtype
    assert torch.equal(got.float(), Fixed(8, 4).quantize(x.float()))


def test_integers_of_64_bits_have_a_definition_though_no_dtype() -> None:
    assert Fixed(64, 0).decode(-(2**63)) == -(2**63)
    assert Fixed(64, 0, signed=False).bits == 64
