"""Formats in other word lengths."""

from fractions import Fraction

import pytest
import torch

from adequate.exploration.resizing import resized
from adequate.formats import Binary, Codebook, Fixed, Format, Minifloat, PowerOfTwo, Scaled, SharedExponent

THIRD = float(torch.tensor(0.3))

SOME = (
    Fixed(8, 7),
    Fixed(8, -3, signed=False),
    Fixed(6, 4, narrow=True),
    Minifloat(4, 3),
    PowerOfTwo(5, 2),
    Scaled(Fixed(8, 0), (0.5, 0.25), axis=0),
    Scaled(Fixed(8, 0, narrow=True), THIRD),
    Scaled(Fixed(8, 0, signed=False), THIRD, zero=100),
    Scaled(Fixed(8, 0, narrow=True), SharedExponent(16), axis=1),
)


@pytest.mark.parametrize("format", SOME, ids=str)
def test_its_own_width_is_itself_and_other_widths_are_of_its_family(format: Format) -> None:
    assert resized(format, format.bits) == format
    for bits in range(2, 9):
        other = resized(format, bits)
        if other is not None:
            assert other.bits == bits
            assert type(other) is type(format)
            assert resized(other, bits) == other


@pytest.mark.parametrize("format", [Fixed(8, 7), Fixed(8, -3, signed=False), Fixed(4, 9)], ids=str)
def test_fixed_point_covers_its_values_within_one_step(format: Fixed) -> None:
    for bits in range(2, 12):
        other = resized(format, bits)
        assert isinstance(other, Fixed)
        coarser = Fraction(2) ** -min(format.frac, other.frac)
        assert other.minimum == format.minimum
        assert abs(other.maximum - format.maximum) < coarser


@pytest.mark.parametrize("zero", [0, 17, 100, 255])
def test_an_affine_format_covers_its_interval_within_one_step(zero: int) -> None:
    format = Scaled(Fixed(8, 0, signed=False), THIRD, zero=zero)
    for bits in range(2, 9):
        other = resized(format, bits)
        assert isinstance(other, Scaled)
        assert isinstance(other.scale, float)
        assert abs(other.minimum - format.minimum) <= other.scale / 2 + 1e-6
        assert abs(other.maximum - format.maximum) <= other.scale / 2 + 1e-6


def test_each_channel_is_resized_as_if_alone() -> None:
    format = Scaled(Fixed(8, 0, signed=False), (0.125, THIRD), (3, 200), axis=0)
    for bits in range(2, 9):
        whole = resized(format, bits)
        assert isinstance(whole, Scaled)
        assert [whole.channel(i) for i in (0, 1)] == [resized(format.channel(i), bits) for i in (0, 1)]


def test_a_minifloat_keeps_its_exponents() -> None:
    assert resized(Minifloat(4, 3), 12) == Minifloat(4, 7)
    assert resized(Minifloat(4, 3), 5) == Minifloat(4, 0)
    assert resized(Minifloat(4, 3), 4) is None


@pytest.mark.parametrize("format", [Binary(), Codebook((0.0, 1.0, 3.0)), PowerOfTwo(4)], ids=str)
def test_there_may_be_no_such_member(format: Format) -> None:
    assert resized(format, 12) is None
