"""Rounding in integers against the formats' definition in fractions."""

from fractions import Fraction

import numpy as np
import pytest

from adequate.formats import Fixed, Minifloat, Overflow, Rounding, Specials, Underflow
from adequate.formats.reference import round_reference
from adequate.program.register import rounder_of
from adequate.program.rounding import divide
from adequate.program.value import bits, exponent, power

RULES = [rule for rule in Rounding if rule is not Rounding.STOCHASTIC]


@pytest.mark.parametrize("rule", RULES)
def test_divide_is_rounding_to_integers(rule: Rounding) -> None:
    wide = Fixed(64, 0, rounding=rule)
    for n in range(-41, 42):
        for d in (1, 2, 3, 4, 7, 8, 10):
            assert divide(n, d, rule) == round_reference(wide, Fraction(n, d))
    numbers = np.arange(-41, 42).astype(object)
    assert list(divide(numbers, 6, rule)) == [divide(n, 6, rule) for n in range(-41, 42)]


def test_no_rule_for_stochastic_rounding() -> None:
    with pytest.raises(ValueError, match="stochastic"):
        divide(1, 2, Rounding.STOCHASTIC)


FORMATS = [
    *(Fixed(4, 1, rounding=rule, overflow=over) for rule in RULES for over in Overflow),
    Fixed(4, -1, signed=False, overflow=Overflow.WRAP),
    Fixed(4, 0, narrow=True),
    *(
        Minifloat(3, 2, underflow=under, specials=special, rounding=rule)
        for rule in RULES
        for under in Underflow
        for special in Specials
    ),
    Minifloat(2, 3, bias=5),
    Minifloat(4, 1, underflow=Underflow.NEAREST),
]


@pytest.mark.parametrize("format", FORMATS, ids=str)
@pytest.mark.parametrize("denominator", [1, 3, 8])
def test_a_rounder_is_its_format(format: Fixed | Minifloat, denominator: int) -> None:
    step = power(format.grid)
    reach = int(format.maximum / step) + 40
    numbers = np.arange(-reach * denominator, reach * denominator + 1, max(1, reach * denominator // 90)).astype(object)
    got = rounder_of(format)(numbers, denominator)
    wanted = [int(round_reference(format, Fraction(n, denominator) * step) / step) for n in numbers]
    assert list(got) == wanted
    assert all(type(n) is int for n in got)
    assert rounder_of(format)(numbers[3], denominator) == wanted[3]


def test_a_float_without_mantissa_has_no_such_rule() -> None:
    with pytest.raises(ValueError, match=r"float\(4,0\) has no mantissa"):
        rounder_of(Minifloat(4, 0))


def test_words() -> None:
    for low, high in ((0, 0), (0, 255), (0, 256), (-1, 0), (-128, 127), (-129, 0), (-2, 300)):
        width, signed = bits(low, high)
        assert Fixed(width, 0, signed=signed).minimum <= low
        assert Fixed(width, 0, signed=signed).maximum >= high
        if width > 1 + signed:
            narrower = Fixed(width - 1, 0, signed=signed)
            assert narrower.minimum > low or narrower.maximum < high
    assert [exponent(Fraction(n, 4)) for n in (1, 2, 3, 4, 5)] == [-2, -1, None, 0, None]
