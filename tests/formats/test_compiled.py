"""The compiled quantisers give the bits of torch's: every rule, dtype, processor, length and number of threads."""

from collections.abc import Iterator
from itertools import product

import pytest
import torch
from torch import Generator, Tensor

from adequate.formats import (
    BFLOAT16,
    BINARY16,
    BINARY32,
    E4M3,
    E5M2,
    Fixed,
    Format,
    Minifloat,
    Nearest,
    Overflow,
    PowerOfTwo,
    Rounding,
    Specials,
    Underflow,
    compiled,
)
from adequate.formats.epilogue import Epilogue
from adequate.native import Processor, kernels, processor
from tests.contracts.format_contract import fits, inputs, seeded

RULES = tuple(Rounding)
UNDERFLOWS = tuple(Underflow)
PROCESSORS = [one for one in Processor if Processor.PORTABLE <= one <= processor]

FIXED = [
    Fixed(bits, frac, rounding=rule)
    for (bits, frac), rule in product([(8, 4), (1, 0), (4, -119), (23, 9), (24, 9), (25, 3), (4, 120), (50, 7)], RULES)
]
FIXED += [Fixed(8, 4, signed=False), Fixed(5, 2, narrow=True), Fixed(8, 900), Fixed(8, -900), Fixed(54, 20)]
FIXED += [Fixed(6, 2, overflow=Overflow.WRAP)]
MINIFLOATS = [
    Minifloat(exp, man, underflow=underflow, rounding=rule)
    for (exp, man), underflow, rule in product([(4, 3), (3, 0), (5, 10), (8, 7)], UNDERFLOWS, RULES)
]
MINIFLOATS += [E4M3, E5M2, BFLOAT16, BINARY16, BINARY32, Minifloat(2, 0, specials=Specials.NAN), Minifloat(10, 40)]
MINIFLOATS += [
    Minifloat(4, 3, bias=125),
    Minifloat(4, 3, bias=-110),
    Minifloat(3, 2, bias=140),
    Minifloat(9, 52),
    Minifloat(11, 40),
]
POWERS = [
    PowerOfTwo(bits, top, zero, nearest)
    for (bits, top), zero, nearest in product([(4, -1), (2, 3), (8, 0), (5, -100), (9, 127)], (False, True), Nearest)
]

pytestmark = pytest.mark.skipif(kernels is None, reason="no compiled kernels here")


@pytest.fixture(params=PROCESSORS, ids=lambda one: one.name.lower())
def on_processor(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Processor]:
    monkeypatch.setattr(compiled, "processor", request.param)
    return request.param


def by_torch(format: Format, x: Tensor, generator: Generator | None) -> Tensor:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "kernels", None)
        return format.quantize(x, generator=generator)


def same_bits(a: Tensor, b: Tensor) -> bool:
    integer = torch.int32 if a.dtype is torch.float32 else torch.int64
    return a.dtype == b.dtype and torch.equal(a.view(integer), b.view(integer))


def generators(format: Format) -> list[int | None]:
    return [3] if getattr(format, "rounding", None) is Rounding.STOCHASTIC else [None, 3]


@pytest.mark.parametrize("format", FIXED + MINIFLOATS + POWERS, ids=str)
def test_the_bits_are_those_of_torch(format: Format, on_processor: Processor) -> None:
    for dtype in (torch.float32, torch.float64):
        if not fits(format, dtype):
            continue
        x = inputs(format, dtype)
        for seed in generators(format):
            got, expected = (
                act(x, None if seed is None else seeded(seed))
                for act in (lambda x, g: format.quantize(x, generator=g), lambda x, g: by_torch(format, x, g))
            )
            different = (got != expected).nonzero().reshape(-1).tolist()
            assert same_bits(got, expected), [(x[i].item(), got[i].item(), expected[i].item()) for i in different[:3]]


@pytest.mark.parametrize("format", FIXED + MINIFLOATS + POWERS, ids=str)
def test_a_kernel_takes_all_but_what_is_named(format: Format) -> None:
    """Wrapping, and what would need more digits or a higher exponent than a double has to be rounded by an addition."""
    wide = format.digits > 51 or format.maximum > 2**1019
    assert (format.kernel(Rounding.NEAREST_EVEN) is None) == (
        wide or getattr(format, "overflow", None) is Overflow.WRAP
    )


@pytest.mark.parametrize("length", [0, 1, 3, 1023, 1024, 1025, 5000])
@pytest.mark.parametrize("offset", [0, 1, 5])
def test_any_length_and_alignment(length: int, offset: int, on_processor: Processor) -> None:
    for format, dtype in product((Fixed(8, 4), E4M3, PowerOfTwo(4)), (torch.float32, torch.float64)):
        x = torch.randn(length + offset, generator=seeded(), dtype=dtype)[offset:]
        for seed in (None, 1):
            generator = None if seed is None else seeded(seed)
            got = format.quantize(x, generator=generator)
            assert same_bits(got, by_torch(format, x, None if seed is None else seeded(seed)))


def test_threads_and_large_tensors_change_nothing(on_processor: Processor) -> None:
    x = torch.randn(3 * 2**19 + 77, generator=seeded())
    threads = torch.get_num_threads()
    try:
        for format, seed in product((Fixed(8, 4), E4M3, PowerOfTwo(4)), (None, 5)):
            results = []
            for count in (1, 2, 5):
                torch.set_num_threads(count)
                results.append(format.quantize(x, generator=None if seed is None else seeded(seed)))
                with pytest.raises(ValueError, match=r"cannot represent inf \(element 1572900 of 1572941\)"):
                    format.quantize(x.index_fill(0, torch.tensor([1572900, 1572903]), torch.inf))
            assert same_bits(results[0], results[1])
            assert same_bits(results[0], results[2])
            assert same_bits(results[0], by_torch(format, x, None if seed is None else seeded(seed)))
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("at", [0, 1023, 1024, 2050])
def test_the_first_culprit_is_named_in_place_too(bad: float, at: int, on_processor: Processor) -> None:
    for format, dtype in product((Fixed(8, 4), E4M3, PowerOfTwo(4)), (torch.float32, torch.float64, torch.bfloat16)):
        x = torch.ones(2051, dtype=dtype)
        x[-1], x[at] = torch.nan, bad
        for act in (format.quantize, format.quantize_):
            with pytest.raises(
                ValueError, match=rf"^{str(format)[:4]}.* cannot represent {bad} \(element {at} of 2051\)"
            ):
                act(x.clone())


@pytest.mark.parametrize("format", [Fixed(8, 4), E4M3, PowerOfTwo(4), Fixed(8, 4, overflow=Overflow.WRAP)], ids=str)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_in_place_is_the_same(format: Format, dtype: torch.dtype) -> None:
    x = torch.randn(7, 300, generator=seeded()).to(dtype)
    for view, seed in product((lambda x: x, lambda x: x.T, lambda x: x[:, ::2]), (None, 2)):
        y = view(x.clone())
        version = y._version
        expected = format.quantize(y, generator=None if seed is None else seeded(seed))
        assert format.quantize_(y, generator=None if seed is None else seeded(seed)) is y
        assert torch.equal(y, expected)
        assert y._version > version


def test_what_a_kernel_cannot_see_goes_to_torch() -> None:
    x = torch.randn(5, generator=seeded(), requires_grad=True)
    Fixed(8, 4).quantize(x).sum().backward()
    assert x.grad is not None
    assert torch.equal(x.grad, torch.zeros(5))
    assert not compiled.takes(torch.empty(4, device="meta"))


@pytest.mark.parametrize("rectified", [False, True])
@pytest.mark.parametrize("length", [0, 1, 255, 256, 5000])
def test_what_follows_the_rounding_is_done_in_the_same_pass(
    length: int, rectified: bool, on_processor: Processor
) -> None:
    """As torch does it afterwards; NaN and infinities of the addend included."""
    ends = torch.tensor([torch.nan, torch.inf, -torch.inf, -0.0])
    for format, dtype in product((Fixed(8, 4), Fixed(24, 9), E4M3, PowerOfTwo(4)), (torch.float32, torch.float64)):
        x, other = torch.randn(2, length, generator=seeded(), dtype=dtype) * 3
        other[: min(4, length)] = ends[: min(4, length)]
        for addend in (None, other):
            epilogue = Epilogue(addend, rectified)
            y = x.clone()
            assert format.quantize_(y, epilogue=epilogue) is y
            expected = format.quantize(x) if addend is None else format.quantize(x) + addend
            torch.testing.assert_close(y, expected.relu() if rectified else expected, rtol=0, atol=0, equal_nan=True)


def test_an_addend_laid_out_otherwise_is_added_by_torch() -> None:
    x = torch.randn(6, 40, generator=seeded())
    for addend in (torch.randn(40, 6, generator=seeded()).T, torch.randn(40), torch.randn(6, 40).double()):
        epilogue = Epilogue(addend)
        assert not epilogue.suits(x)
        assert torch.equal(E4M3.quantize_(x.clone(), epilogue=epilogue), (E4M3.quantize(x) + addend).float())
