"""The compiled accumulator gives the bits of the steps, where its lanes are proven to, and is taken nowhere else."""

from dataclasses import replace
from itertools import product
from math import inf

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from adequate.formats import BFLOAT16, E4M3, E5M2, Fixed, Format, Minifloat, Overflow, Rounding, Underflow
from adequate.kernels import accumulate_native as native
from adequate.kernels.accumulate import accumulate
from adequate.kernels.accumulate_lanes import BINADES, DOUBLE, SINGLE, Extent, Lane, Rounder, Route, route
from adequate.kernels.accumulate_native import accumulate_native, extent_of
from adequate.kernels.accumulate_steps import accumulate_steps
from adequate.kernels.exact import grid_of
from adequate.native import Processor, kernels, processor
from adequate.operators import Accumulator, Order, Ripple

pytestmark = pytest.mark.skipif(kernels is None, reason="no compiled kernels")
HERE = [one for one in Processor if Processor.TORCH < one <= processor]

HALF, BRAIN, BINARY32 = Minifloat(5, 10), BFLOAT16, Minifloat(8, 23)
OPERANDS = {str(one): one for one in (E4M3, E5M2, HALF, BRAIN, Fixed(8, 5), Fixed(8, 0), Fixed(4, 9))}
REGISTERS = [
    HALF,
    BRAIN,
    BINARY32,
    E4M3,
    E5M2,
    Minifloat(6, 9),
    Minifloat(3, 4),
    Minifloat(5, 10, underflow=Underflow.FLUSH),
    Fixed(16, 10),
    Fixed(16, 4),
    Fixed(12, 0, signed=False),
    Fixed(16, 8, overflow=Overflow.WRAP),
    Fixed(8, 3, narrow=True),
    Fixed(16, 12, rounding=Rounding.DOWN),
]
PRODUCTS = [None, HALF, E4M3, Fixed(12, 6), Fixed(8, 2, overflow=Overflow.WRAP)]
ORDERS = [(Order.SEQUENTIAL, None), (Order.BLOCKED, 1), (Order.BLOCKED, 5)]


def same_bits(a: Tensor, b: Tensor) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and torch.equal(a.view(torch.int64), b.view(torch.int64))


def drawn(format: Format, shape: tuple[int, ...], spread: float, generator: torch.Generator) -> Tensor:
    """Numbers of the format over 2**-spread .. 2**spread, some 0, some doubled or taken back by the next: ties, ends,
    numbers below the normal ones, cancellation."""
    x = torch.randn(shape, generator=generator) * torch.exp2((torch.rand(shape, generator=generator) * 2 - 1) * spread)
    x = torch.where(torch.rand(shape, generator=generator) < 0.1, 0.0, x)
    if shape[-1]:
        back = torch.rand(shape, generator=generator)
        x = torch.where(back < 0.1, -x.roll(1, -1), torch.where(back > 0.9, x.roll(1, -1) / 2, x))
    return format.quantize(x)


def check(accumulator: Accumulator, x: Tensor, w: Tensor) -> bool:
    """Whether there is a route; if there is, its bits are right on every kind of processor."""
    expected = accumulate_steps(x, w, accumulator, None, 0)
    found = [accumulate_native(x, w, accumulator, on) for on in HERE]
    assert all(one is None or same_bits(one, expected) for one in found), (str(accumulator), x, w)
    return found[0] is not None


@pytest.mark.parametrize("register", REGISTERS, ids=str)
@given(
    seed=st.integers(0, 2**32),
    operands=st.tuples(st.sampled_from(sorted(OPERANDS)), st.sampled_from(sorted(OPERANDS))),
    product=st.sampled_from(PRODUCTS),
    order=st.sampled_from(ORDERS),
    spread=st.floats(0, 12),
    terms=st.integers(0, 20),
)
@settings(max_examples=25)
def test_the_bits_are_those_of_the_steps(
    register: Format,
    seed: int,
    operands: tuple[str, str],
    product: Format | None,
    order: tuple[Order, int | None],
    spread: float,
    terms: int,
) -> None:
    generator = torch.Generator().manual_seed(seed)
    x = drawn(OPERANDS[operands[0]], (2, 5, terms), spread, generator)
    w = drawn(OPERANDS[operands[1]], (9, terms), spread, generator)
    check(Accumulator(register, order[0], block=order[1], product=product), x, w)


@pytest.mark.slow
def test_the_bits_are_those_of_the_steps_over_long_sums() -> None:
    """Operands, registers, products and orders in one of 19 combinations, sums of 300 terms; most have lanes."""
    generator, taken = torch.Generator().manual_seed(0), 0
    cases = list(product(OPERANDS.values(), OPERANDS.values(), REGISTERS, PRODUCTS, ORDERS))[::19]
    for a, b, register, rounded, (order, block) in cases:
        x, w = drawn(a, (3, 300), 6, generator), drawn(b, (17, 300), 6, generator)
        taken += check(Accumulator(register, order, block=block and 32 * block, product=rounded), x, w)
    assert taken > len(cases) / 2


@pytest.mark.parametrize(
    ("x", "w", "accumulator", "lane"),
    [
        (HALF, HALF, Accumulator(HALF), SINGLE),
        (HALF, HALF, Accumulator(HALF, product=HALF), SINGLE),
        (E4M3, E4M3, Accumulator(HALF), SINGLE),
        (E5M2, E4M3, Accumulator(HALF, Order.BLOCKED, block=64), SINGLE),
        (BRAIN, BRAIN, Accumulator(BRAIN), SINGLE),
        (Fixed(8, 5), Fixed(8, 7), Accumulator(Fixed(16, 8)), SINGLE),
        (Fixed(8, 5), Fixed(8, 7), Accumulator(Fixed(16, 12)), SINGLE),
        (HALF, HALF, Accumulator(Fixed(16, 8)), DOUBLE),
        (Fixed(8, 5), Fixed(8, 7), Accumulator(Fixed(16, 12, overflow=Overflow.WRAP)), SINGLE),
        (Fixed(8, 5), Fixed(8, 7), Accumulator(BINARY32), SINGLE),
        (HALF, HALF, Accumulator(HALF, compensated=True), None),
        (HALF, HALF, Accumulator(HALF, Order.TREE), None),
        (HALF, HALF, Accumulator(Fixed(16, 8), adder=Ripple(16)), None),
        (HALF, HALF, Accumulator(Minifloat(5, 10, rounding=Rounding.TOWARD_ZERO)), None),
    ],
    ids=str,
)
def test_which_lanes_are_taken(x: Format, w: Format, accumulator: Accumulator, lane: Lane | None) -> None:
    generator = torch.Generator().manual_seed(0)
    a, b = x.quantize(torch.randn(4, 99, generator=generator)), w.quantize(torch.randn(16, 99, generator=generator))
    largest_sum = float(b.abs().sum(-1).max()) * float(a.abs().max())
    chosen = route(accumulator, extent_of(a, processor), extent_of(b, processor), largest_sum, 99)
    assert (None if chosen is None else chosen.lane) == lane
    assert check(accumulator, a, b) == (lane is not None)


def beside_ties(small: float, sign: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """A register of ``small``, then all products of odd 8-digit factors, of which those of 9 digits are ties of 8."""
    factors = torch.arange(1, 256, 2, dtype=dtype)
    first, one = torch.full_like(factors, small), torch.ones_like(factors)
    return torch.stack([first, sign * factors], 1), torch.stack([one, factors], 1)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("small", [0.0, 2.0**-7, 2.0**-12, -(2.0**-40), 2.0**-118, -(2.0**-126), 2.0**-400])
def test_a_register_that_is_lost_decides_a_tie(small: float, sign: int) -> None:
    x, w = beside_ties(small, sign, torch.float64)
    assert check(Accumulator(BRAIN), x, w)
    assert check(Accumulator(Minifloat(10, 6)), x, w)
    assert check(Accumulator(Minifloat(10, 4), product=Fixed(20, 2)), x, w)


def test_rounding_to_odd_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: without it ties go to the even number, whatever the register was."""
    x, w = beside_ties(2.0**-40, 1, torch.float32)
    expected = accumulate(x, w, Accumulator(BRAIN))
    monkeypatch.setattr(native, "route", lambda *of: Route(SINGLE, Rounder(), replace(route(*of).sum, odd=False)))  # type: ignore[union-attr]
    lower = accumulate(x, w, Accumulator(BRAIN)) < expected
    ties = [(a, b) for a in range(1, 256, 2) for b in range(1, 256, 2) if (a * b).bit_length() == 9 and a * b % 4 == 1]
    assert [(2 * i + 1, 2 * j + 1) for i, j in lower.nonzero().tolist()] == ties


def test_the_proof_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: 1 + 2**-10 and a product just below the tie 2**-11; in float32 their sum is the tie."""
    x = torch.tensor([[1 + 2.0**-10, 2.0**-11 * (1 + 2.0**-10)]])
    w = torch.tensor([[1.0, 1 - 2.0**-10]])
    assert accumulate(x, w, Accumulator(HALF)).item() == 1 + 2.0**-10
    narrow = Route(SINGLE, Rounder(), Rounder(BINADES, factor=1.5 * 2.0**13))
    monkeypatch.setattr(native, "route", lambda *_: narrow)
    assert accumulate(x, w, Accumulator(HALF)).item() == 1 + 2.0**-9


@pytest.mark.parametrize(
    ("x", "w", "register", "lane"),
    [
        # products of 12 digits may be ties of 11; beside the lowest number of a register they span 40 digits
        (Extent(2.0**8, -24, 6), Extent(2.0**8, -24, 6), HALF, SINGLE),
        (Extent(2.0**8, -24, 7), Extent(2.0**8, -24, 7), HALF, SINGLE),
        (Extent(2.0**8, -24, 13), Extent(2.0**8, -24, 12), HALF, DOUBLE),
        (Extent(2.0**8, -24, 7), Extent(2.0**8, -24, 7), Minifloat(5, 21), SINGLE),
        (Extent(2.0**8, -24, 7), Extent(2.0**8, -24, 7), Minifloat(5, 22), DOUBLE),
        (Extent(2.0**4, -2, 6), Extent(2.0**4, -2, 6), HALF, SINGLE),
        (Extent(2.0**4, -2, 5), Extent(2.0**4, -20, 6), HALF, SINGLE),
        (Extent(2.0**4, -2, 6), Extent(2.0**4, -20, 6), HALF, SINGLE),
        (Extent(1.0, -7, 8), Extent(1.0, -7, 8), Fixed(16, 15), SINGLE),
        (Extent(8.0, -7, 8), Extent(8.0, -7, 8), Fixed(26, 15), DOUBLE),
        (Extent(2.0**100, -7, 8), Extent(2.0**100, -7, 8), Fixed(16, 15), None),
        (Extent(1.0, -600, 8), Extent(1.0, -600, 8), HALF, None),
        (Extent(1.0, -23, 24), Extent(1.0, -23, 24), HALF, DOUBLE),  # the sums of 100 of them have 53 bits
        (Extent(1.0, -30, 24), Extent(1.0, -30, 24), HALF, DOUBLE),
        (Extent(1.0, -30, 27), Extent(1.0, -30, 27), HALF, None),
        (Extent(1.0, -7, 8), Extent(1.0, -7, 8), Minifloat(5, 0), None),
        (Extent(inf, -7, 8), Extent(1.0, -7, 8), HALF, None),
    ],
    ids=str,
)
def test_the_narrowest_lanes_that_are_proven(x: Extent, w: Extent, register: Format, lane: Lane | None) -> None:
    chosen = route(Accumulator(register), x, w, 100 * x.peak * w.peak, 100)
    assert (None if chosen is None else chosen.lane) == lane


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@given(seed=st.integers(0, 2**32), size=st.integers(0, 40), digits=st.integers(1, 24), spread=st.floats(0, 140))
@settings(max_examples=40)
def test_extents_are_what_numbers_are_made_of(
    dtype: torch.dtype, seed: int, size: int, digits: int, spread: float
) -> None:
    generator = torch.Generator().manual_seed(seed)
    steps = torch.randint(-(2**digits) + 1, 2**digits, (size,), generator=generator)
    x = (steps * torch.exp2(torch.randint(-int(spread), 1, (size,), generator=generator).double())).to(dtype)
    odd = [one // (one & -one) for one in steps.abs().tolist() if one]
    for on in HERE:
        found = extent_of(x, on)
        assert found.grid == grid_of(x)
        assert found.peak == (x.abs().max().item() if size else 0)
        assert found.digits >= max((one.bit_length() for one in odd), default=1)
        assert found.digits <= digits or x.abs().lt(2.0**-126).any()


@pytest.mark.parametrize(("m", "k", "o"), [(1, 1, 1), (3, 7, 1), (1, 5, 100), (130, 3, 2), (67, 9, 67), (5, 40, 33)])
@pytest.mark.parametrize("register", [HALF, Fixed(16, 8), BRAIN], ids=str)
def test_every_size_and_layout_and_any_threads(m: int, k: int, o: int, register: Format) -> None:
    generator = torch.Generator().manual_seed(m + o)
    accumulator = Accumulator(register, Order.BLOCKED, block=4)
    storage = drawn(HALF, (2, 1, k, m), 3, generator).flatten()
    x = torch.cat([torch.zeros(1), storage])[1:].reshape(2, 1, k, m).mT  # misaligned, not contiguous
    w = drawn(HALF, (3, k, o), 3, generator).mT
    expected = accumulate_steps(x, w, accumulator, None, 0)
    before = torch.get_num_threads()
    try:
        for threads in (1, 2, 5):
            torch.set_num_threads(threads)
            for on in HERE:
                got = accumulate_native(x, w, accumulator, on)
                assert got is not None
                assert same_bits(got, expected)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("shape", [(0, 4, 3), (2, 0, 3), (2, 4, 0), (0, 0, 0)])
def test_nothing_of_something(shape: tuple[int, int, int]) -> None:
    m, k, o = shape
    got = accumulate_native(torch.ones(2, 1, m, k), torch.ones(3, o, k), Accumulator(HALF))
    assert got is not None
    assert got.shape == (2, 3, m, o)
    assert not got.any()


@pytest.mark.parametrize("bad", [float("nan"), inf])
def test_what_is_no_number_is_left_to_the_steps(bad: float) -> None:
    x, w = torch.tensor([[1.0, bad]]), torch.ones(1, 2)
    for a, b in ((x, w), (w, x)):
        assert accumulate_native(a, b, Accumulator(HALF)) is None
        with pytest.raises(ValueError, match="cannot represent"):
            accumulate(a, b, Accumulator(HALF))


def test_without_kernels_the_steps_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(0)
    x, w = drawn(HALF, (4, 30), 3, generator), drawn(HALF, (5, 30), 3, generator)
    expected = accumulate(x, w, Accumulator(HALF))
    monkeypatch.setattr(native, "kernels", None)
    assert accumulate_native(x, w, Accumulator(HALF)) is None
    assert same_bits(accumulate(x, w, Accumulator(HALF)), expected)


def test_the_kernel_checks_what_it_is_given() -> None:
    none = (0, 0.0, 0.0, 0.0, False, -inf, inf)
    first, good = torch.zeros(1, dtype=torch.int64), torch.ones(1, 2, 16)

    def run(**changes: object) -> None:
        given = {"rows": torch.ones(1, 3, 2), "row_of": first, "columns": good, "column_of": first, "block": 2}
        given |= {"product": none, "sum": none, "out": torch.empty(1, 3, 16), "processor": 0, "threads": 1}
        kernels.accumulate(**(given | changes))  # type: ignore[union-attr]

    run()
    for changes, message in (
        ({"rows": torch.ones(1, 3, 3)}, "different numbers of terms"),
        ({"rows": torch.ones(1, 4, 2)}, "the sums have another size"),
        ({"columns": torch.ones(1, 2, 15), "out": torch.empty(1, 3, 15)}, "columns come in whole vectors"),
        ({"columns": good.double()}, "of one type"),
        ({"out": torch.empty(1, 3, 16, dtype=torch.int32)}, "sums are float32 or float64"),
        ({"row_of": first + 1}, "no such matrix"),
        ({"column_of": first - 1}, "no such matrix"),
        ({"column_of": first.repeat(2)}, "one matrix is chosen for each batch"),
        ({"block": 0}, "a block is not empty"),
        ({"sum": (3, *none[1:])}, "a rounding is 0"),
        ({"processor": 3}, "not a processor that is here"),
    ):
        with pytest.raises(ValueError, match=message):
            run(**changes)
