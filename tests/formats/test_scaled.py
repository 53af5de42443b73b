"""Scaled formats: one scale keeps the contract; channels and blocks are made of formats with one scale."""

from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from adequate.formats import (
    E2M1,
    E4M3,
    E5M2,
    Binary,
    Codebook,
    Fixed,
    Format,
    Minifloat,
    Overflow,
    PowerOfTwo,
    Rounding,
    Scaled,
    SharedExponent,
    Ternary,
    Underflow,
    round_reference,
)
from adequate.formats.quotient import quotient
from tests.contracts.format_contract import FormatContract, as_tensor, exact

TENTH = 0.10000000149011612  # the float32 number nearest to 0.1
THIRD = 0.3333333432674408  # and to 1/3


class TestContract(FormatContract):
    formats = (
        Scaled(Fixed(8, 0), 0.5),
        Scaled(Fixed(8, 0), TENTH),
        Scaled(Fixed(4, 2), THIRD),
        Scaled(Fixed(8, 0, narrow=True), 3.0),
        Scaled(Fixed(8, 0, signed=False), 0.0625, zero=128),
        Scaled(Fixed(8, 0, signed=False), TENTH, zero=3),
        Scaled(Fixed(8, 0), THIRD, zero=-127),
        Scaled(Fixed(4, 0, rounding=Rounding.DOWN), 0.25, zero=3),
        Scaled(Fixed(8, 0, signed=False, rounding=Rounding.NEAREST_AWAY), TENTH, zero=77),
        Scaled(Fixed(4, 0, rounding=Rounding.TOWARD_ZERO), 0.25, zero=3),
        Scaled(Fixed(4, 0, rounding=Rounding.STOCHASTIC), 0.25, zero=3),
        Scaled(Fixed(4, 0, rounding=Rounding.DOWN), THIRD),
        Scaled(Fixed(4, 0, rounding=Rounding.NEAREST_AWAY), THIRD),
        Scaled(Fixed(23, 0), TENTH),
        Scaled(Fixed(29, 0), THIRD),
        Scaled(Fixed(22, 0, signed=False), 1.9999998807907104),
        Scaled(Fixed(8, 0), 2.0**-126),
        Scaled(Fixed(8, 0), 2.0**120),
        Scaled(E4M3, THIRD),
        Scaled(E2M1, 2.0**-100),
        Scaled(Minifloat(4, 3, underflow=Underflow.FLUSH), 1.9999998807907104),
        Scaled(Binary(), TENTH),
        Scaled(Ternary(), THIRD),
        Scaled(PowerOfTwo(4), 3.0),
        Scaled(Codebook((-0.5, 0.25, THIRD)), 2.0),
    )


@settings(deadline=None, max_examples=300, derandomize=True)
@given(
    code=st.integers(-128, 127),
    scale=st.floats(2.0**-60, 2.0**60, width=32),
    zero=st.integers(-128, 127),
    ulps=st.integers(-2, 2),
    half=st.booleans(),
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_tie_of_every_scale(
    dtype: torch.dtype, code: int, scale: float, zero: int, ulps: int, half: bool
) -> None:
    """The float64 quotient rounds onto a tie from a hair beside it; the result must not."""
    format = Scaled(Fixed(8, 0), scale, zero=zero)
    x = as_tensor([Fraction(scale) * (code - zero + Fraction(half, 2))], dtype)
    for _ in range(abs(ulps)):
        x = x.nextafter(x.new_tensor(torch.inf if ulps > 0 else -torch.inf))
    expected = as_tensor([round_reference(format, value) for value in exact(x)], dtype)
    assert torch.equal(format.quantize(x), expected)


def test_the_quotient_is_never_on_the_wrong_side_of_a_short_number() -> None:
    generator = torch.Generator().manual_seed(0)
    s = torch.randint(2**23, 2**24, (1_000_000,), generator=generator).double()
    n = torch.randint(1, 2**29, (1_000_000,), generator=generator).double()
    infinity = torch.tensor(torch.inf, dtype=torch.float64)
    at = n * s  # of 53 bits: exact
    assert bool((quotient(at, s) == n).all())
    assert bool((quotient(at.nextafter(infinity), s) > n).all())
    assert bool((quotient(at.nextafter(-infinity), s) < n).all())


def test_a_tie_goes_to_the_even_multiple_of_the_scale_under_an_odd_zero_point() -> None:
    format = Scaled(Fixed(8, 0), 1.0, zero=3)
    half = torch.tensor([0.5, -0.5, 1.5, -1.5], dtype=torch.float64)
    nearer, further = half.nextafter(half * 0), half.nextafter(half * 2)
    assert format.quantize(half).tolist() == [0.0, 0.0, 2.0, -2.0]
    assert format.encode(half).tolist() == [3, 3, 5, 1]
    assert format.quantize(nearer).tolist() == [0.0, 0.0, 1.0, -1.0]
    assert format.quantize(further).tolist() == [1.0, -1.0, 2.0, -2.0]


def test_quotients_beyond_float64_are_large_or_tiny_with_the_right_sign() -> None:
    x = torch.tensor([1e308, -1e308, 5e-324, -5e-324, 0.0], dtype=torch.float64)
    assert Scaled(Fixed(8, 0), 2.0**-30).quantize(x[:2]).tolist() == [127 * 2.0**-30, -128 * 2.0**-30]
    down = Scaled(Fixed(8, 0, rounding=Rounding.DOWN), 2.0**30)
    assert down.encode(x[2:]).tolist() == [0, -1, 0]


def test_the_reference_is_the_nearest_of_all_values() -> None:
    """The reference rounds inside the element; here the values themselves are compared, ties to the even multiple."""
    format = Scaled(Fixed(4, 0), THIRD, zero=3)
    values = [(format.decode(code), code) for code in format.word]
    for x in [Fraction(n, 48) * Fraction(THIRD) for n in range(-48 * 12, 48 * 12)]:
        nearest = min(values, key=lambda pair: (abs(pair[0] - x), (pair[1] - 3) % 2))
        assert round_reference(format, x) == nearest[0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_channels_are_formats_of_their_own(dtype: torch.dtype, axis: int) -> None:
    format = Scaled(Fixed(8, 0, signed=False), (0.5, TENTH, THIRD), zero=(0, 7, 200), axis=axis)
    x = torch.randn(3, 40, 3, generator=torch.Generator().manual_seed(0), dtype=dtype) * 20
    x = x if axis != 1 else x.movedim(0, 1)
    got, codes, inside = format.quantize(x), format.encode(x), format.inside(x)
    for i in range(3):
        one = format.channel(i)
        assert torch.equal(got.select(axis, i), one.quantize(x.select(axis, i)))
        assert torch.equal(codes.select(axis, i), one.encode(x.select(axis, i)))
        assert torch.equal(inside.select(axis, i), one.inside(x.select(axis, i)))
    assert torch.equal(format.quantize(got), got)


def test_channels_share_a_zero_point_and_a_generator() -> None:
    format = Scaled(Fixed(4, 0), (1.0, 2.0), zero=1, axis=0)
    assert format.channel(1) == Scaled(Fixed(4, 0), 2.0, zero=1)
    drawn = format.quantize(torch.full((2, 1000), 0.5), generator=torch.Generator().manual_seed(0))
    assert [set(row.tolist()) for row in drawn] == [{0.0, 1.0}, {0.0, 2.0}]
    assert (format.minimum, format.maximum) == (-18, 12)
    assert (format.grid, format.dyadic) == (0, True)
    with pytest.raises(ValueError, match=r"has no channel 2"):
        format.channel(2)
    with pytest.raises(ValueError, match="several scales"):
        format.decode(0)


def test_zero_points_that_are_all_zero_are_none() -> None:
    format = Scaled(E4M3, (0.5, 2.0), zero=(0, 0), axis=0)
    assert format == Scaled(E4M3, (0.5, 2.0), axis=0)
    x = torch.randn(2, 50, generator=torch.Generator().manual_seed(0))
    assert torch.equal(format.quantize(x)[1], Scaled(E4M3, 2.0).quantize(x[1]))


def blocks_by_definition(format: Scaled, x: list[Fraction], block: int) -> list[Fraction]:
    """OCP MX v1.0, 6.3, in fractions: the scale of each block by counting up, then the format with that one scale."""
    result: list[Fraction] = []
    for start in range(0, len(x), block):
        run = x[start : start + block]
        largest = max(map(abs, run))
        emax = next(k for k in range(60, -60, -1) if Fraction(2) ** k <= format.element.maximum)
        exponent = max((k for k in range(-127, 128) if Fraction(2) ** (k + emax) <= largest), default=-127)
        one = Scaled(format.element, 2.0**exponent)
        result += [round_reference(one, value) for value in run]
    return result


SHARED = (
    Scaled(E2M1, SharedExponent(8), axis=-1),
    Scaled(E4M3, SharedExponent(8), axis=-1),
    Scaled(E5M2, SharedExponent(8), axis=-1),
    Scaled(Fixed(8, 6, narrow=True), SharedExponent(8), axis=-1),
    Scaled(Fixed(4, 0, narrow=True, rounding=Rounding.DOWN), SharedExponent(8), axis=-1),
    Scaled(Minifloat(2, 1, underflow=Underflow.FLUSH), SharedExponent(8), axis=-1),
    Scaled(PowerOfTwo(3, zero=True), SharedExponent(8), axis=-1),
)


@pytest.mark.parametrize("format", SHARED, ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_blocks_follow_the_definition_and_quantize_is_idempotent(format: Scaled, dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(12, 21, generator=generator, dtype=dtype) * 2.0 ** torch.randint(
        -8, 8, (12, 1), generator=generator
    )
    extremes = torch.tensor([0.0, 1e-45, 2.0**-126, 2.0**-120, 3.4e38, 2.0**127, 1.9999, -1.0], dtype=dtype)
    x[0, :8], x[1, 8:16], x[2], x[3] = extremes, extremes.flip(0), 0.0, -(2.0**-130)
    x[4, :8] = torch.tensor([1.96875, 1.9375, -1.99, 1.0, 0.99, 0.75, 0.0, 7.0], dtype=dtype) / 4
    got = format.quantize(x)
    for row, result in zip(x, got, strict=True):
        assert exact(result) == blocks_by_definition(format, exact(row), 8)
    assert torch.equal(format.quantize(got), got)
    assert torch.equal(format.encode(got), format.encode(x))
    assert torch.equal(got, format.scales(x).to(dtype) * as_tensor_of_codes(format.element, format.encode(x), dtype))


def as_tensor_of_codes(element: Format, codes: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    return as_tensor([element.decode(code) for code in codes.reshape(-1).tolist()], dtype).reshape(codes.shape)


def test_blocks_lie_along_the_axis_and_the_last_may_be_shorter() -> None:
    rows, columns = Scaled(E2M1, SharedExponent(4), axis=1), Scaled(E2M1, SharedExponent(4), axis=0)
    x = torch.randn(6, 10, 3, generator=torch.Generator().manual_seed(1))
    assert torch.equal(rows.quantize(x), columns.quantize(x.transpose(0, 1)).transpose(0, 1))
    assert torch.equal(rows.quantize(x)[:, 8:], rows.quantize(x[:, 8:]))
    huge = Scaled(E2M1, SharedExponent(2**31), axis=1)
    assert torch.equal(huge.quantize(x), Scaled(E2M1, SharedExponent(10), axis=1).quantize(x))
    for shape in [(0, 5), (5, 0), (0,)]:
        assert Scaled(E2M1, SharedExponent(4), axis=-1).quantize(torch.zeros(shape)).shape == shape


def test_inside_a_block_is_what_its_scale_reaches() -> None:
    format = Scaled(E2M1, SharedExponent(4), axis=-1)
    assert format.inside(torch.tensor([7.0, -6.5, 6.0, 1.0])).tolist() == [False, False, True, True]
    assert (format.grid, format.dyadic) == (None, True)


def test_fit_affine_and_symmetric() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(1000, generator=generator) * 5 - 1
    low, high = x.min().item(), x.max().item()
    for format in (
        Scaled.fit((low, high), 8, signed=False, symmetric=False),
        Scaled.fit((low, high), 8, symmetric=False),
        Scaled.fit((low, high), 8),
    ):
        assert isinstance(format.scale, float)
        assert (format.quantize(x) - x).abs().max() <= format.scale / 2 * 1.001 + format.scale * 0.01
        assert format.quantize(torch.zeros(1)).item() == 0
    assert Scaled.fit((0.0, 0.0), 8) == Scaled(Fixed(8, 0, narrow=True), 1.0)
    assert Scaled.fit((2.0, 255.0), 8, signed=False, symmetric=False) == Scaled(Fixed(8, 0, signed=False), 1.0)
    with pytest.raises(ValueError, match="unsigned"):
        Scaled.fit((-1.0, 1.0), 8, signed=False)


def test_fit_channels() -> None:
    w = torch.tensor([[1.0, -127.0], [0.0, 0.0], [3.0, 1.0]])
    element = Fixed(8, 0, narrow=True)
    exactly = Scaled.fit_channels(w, element, 0)
    assert isinstance(exactly.scale, tuple)
    assert exactly.scale[:2] == (1.0, 1.0)
    assert exactly.quantize(w).abs().amax(1).tolist() == [127.0, 0.0, 3.0]
    dyadic = Scaled.fit_channels(w, element, 0, dyadic=True)
    assert dyadic.scale == (1.0, 1.0, 2.0**-5)  # 3 / 127 lies between 2**-6 and 2**-5
    assert dyadic.dyadic
    assert Scaled.fit_channels(w, element, 1).scale == Scaled.fit_channels(w.T, element, 0).scale


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((Fixed(8, 0), 0.1), "scale of scaled must be a float32 number: not 0.1, but for instance 0.10000000149011612"),
        ((Fixed(8, 0), 0.0), "positive"),
        ((Fixed(8, 0), -1.0), "positive"),
        ((Fixed(8, 0), float("nan")), "finite"),
        ((Fixed(8, 0), (1.0, 2.0)), "axis"),
        ((Fixed(8, 0), 1.0, 0, 0), "axis"),
        ((Fixed(8, 0), SharedExponent(4)), "symmetric"),
        ((Fixed(8, 0, narrow=True), SharedExponent(4)), "axis"),
        ((Fixed(8, 0, narrow=True), SharedExponent(4), 1, 0), "no zero point"),
        ((Codebook((-0.75, 0.0, 0.75)), SharedExponent(4), 0, 0), "power of two"),
        ((Fixed(8, 0, overflow=Overflow.WRAP), 1.0), "saturate, not wrap"),
        ((Scaled(Fixed(8, 0), 1.0), 1.0), "without a scale"),
        ((Fixed(8, 1), 1.0, 3), "integer element"),
        ((E4M3, 1.0, 3), "integer element"),
        ((Fixed(8, 0), 1.0, 128), "zero of scaled must be an integer from -128 to 127, not 128"),
        ((Fixed(8, 0), (1.0, 2.0), (1, 2, 3), 0), "3 zero points need as many scales"),
        ((Fixed(8, 0), 1.0, (1,)), "1 zero points need as many scales"),
        (("fixed", 1.0), "must be a format"),
    ],
)
def test_nonsense_is_refused(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Scaled(*arguments)  # type: ignore[arg-type]


def test_dtypes_that_would_round_twice_are_refused() -> None:
    x = torch.zeros(3)
    with pytest.raises(ValueError, match=r"does not fit torch.bfloat16.*use torch.float64"):
        Scaled(Fixed(8, 0), TENTH).quantize(x.bfloat16())
    with pytest.raises(ValueError, match=r"does not fit torch.float32.*use torch.float64"):
        Scaled(Fixed(4, 0, rounding=Rounding.DOWN), THIRD).quantize(x)
    with pytest.raises(ValueError, match=r"does not fit torch.float32.*use torch.float64"):
        Scaled(Fixed(24, 0), TENTH).quantize(x)
    with pytest.raises(ValueError, match=r"does not fit torch.float32.*narrower"):
        Scaled(Fixed(30, 0), TENTH).quantize(x)
    with pytest.raises(ValueError, match=r"does not fit torch.float32"):
        Scaled(Fixed(8, 0), 2.0**125).quantize(x)
    assert Scaled(Fixed(8, 0), 0.5).quantize(torch.tensor([0.3]).bfloat16()).item() == 0.5


def test_the_wrong_shape_is_refused() -> None:
    format = Scaled(Fixed(8, 0), (1.0, 2.0), axis=1)
    with pytest.raises(ValueError, match=r"2 scales along axis 1, a tensor of shape \(2, 3\) 3 indices"):
        format.quantize(torch.zeros(2, 3))
    with pytest.raises(ValueError, match="axis 1"):
        format.quantize(torch.zeros(2))
