"""Values as the words of a multiplier's operand: the patterns are the codes' lowest bits, and what does not fit."""

import pytest
import torch

from adequate.emulated_layer.coding import coding_of
from adequate.formats import Binary, Fixed, Format, Minifloat, Overflow, PowerOfTwo, Rounding, Scaled, SharedExponent
from adequate.operators import Drum, Exact, MinifloatProduct, Multiplier, Shift, SignMagnitude, XnorProduct

E4M3 = Minifloat(4, 3)
SIGNED, UNSIGNED = Exact(8, 8, signed_a=True, signed_b=True), Exact(8, 8)
FITTING: list[tuple[Format, Multiplier]] = [
    (Fixed(8, 5), SIGNED),
    (Fixed(5, -3), SIGNED),
    (Fixed(7, 5, signed=False), SIGNED),
    (Fixed(8, 5, signed=False), UNSIGNED),
    (Fixed(3, 1, signed=False, rounding=Rounding.DOWN), UNSIGNED),
    (Fixed(6, 2, overflow=Overflow.WRAP), Exact(6, 6, signed_a=True)),
    (Fixed(6, 120), Exact(7, 6, signed_a=True)),
    (Fixed(12, 6), SignMagnitude(Drum(13, 8, 4))),
    (Fixed(16, 6, signed=False), Exact(16, 8)),
    (Scaled(Fixed(8, 0, signed=False), 0.25, zero=3), UNSIGNED),
    (Scaled(Fixed(5, 0), 0.75), SIGNED),
    (E4M3, MinifloatProduct(E4M3, E4M3, E4M3)),
    (Binary(), XnorProduct()),
]


@pytest.mark.parametrize(("format", "multiplier"), FITTING, ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_patterns_are_the_codes_lowest_bits(format: Format, multiplier: Multiplier, dtype: torch.dtype) -> None:
    coding = coding_of(format, multiplier.a, multiplier, "x")
    span = float(format.maximum)
    x = torch.linspace(-1.5 * span, 1.5 * span, 4001, dtype=dtype)
    got = coding.encode(x, "x")
    assert torch.equal(got.long(), format.encode(x) & (2**multiplier.a.width - 1))
    if multiplier.a.format is None:
        assert torch.equal(coding.numbers(got), format.encode(x))
    assert got.dtype is (torch.uint8 if multiplier.a.width <= 8 else torch.int32)


def test_a_power_of_two_between_the_codes_and_the_operand_is_a_shift() -> None:
    shift = Shift(8, 4)
    coding = coding_of(PowerOfTwo(4, -1), shift.b, shift, "w")
    assert (coding.shift, coding.grid) == (-8, -8)  # the operand's largest exponent is 7
    assert coding.pattern_of_zero is None
    under = coding_of(Scaled(PowerOfTwo(4, -1), 0.5), shift.b, shift, "w")
    assert (under.shift, under.scale) == (-9, None)


REFUSED: list[tuple[Format | None, Multiplier, str]] = [
    (None, UNSIGNED, r"exact\(8,8\) needs a format here: unsigned fixed point of at most 8 bits"),
    (
        Fixed(9, 4, signed=False),
        UNSIGNED,
        r"exact\(8,8\) takes unsigned fixed point of at most 8 bits here, not fixed\(9,4",
    ),
    (Fixed(8, 4), UNSIGNED, r"not fixed\(8,4\); sign_magnitude\(...\) makes a signed multiplier of an unsigned one"),
    (Fixed(8, 4, signed=False), SIGNED, "takes signed or unsigned fixed point of at most 8 bits here, not fixed"),
    (E4M3, UNSIGNED, r"not float\(4,3\)"),
    (Fixed(8, 4), MinifloatProduct(E4M3, E4M3, E4M3), r"takes float\(4,3\) here, not fixed\(8,4\)"),
    (Minifloat(3, 4), MinifloatProduct(E4M3, E4M3, E4M3), r"takes float\(4,3\) here, not float\(3,4\)"),
    (
        Scaled(Fixed(8, 0, narrow=True), SharedExponent(4), axis=1),
        SIGNED,
        r"takes codes under a scale that is known beforehand, not scaled\(",
    ),
]


@pytest.mark.parametrize(("format", "multiplier", "message"), REFUSED, ids=str)
def test_what_does_not_fit_is_refused_in_one_line(format: Format | None, multiplier: Multiplier, message: str) -> None:
    with pytest.raises(ValueError, match=f"^input: .*{message}"):
        coding_of(format, multiplier.a, multiplier, "input")


def test_a_rounding_that_needs_a_generator_says_so() -> None:
    for format in (Fixed(8, 4, rounding=Rounding.STOCHASTIC), Scaled(Fixed(8, 0, rounding=Rounding.STOCHASTIC), 0.75)):
        with pytest.raises(ValueError, match=r"^x: .*generator"):
            coding_of(format, SIGNED.a, SIGNED, "x").encode(torch.zeros(2), "x")
