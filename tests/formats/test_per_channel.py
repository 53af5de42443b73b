"""A format per channel: each is quantised, coded and stored as if it were alone."""

from fractions import Fraction

import pytest
import torch
from torch import Generator, Tensor

from adequate.formats import Binary, Fixed, Format, Minifloat, PerChannel, PowerOfTwo, Rounding, Scaled, parse

THIRD = float(torch.tensor(1 / 3))

FORMATS = (Fixed(8, 7), Fixed(3, 2), Minifloat(4, 3), PowerOfTwo(4), Fixed(3, 2), Scaled(Binary(), 0.25))

AXES = pytest.mark.parametrize("axis", [0, 1, -1])


def along(axis: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Numbers inside and outside of every range, with as many channels as there are formats."""
    x = torch.randn(len(FORMATS), 40, 5, generator=Generator().manual_seed(0)).to(dtype) * 2
    return x.movedim(0, axis)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@AXES
def test_channels_are_formats_of_their_own(axis: int, dtype: torch.dtype) -> None:
    format, x = PerChannel(FORMATS, axis), along(axis, dtype)
    got, codes, inside = format.quantize(x), format.encode(x), format.inside(x)
    for i, one in enumerate(FORMATS):
        assert format.channel(i) == one
        assert torch.equal(got.select(axis, i), one.quantize(x.select(axis, i)))
        assert torch.equal(codes.select(axis, i), one.encode(x.select(axis, i)))
        assert torch.equal(inside.select(axis, i), one.inside(x.select(axis, i)))
    assert torch.equal(format.quantize(got), got)


@AXES
def test_what_it_says_of_its_values_holds_for_all_channels(axis: int) -> None:
    format = PerChannel(FORMATS, axis)
    got = format.quantize(along(axis, torch.float64))
    values = [Fraction(one) for one in got.flatten().tolist()]
    assert all(format.minimum <= one <= format.maximum for one in values)
    assert all((one / Fraction(2) ** format.grid).denominator == 1 for one in values)
    assert all(
        abs(one.numerator // (one.numerator & -one.numerator)).bit_length() <= format.digits for one in values if one
    )
    codes = format.encode(along(axis))
    assert all(code in format.word for code in codes.flatten().tolist())
    assert format.bits == max(one.bits for one in FORMATS)


def test_one_format_for_all_is_that_format() -> None:
    x, format = along(0), PerChannel((Fixed(4, 3),) * len(FORMATS), 0)
    assert torch.equal(format.quantize(x), Fixed(4, 3).quantize(x))
    same = [(one.minimum, one.maximum, one.grid, one.digits, one.bits, one.word) for one in (format, Fixed(4, 3))]
    assert same[0] == same[1]


def test_scales_that_are_powers_of_two_are_formats_of_channels() -> None:
    x, scaled = along(0), Scaled(Fixed(4, 0), (0.5, 0.25, 1.0, 2.0, 0.125, 0.5), zero=1, axis=0)
    format = PerChannel(tuple(scaled.channel(i) for i in range(6)), 0)
    assert torch.equal(format.quantize(x), scaled.quantize(x))
    assert torch.equal(format.encode(x), scaled.encode(x))
    assert (format.minimum, format.maximum, format.grid) == (scaled.minimum, scaled.maximum, scaled.grid)


def test_a_generator_draws_in_every_channel() -> None:
    format = PerChannel((Fixed(4, 0), Fixed(4, 1)), 0)
    drawn = format.quantize(torch.full((2, 1000), 0.25), generator=Generator().manual_seed(0))
    assert [set(row.tolist()) for row in drawn] == [{0.0, 1.0}, {0.0, 0.5}]
    assert abs(float(drawn.mean()) - 0.25) < 5 * 0.36 / 2000**0.5  # standard deviations of 0.43 and 0.25
    with pytest.raises(ValueError, match="generator"):
        PerChannel((Fixed(4, 0, rounding=Rounding.STOCHASTIC),), 0).quantize(torch.zeros(1))


@pytest.mark.parametrize("format", [PerChannel(FORMATS, 1), PerChannel((Fixed(8, 0),), -2)], ids=str)
def test_text_both_ways(format: Format) -> None:
    assert parse(str(format)) == format


@pytest.mark.parametrize(
    ("formats", "axis", "message"),
    [
        ((), 0, "takes a format for each channel"),
        ([Fixed(8, 7)], 0, "takes a format for each channel"),
        ((8,), 0, "a channel's format is fixed"),
        ((PerChannel((Fixed(8, 7),), 0),), 0, "a channel's format is fixed"),
        ((Scaled(Fixed(8, 0), THIRD),), 0, "scaled by a power of two"),
        ((Scaled(Fixed(8, 0), (0.5, 0.25), axis=0),), 0, "has one scale"),
        ((Fixed(8, 7),), 1.5, "axis of per_channel must be an integer"),
    ],
)
def test_nonsense_is_refused(formats: tuple[Format, ...], axis: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PerChannel(formats, axis)


def test_the_wrong_shape_a_code_alone_and_a_channel_too_many_are_refused() -> None:
    format = PerChannel((Fixed(8, 7), Fixed(4, 3)), 1)
    for shape in ((2,), (2, 3), ()):
        with pytest.raises(ValueError, match="has 2 formats along axis 1"):
            format.quantize(torch.zeros(shape))
    with pytest.raises(ValueError, match="a code alone has no value"):
        format.decode(0)
    with pytest.raises(ValueError, match="has 2 channels, and no channel 2"):
        format.channel(2)
    with pytest.raises(ValueError, match="not torch.int64"):
        format.encode(torch.zeros(3, 2, dtype=torch.int64))
    with pytest.raises(ValueError, match="the element of scaled"):
        Scaled(format, 0.5)
