"""Triton's registers against the processor's, bit for bit: by its interpreter, or on a GPU where there is one."""

from fractions import Fraction

import pytest
import torch
from torch import Generator, Tensor

from adequate.formats import BFLOAT16, BINARY16, E4M3, E5M2, Fixed, Format, Minifloat, Overflow, Rounding, Underflow
from adequate.kernels import reference
from adequate.kernels.accumulate_steps import accumulate_steps
from adequate.kernels.triton.accumulate import accumulate
from adequate.kernels.triton.products import of_numbers
from adequate.kernels.triton.rounding import steps
from adequate.operators import Accumulator, Order, Ripple

pytestmark = pytest.mark.slow
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"

ACCUMULATORS = [
    Accumulator(Minifloat(5, 10)),
    Accumulator(Minifloat(4, 3)),
    Accumulator(Minifloat(3, 1)),
    Accumulator(BINARY16, product=BINARY16),
    Accumulator(BINARY16, compensated=True),
    Accumulator(BFLOAT16, product=Minifloat(5, 10), compensated=True),
    Accumulator(E5M2, Order.BLOCKED, block=3),
    Accumulator(Minifloat(6, 9), Order.BLOCKED, block=4, product=E4M3),
    Accumulator(Minifloat(8, 23)),
    Accumulator(Minifloat(9, 40), product=Minifloat(8, 12)),
    Accumulator(Fixed(10, 4)),
    Accumulator(Fixed(16, 10, narrow=True), product=Fixed(12, 8)),
    Accumulator(Fixed(9, 4, signed=False)),
    Accumulator(Fixed(10, 4, overflow=Overflow.WRAP)),
    Accumulator(Fixed(7, 2, signed=False, overflow=Overflow.WRAP), Order.BLOCKED, block=5),
    Accumulator(Fixed(10, 4), product=Fixed(6, 3, overflow=Overflow.WRAP)),
    Accumulator(Fixed(40, 30)),
]

OPERANDS: dict[str, Format | None] = {
    "e5m10": BINARY16,  # 11 digits: lanes of float32 where the register allows
    "fixed": Fixed(12, 6),
    "float32": None,
}


def numbers(shape: tuple[int, ...], format: Format | None, spread: float, generator: Generator) -> Tensor:
    x = torch.randn(shape, generator=generator) * torch.exp2(spread * torch.randn(shape, generator=generator))
    x[torch.rand(shape, generator=generator) < 0.1] = 0.0
    return x if format is None else format.quantize(x)


def same_bits(a: Tensor, b: Tensor) -> bool:
    return a.dtype == b.dtype and torch.equal(a.view(torch.int64), b.view(torch.int64))


@pytest.mark.parametrize("operands", OPERANDS)
@pytest.mark.parametrize("accumulator", ACCUMULATORS, ids=str)
def test_numbers(accumulator: Accumulator, operands: str) -> None:
    """Spread over some binades, so that registers saturate, swallow terms, and hold numbers below their normal ones."""
    generator = Generator().manual_seed(1)
    x, w = (numbers(shape, OPERANDS[operands], 3, generator) for shape in ((2, 9, 8), (2, 7, 8)))
    x[:, 0] *= 2.0**-12
    got = accumulate(x.to(DEVICE), w.to(DEVICE), accumulator)
    assert got is not None
    assert same_bits(got.cpu(), accumulate_steps(x, w, accumulator, None, 0))


@pytest.mark.parametrize("accumulator", ACCUMULATORS, ids=str)
def test_patterns(accumulator: Accumulator) -> None:
    generator = Generator().manual_seed(2)
    x, w = (torch.randint(64, shape, generator=generator, dtype=torch.uint8) for shape in ((3, 7), (5, 7)))
    table = torch.randint(-(2**12), 2**12, (64, 64), generator=generator, dtype=torch.int32)
    for grid in (-16, -8):
        got = accumulate(x.to(DEVICE), w.to(DEVICE), accumulator, table.to(DEVICE), grid)
        assert got is not None
        assert same_bits(got.cpu(), accumulate_steps(x, w, accumulator, table, grid))


@pytest.mark.parametrize("accumulator", ACCUMULATORS, ids=str)
def test_definition(accumulator: Accumulator) -> None:
    generator = Generator().manual_seed(5)
    x, w = (numbers((1, 12), None, 2, generator) for _ in range(2))
    got = accumulate(x.to(DEVICE), w.to(DEVICE), accumulator)
    assert got is not None
    products = [Fraction(a) * Fraction(b) for a, b in zip(x[0].tolist(), w[0].tolist(), strict=True)]
    assert got.item() == reference.accumulate(products, accumulator)


SHAPES = {  # x and w
    "broadcast": ((2, 3, 4, 5), (3, 2, 5)),
    "one batch": ((1, 4, 5), (3, 2, 5)),
    "wide": ((3, 4), (70, 4)),
    "tall": ((1030, 2), (1, 2)),
    "no term": ((2, 3, 0), (2, 4, 0)),
    "no row": ((2, 0, 3), (2, 4, 3)),
    "no column": ((3, 2), (0, 2)),
    "no batch": ((0, 3, 2), (4, 2)),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes(shape: str) -> None:
    generator = Generator().manual_seed(3)
    x, w = (numbers(sizes, BINARY16, 1, generator) for sizes in SHAPES[shape])
    accumulator = Accumulator(BINARY16)
    got = accumulate(x.to(DEVICE), w.to(DEVICE), accumulator)
    assert got is not None
    assert same_bits(got.cpu(), accumulate_steps(x, w, accumulator, None, 0))


def test_views() -> None:
    generator = Generator().manual_seed(4)
    x, w = numbers((7, 6, 2), None, 1, generator)[1:, :, 1].mT, numbers((4, 13), None, 1, generator)[:, 1::2]
    accumulator = Accumulator(Minifloat(5, 10))
    got = accumulate(x.to(DEVICE), w.to(DEVICE), accumulator)
    assert got is not None
    assert same_bits(got.cpu(), accumulate_steps(x, w, accumulator, None, 0))


def test_lanes() -> None:
    """float32 where it is proven: 12 digits times 12, a register of 22, no subnormal number of the lane anywhere."""

    def lane(x: Tensor, w: Tensor, format: Format) -> str | None:
        products = of_numbers(x, w)
        assert products is not None
        for name in ("float32", "float64"):
            register = steps(format, name)
            if register is not None and products.exact_in(name, register, None):
                return name
        return None

    wide, short = torch.tensor([[1 + 2.0**-12]]), torch.tensor([[1 + 2.0**-11]])
    assert lane(short, short, Minifloat(5, 21)) == "float32"
    assert lane(short, short, Minifloat(5, 22)) == "float64"
    assert lane(wide, short, Minifloat(5, 10)) == "float64"
    assert lane(short, short * 2.0**-104, Minifloat(5, 10)) == "float32"
    assert lane(short, short * 2.0**-105, Minifloat(5, 10)) == "float64"
    assert lane(short, short * 2.0**126, Minifloat(5, 10)) == "float64"
    assert lane(short, short, Minifloat(8, 7)) == "float64"  # its least step is 2**-133
    assert lane(short, short, Minifloat(11, 50)) is None
    wrapping = Fixed(20, 0, overflow=Overflow.WRAP)
    assert lane(short, torch.tensor([[2.0**21]]), wrapping) == "float32"
    assert lane(short, torch.tensor([[2.0**22]]), wrapping) == "float64"
    assert lane(short, torch.tensor([[2.0**51]]), wrapping) is None


NONE = {
    "tree": Accumulator(BINARY16, Order.TREE),
    "adder": Accumulator(Fixed(8, 2), adder=Ripple(8)),
    "rounding": Accumulator(Fixed(8, 2, rounding=Rounding.DOWN)),
    "underflow": Accumulator(Minifloat(5, 2, underflow=Underflow.FLUSH)),
    "no mantissa": Accumulator(Minifloat(5, 0)),
    "rounding of products": Accumulator(BINARY16, product=Minifloat(5, 2, rounding=Rounding.TOWARD_ZERO)),
}


@pytest.mark.parametrize("accumulator", NONE)
def test_what_has_no_kernel(accumulator: str) -> None:
    ones = torch.ones(1, 1, device=DEVICE)
    assert accumulate(ones, ones, NONE[accumulator]) is None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1 + 2.0**-30], ids=str)
def test_operands_without_a_kernel(value: float) -> None:
    """Not finite, or no float32 number: torch raises, or computes."""
    x = torch.tensor([[value]], dtype=torch.float64, device=DEVICE)
    assert accumulate(x, torch.ones_like(x), Accumulator(BINARY16)) is None
