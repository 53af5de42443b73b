"""Error-free sums and products against fractions, and the theorem that lets a sum rounded to odd be rounded again."""

import math
import struct
from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from adequate.formats import Codebook, Fixed, Format, Minifloat, PowerOfTwo, Rounding, Underflow, round_reference
from adequate.kernels.expansion import odd_quotient, odd_sum, to_odd, two_product, two_sum


@st.composite
def numbers(draw: st.DrawFn, reach: int = 300) -> float:
    """Few bits or many, near a power of two or not, of any exponent within the reach."""
    significand = draw(st.sampled_from([1, 3, 2**52, 2**52 + 1, 2**53 - 1]) | st.integers(0, 2**53 - 1))
    exponent = draw(st.integers(-4, 4) | st.integers(-60, 60) | st.integers(-reach, reach))
    return math.ldexp(draw(st.sampled_from([1, -1])) * significand, exponent - 52)


@st.composite
def sums(draw: st.DrawFn) -> list[float]:
    """Numbers of which some almost cancel others."""
    values = draw(st.lists(numbers(), min_size=1, max_size=9))
    for value in draw(st.lists(st.sampled_from(values), max_size=8)):
        values.append(draw(st.sampled_from([-value, math.nextafter(-value, 0), -2 * value, -value / 2, 0.0])))
    return draw(st.permutations(values))


def tensor(x: float) -> Tensor:
    return torch.tensor(x, dtype=torch.float64)


def rounded_to_odd(x: Fraction) -> float:
    """By definition: x itself, or of its two neighbours in float64 the one whose last bit is set."""
    near = float(x)
    if Fraction(near) == x:
        return near
    other = math.nextafter(near, math.inf if Fraction(near) < x else -math.inf)
    (odd,) = (v for v in (near, other) if struct.unpack("q", struct.pack("d", v))[0] & 1)
    return odd


@given(numbers(), numbers())
def test_two_sum_loses_nothing(a: float, b: float) -> None:
    s, error = two_sum(tensor(a), tensor(b))
    assert s.item() == a + b
    assert Fraction(s.item()) + Fraction(error.item()) == Fraction(a) + Fraction(b)


@given(numbers(), numbers())
def test_two_product_loses_nothing(a: float, b: float) -> None:
    p, error = two_product(tensor(a), tensor(b))
    assert p.item() == a * b
    assert Fraction(p.item()) + Fraction(error.item()) == Fraction(a) * Fraction(b)


@given(numbers(), st.integers(-53, 53), st.sampled_from([-1, 0, 1]))
def test_to_odd_is_the_definition(high: float, below: int, sign: int) -> None:
    low = sign * math.ulp(high) * 2.0 ** -abs(below) / 2
    if high:
        s, error = two_sum(tensor(high), tensor(low))
        assert to_odd(s, error).item() == rounded_to_odd(Fraction(high) + Fraction(low))


@given(sums())
def test_odd_sum_is_the_exact_sum_rounded_to_odd(values: list[float]) -> None:
    assert odd_sum([tensor(v) for v in values]).item() == rounded_to_odd(sum(map(Fraction, values)))


def sums_of_rows(rows: list[list[float]]) -> list[float]:
    """``odd_sum`` of every row, all at once."""
    width = max(map(len, rows))
    padded = torch.tensor([row + [0.0] * (width - len(row)) for row in rows], dtype=torch.float64)
    return odd_sum(list(padded.T)).tolist()


@settings(max_examples=20)
@given(st.lists(sums(), min_size=2, max_size=5))
def test_odd_sum_works_element_by_element(rows: list[list[float]]) -> None:
    assert sums_of_rows(rows) == [rounded_to_odd(sum(map(Fraction, row))) for row in rows]


@pytest.mark.slow
@given(st.lists(sums(), min_size=2, max_size=5))
def test_odd_sum_works_element_by_element_of_many(rows: list[list[float]]) -> None:
    assert sums_of_rows(rows) == [rounded_to_odd(sum(map(Fraction, row))) for row in rows]


@given(numbers(), numbers(100))
def test_odd_quotient_is_the_exact_quotient_rounded_to_odd(a: float, b: float) -> None:
    if b:
        assert odd_quotient(tensor(a), tensor(b)).item() == rounded_to_odd(Fraction(a) / Fraction(b))


FORMATS = [
    Fixed(8, 4),
    Fixed(24, -3, rounding=Rounding.NEAREST_AWAY),
    Fixed(12, 6, rounding=Rounding.DOWN),
    Fixed(52, 20),  # 51 significant bits
    Minifloat(4, 3, rounding=Rounding.TOWARD_ZERO),
    Minifloat(8, 23),
    Minifloat(5, 10, underflow=Underflow.FLUSH),
    Minifloat(8, 50),
    PowerOfTwo(4),
    Codebook((-1.5, 0.1875, 2.0)),
]


@st.composite
def near_a_tie(draw: st.DrawFn, format: Format) -> list[float]:
    """A value of the format or the middle of two, and something tiny beside it."""
    code = draw(st.integers(format.word.start, format.word.stop - 2))
    value = format.decode(code)
    middle = (value + format.decode(code + 1)) / 2 if draw(st.booleans()) else value
    parts = [float(middle), float(middle - Fraction(float(middle)))]
    tiny = math.ldexp(draw(st.sampled_from([-1, 0, 1])), draw(st.integers(-600, -40)))
    far = draw(numbers(30))
    return draw(st.permutations([*parts, tiny, far, -far]))


def rounded_and_exact(format: Format, values: list[float]) -> tuple[float, Fraction]:
    """The format of the sum rounded to odd, and its definition of the exact sum."""
    exact = sum(map(Fraction, values), Fraction(0))
    return format.quantize(odd_sum([tensor(v) for v in values])).item(), round_reference(format, exact)


@pytest.mark.parametrize("format", FORMATS, ids=str)
@settings(max_examples=20)
@given(data=st.data())
def test_rounding_a_sum_rounded_to_odd_rounds_the_exact_sum(format: Format, data: st.DataObject) -> None:
    rounded, exact = rounded_and_exact(format, data.draw(near_a_tie(format) | sums()))
    assert rounded == exact


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS, ids=str)
@given(data=st.data())
def test_rounding_many_sums_rounded_to_odd_rounds_the_exact_sums(format: Format, data: st.DataObject) -> None:
    rounded, exact = rounded_and_exact(format, data.draw(near_a_tie(format) | sums()))
    assert rounded == exact


def test_a_sum_rounded_to_nearest_would_be_rounded_twice() -> None:
    """Negative control: 2.5 + 2**-60 is above the tie and belongs to 3; float64 has it on the tie, which goes to 2."""
    parts = [tensor(2.5), tensor(2.0**-60)]
    assert Fixed(8, 0).quantize(parts[0] + parts[1]).item() == 2.0
    assert Fixed(8, 0).quantize(odd_sum(parts)).item() == 3.0


def test_fifty_three_bits_are_too_many_to_round_again() -> None:
    """Negative control for the limit of 51 bits: the nearest float64 is the even neighbour here, the odd one is not."""
    parts = [tensor(1.0), tensor(2.0**-60)]
    assert Minifloat(8, 52).quantize(odd_sum(parts)).item() != round_reference(Minifloat(8, 52), 1 + Fraction(1, 2**60))
