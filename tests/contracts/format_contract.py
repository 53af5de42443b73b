"""What every number format must do. A test class for a new format inherits ``FormatContract`` and lists its members.

Every law compares with ``reference.py`` (exact fractions over the decoded values) or with another method of the format.
"""

import math
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import ClassVar

import pytest
import torch
from torch import Generator, Tensor

from adequate.formats import Format, Overflow, Rounding, parse, round_reference
from adequate.formats.draws import draw_key
from adequate.formats.reference import draw_reference, draw_word, stochastic_reference

DTYPES = (torch.float32, torch.float64)
EXHAUSTIVE = 2**16
ALL_VALUES = 2**10  # of longer words a sample
DRAWS = 4000
Z = 5.0  # standard errors; beyond them once in 1.7 million points if the mean is right


@lru_cache(maxsize=512)
def fits(format: Format, dtype: torch.dtype) -> bool:
    """Whether ``format`` takes tensors of ``dtype``."""
    try:
        format.quantize(torch.zeros(1, dtype=dtype), generator=seeded())
    except ValueError:
        return False
    return True


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def own_rule(format: Format) -> Rounding:
    element = getattr(format, "element", format)
    return getattr(element, "rounding", Rounding.NEAREST_EVEN)


def inexact(format: Format, dtype: torch.dtype) -> bool:
    """Whether values are rounded to ``dtype``: then a drawn value is a hair off, and drawing again may move it."""
    return getattr(format, "dyadic", True) is False and format.digits > (24 if dtype == torch.float32 else 53)


def wraps(format: Format) -> bool:
    return getattr(format, "overflow", None) is Overflow.WRAP


def is_odd(format: Format) -> bool:
    """Whether quantize(-x) == -quantize(x) for x other than 0.

    An even number of codebook values has ties whose mirror image has the other parity.
    """
    symmetric = format.minimum == -format.maximum and own_rule(format) is not Rounding.DOWN and not wraps(format)
    return symmetric and (format.name != "codebook" or len(format.word) % 2 == 1)


def numbers(format: Format, codes: Iterator[int] | range | list[int]) -> Iterator[tuple[int, Fraction]]:
    """The codes that are numbers, with their values."""
    for code in codes:
        try:
            yield code, format.decode(code)
        except ValueError:
            continue


def some_codes(format: Format) -> list[int]:
    """All codes of a short word; of a longer one the ends, the middle and a random part."""
    word = format.word
    size = word.stop - word.start
    if size <= ALL_VALUES:
        return list(word)
    near = [*range(4), *range(size // 2 - 4, size // 2 + 4), *range(size - 4, size)]
    drawn = torch.randint(0, min(size, 2**62), (200,), generator=seeded()).tolist()
    return sorted({word.start + i for i in (*near, *drawn)})


def as_tensor(values: list[Fraction], dtype: torch.dtype) -> Tensor:
    """Each rounded once; float(Fraction) is correctly rounded, and none of our values has more than 53 bits."""
    return torch.tensor([float(value) for value in values], dtype=torch.float64).to(dtype)


def exact(x: Tensor) -> list[Fraction]:
    return [Fraction(value) for value in x.reshape(-1).tolist()]


@lru_cache(maxsize=64)
def inputs(format: Format, dtype: torch.dtype) -> Tensor:
    """Values, midpoints, both with one ulp either side; random numbers inside and far beyond; the ends of the dtype."""
    values = sorted({value for _, value in numbers(format, some_codes(format))})
    middles = [(low + high) / 2 for low, high in pairwise(values)]
    geometric = [Fraction(math.sqrt(abs(low)) * math.sqrt(abs(high))) for low, high in pairwise(values)]
    at = as_tensor([*values, *middles, *geometric], dtype)
    infinity = torch.tensor(math.inf, dtype=dtype)
    largest = float(max(-format.minimum, format.maximum))
    uniform = torch.rand(200, generator=seeded(1), dtype=torch.float64) * 2.4 * largest - 1.2 * largest
    exponents = torch.rand(200, generator=seeded(2), dtype=torch.float64) * 60 - 50 + math.log2(largest)
    wide = torch.exp2(exponents) * torch.randn(200, generator=seeded(3), dtype=torch.float64).sign()
    info = torch.finfo(dtype)
    ends = torch.tensor([0.0, -0.0, info.tiny, -info.tiny, info.max, info.min, 1.0, -1.0], dtype=dtype)
    least = ends.new_tensor([0.0]).nextafter(infinity)
    near = [at.nextafter(infinity), at.nextafter(-infinity)]
    everything = torch.cat([at, *near, uniform.to(dtype), wide.to(dtype), ends, least, -least])
    return everything[everything.isfinite()]


def thinned(x: Tensor, most: int) -> Tensor:
    """At most ``most`` elements, evenly spaced, beginning with the first."""
    return x[:: max(1, -(-x.numel() // most))]


def other_than_the_reference(format: Format, at_most: int) -> list[tuple[float, float, float]]:
    """Inputs that quantize rounds to other numbers than the definition, with both: the first few of each dtype."""
    found: list[tuple[float, float, float]] = []
    for dtype in DTYPES:
        if fits(format, dtype):
            x = thinned(inputs(format, dtype), at_most)
            expected = as_tensor([round_reference(format, value) for value in exact(x)], dtype)
            got = format.quantize(x)
            assert got.dtype == dtype
            wrong = (got != expected).nonzero().reshape(-1).tolist()
            found += [(x[i].item(), got[i].item(), expected[i].item()) for i in wrong[:3]]
    return found


def other_than_the_neighbour_drawn(format: Format, at_most: int) -> list[tuple[float, float, float]]:
    """(x, quantize with a generator, the neighbour that the draw says) where they differ."""
    found: list[tuple[float, float, float]] = []
    key = draw_key(seeded(11))
    for dtype in DTYPES:
        if not wraps(format) and fits(format, dtype) and not inexact(format, dtype):
            x = thinned(inputs(format, dtype), at_most)
            draws = [draw_word(key, index) for index in range(len(x))]
            expected = as_tensor(
                [stochastic_reference(format, *pair) for pair in zip(exact(x), draws, strict=True)], dtype
            )
            got = format.quantize(x, generator=seeded(11))
            assert got.dtype == dtype
            found += [(x[i].item(), got[i].item(), expected[i].item()) for i in (got != expected).nonzero().reshape(-1)]
    return found


class FormatContract:
    """Inherit, and set ``formats`` to members that use every field of the family."""

    formats: ClassVar[tuple[Format, ...]]

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "format" in metafunc.fixturenames:
            metafunc.parametrize("format", self.formats, ids=str)

    def test_quantize_is_the_reference(self, format: Format) -> None:
        if own_rule(format) is not Rounding.STOCHASTIC:
            assert other_than_the_reference(format, at_most=200) == []

    @pytest.mark.slow
    def test_quantize_is_the_reference_at_all_inputs(self, format: Format) -> None:
        if own_rule(format) is not Rounding.STOCHASTIC:
            assert other_than_the_reference(format, at_most=10**6) == []

    def test_some_float_dtype_holds_it(self, format: Format) -> None:
        assert any(fits(format, dtype) for dtype in DTYPES)

    def test_it_takes_exactly_the_dtypes_that_hold_its_values(self, format: Format) -> None:
        if format.grid is None:
            return
        ends = format.encode(as_tensor([format.minimum, format.maximum], torch.float64)).tolist()
        values = [value for _, value in numbers(format, [*some_codes(format), *ends])]
        for dtype in DTYPES:
            held = all(
                math.isfinite(v) and Fraction(v) == value
                for v, value in zip(as_tensor(values, dtype).tolist(), values, strict=True)
            )
            assert fits(format, dtype) == held

    def test_quantize_is_idempotent(self, format: Format) -> None:
        for dtype in (torch.float16, torch.bfloat16, *DTYPES):
            if fits(format, dtype):
                once = format.quantize(inputs(format, torch.float64).to(dtype).nan_to_num(), generator=seeded())
                rules = [seeded()] if own_rule(format) is Rounding.STOCHASTIC else [None]
                if own_rule(format) is not Rounding.STOCHASTIC and not inexact(format, dtype):
                    rules.append(seeded())
                for generator in rules:
                    assert torch.equal(format.quantize(once, generator=generator), once)

    def test_quantize_is_monotone(self, format: Format) -> None:
        if own_rule(format) is Rounding.STOCHASTIC or wraps(format):
            return
        for dtype in DTYPES:
            if fits(format, dtype):
                ascending = format.quantize(inputs(format, dtype).sort().values)
                assert bool((ascending.diff() >= 0).all())

    def test_quantize_is_odd_where_the_format_is(self, format: Format) -> None:
        if own_rule(format) is Rounding.STOCHASTIC or not is_odd(format):
            return
        for dtype in DTYPES:
            if fits(format, dtype):
                x = inputs(format, dtype)
                x = x[x != 0]
                assert torch.equal(format.quantize(-x), -format.quantize(x))

    def test_zero_is_never_negative(self, format: Format) -> None:
        for dtype in DTYPES:
            if fits(format, dtype):
                for generator in (seeded(),) if own_rule(format) is Rounding.STOCHASTIC else (None, seeded()):
                    q = format.quantize(inputs(format, dtype), generator=generator)
                    assert not bool(((q == 0) & q.signbit()).any())

    def test_every_code_decodes_and_encodes(self, format: Format) -> None:
        size = format.word.stop - format.word.start
        assert format.bits == (size - 1).bit_length()
        dtype = torch.float32 if fits(format, torch.float32) and not inexact(format, torch.float32) else torch.float64
        codes = list(format.word) if size <= EXHAUSTIVE else some_codes(format)
        pairs = list(numbers(format, codes))
        encoded = format.encode(as_tensor([value for _, value in pairs], dtype))
        assert encoded.dtype == torch.int64
        if size > EXHAUSTIVE:
            assert [format.decode(code) for code in encoded.tolist()] == [value for _, value in pairs]
            return
        canonical: dict[Fraction, int] = {}
        for code, value in pairs:
            canonical.setdefault(value, code)
        assert encoded.tolist() == [canonical[value] for _, value in pairs]

    def test_decode_of_encode_is_quantize(self, format: Format) -> None:
        for dtype in DTYPES:
            if fits(format, dtype):
                x = thinned(inputs(format, dtype), 800)
                if own_rule(format) is Rounding.STOCHASTIC:
                    x = format.quantize(x, generator=seeded())
                    expected = x
                else:
                    expected = format.quantize(x)
                decoded = [format.decode(code) for code in format.encode(x).tolist()]
                assert torch.equal(as_tensor(decoded, dtype), expected)

    def test_there_is_no_code_outside_the_word(self, format: Format) -> None:
        for code in (format.word.start - 1, format.word.stop):
            with pytest.raises(ValueError, match="codes"):
                format.decode(code)

    def test_minimum_maximum_grid_and_digits_are_those_of_the_values(self, format: Format) -> None:
        size = format.word.stop - format.word.start
        codes = list(format.word) if size <= EXHAUSTIVE else some_codes(format)
        if size > EXHAUSTIVE:
            codes += format.encode(as_tensor([format.minimum, format.maximum], torch.float64)).tolist()
        values = [value for _, value in numbers(format, codes)]
        assert (format.minimum, format.maximum) == (min(values), max(values))
        if format.grid is not None:
            steps = [value / Fraction(2) ** format.grid for value in values]
            assert all(step.denominator == 1 for step in steps)
            assert any(step.numerator % 2 for step in steps)
        widths = [abs(n // (n & -n)).bit_length() for n in (value.numerator for value in values) if n]
        tight = size <= EXHAUSTIVE and format.grid is not None
        assert max(widths) == format.digits if tight else max(widths) <= format.digits

    def test_inside_is_between_the_ends(self, format: Format) -> None:
        for dtype in DTYPES:
            if fits(format, dtype):
                x = inputs(format, dtype)
                low, high = as_tensor([format.minimum, format.maximum], dtype)
                assert torch.equal(format.inside(x), (x >= low) & (x <= high))

    def test_text_both_ways(self, format: Format) -> None:
        again = parse(str(format))
        assert again == format
        assert hash(again) == hash(format)
        assert str(again) == str(format)

    def test_a_generator_draws_between_the_neighbours_with_the_right_mean(self, format: Format) -> None:
        if wraps(format):
            return
        for dtype in DTYPES:
            if not fits(format, dtype):
                continue
            x = thinned(inputs(format, dtype), 40)
            drawn = format.quantize(x.expand(DRAWS, -1), generator=seeded(7))
            again = format.quantize(x.expand(DRAWS, -1), generator=seeded(7))
            assert torch.equal(drawn, again)
            for i, value in enumerate(exact(x)):
                lower, upper, chance = draw_reference(format, value)
                ends = as_tensor([lower, upper], dtype)
                seen = drawn[:, i]
                assert bool(((seen == ends[0]) | (seen == ends[1])).all()), f"{float(value)} became {seen.unique()}"
                if lower != upper:
                    frequency, p = (seen == ends[1]).double().mean().item(), float(chance)
                    # p is resolved to 2**-24; beside the standard error one draw of so many may deviate
                    bound = Z * math.sqrt(p * (1 - p) / DRAWS) + 1 / DRAWS + 2.0**-24
                    assert abs(frequency - p) <= bound, f"{float(value)}: {frequency} of the draws up, not {p}"

    def test_a_generator_takes_the_neighbour_that_the_draw_says(self, format: Format) -> None:
        assert other_than_the_neighbour_drawn(format, at_most=50) == []

    @pytest.mark.slow
    def test_a_generator_takes_the_neighbour_that_the_draw_says_at_more_inputs(self, format: Format) -> None:
        assert other_than_the_neighbour_drawn(format, at_most=200) == []

    def test_its_own_stochastic_rounding_needs_a_generator(self, format: Format) -> None:
        if own_rule(format) is Rounding.STOCHASTIC:
            with pytest.raises(ValueError, match="generator"):
                format.quantize(torch.zeros(1, dtype=torch.float64))

    @pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
    def test_nan_and_infinity_are_refused(self, format: Format, bad: float) -> None:
        x = torch.zeros(2, 5, dtype=torch.float64)
        x[1, 2] = bad
        for verb in (lambda x: format.quantize(x, generator=seeded()), format.encode):
            with pytest.raises(ValueError, match=r"cannot represent .*(nan|inf) \(element 7 of 10\)"):
                verb(x)

    def test_integers_are_refused(self, format: Format) -> None:
        with pytest.raises(ValueError, match="int64"):
            format.quantize(torch.zeros(1, dtype=torch.int64), generator=seeded())

    def test_any_shape_and_the_input_is_left_alone(self, format: Format) -> None:
        dtype = torch.float32 if fits(format, torch.float32) else torch.float64
        flat = thinned(inputs(format, dtype), 60).clone()
        kept = flat.clone()

        def quantize(x: Tensor) -> Tensor:
            return format.quantize(x, generator=seeded() if own_rule(format) is Rounding.STOCHASTIC else None)

        whole = quantize(flat)
        assert torch.equal(flat, kept)
        if own_rule(format) is not Rounding.STOCHASTIC:
            square = flat[: flat.numel() // 6 * 6].reshape(-1, 6)
            assert quantize(square).shape == square.shape
            assert torch.equal(quantize(square.T), quantize(square).T)
            assert torch.equal(quantize(flat[::3]), whole[::3])
            assert torch.equal(quantize(flat[2]), whole[2])
            assert torch.equal(quantize(flat[:1].expand(4)), whole[:1].expand(4))
            assert torch.equal(format.encode(square.T), format.encode(square).T)
            assert format.encode(flat[2]).shape == ()
        assert quantize(flat[:0].reshape(0, 3)).shape == (0, 3)
        assert format.encode(flat[:0].reshape(0, 3)).shape == (0, 3)
        assert quantize(flat[2]).shape == ()
