"""A register rounded after every addition, against its definition and against floating-point units."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from adequate.formats import E4M3, Fixed, Format, Minifloat, Overflow, Rounding, Underflow
from adequate.kernels import reference
from adequate.kernels.accumulate import accumulate, add_last
from adequate.operators import Accumulator, LowerOr, Order, Ripple, Segmented, TruncatedSum

REGISTERS = [
    Fixed(10, 4),
    Fixed(10, 4, overflow=Overflow.WRAP),
    Fixed(8, -1, rounding=Rounding.DOWN),
    Fixed(12, 8, rounding=Rounding.NEAREST_AWAY),
    Minifloat(5, 10),
    Minifloat(4, 3, rounding=Rounding.TOWARD_ZERO),
    Minifloat(5, 2, underflow=Underflow.FLUSH),
    Minifloat(8, 23),
]
ACCUMULATORS = [
    *(Accumulator(register) for register in REGISTERS),
    *(Accumulator(register, Order.BLOCKED, block=3) for register in REGISTERS[::2]),
    *(Accumulator(register, Order.TREE) for register in REGISTERS[::2]),
    *(Accumulator(register, product=Minifloat(4, 3)) for register in REGISTERS),
    Accumulator(Minifloat(5, 10), Order.TREE, product=Fixed(6, 2, overflow=Overflow.WRAP)),
    Accumulator(Minifloat(5, 10), Order.BLOCKED, block=4, product=Minifloat(8, 23)),
    Accumulator(Minifloat(5, 10), compensated=True),
    Accumulator(Minifloat(4, 3, rounding=Rounding.TOWARD_ZERO), product=Minifloat(4, 5), compensated=True),
    Accumulator(Fixed(10, 4), adder=LowerOr(10, 5)),
    Accumulator(Fixed(8, 4, narrow=True), adder=TruncatedSum(8, 2)),
    Accumulator(Fixed(8, 4, signed=False), adder=LowerOr(8, 3)),
    Accumulator(Fixed(9, 4, overflow=Overflow.WRAP), Order.TREE, adder=Segmented(9, 3, 2)),
    Accumulator(Fixed(9, 4, signed=False, overflow=Overflow.WRAP), Order.BLOCKED, block=2, adder=Segmented(9, 2, 2)),
]


def sequential(x: Tensor, w: Tensor, register: Format) -> Tensor:
    return accumulate(x, w, Accumulator(register))


@pytest.mark.parametrize("accumulator", ACCUMULATORS, ids=str)
@given(seed=st.integers(0, 2**32), terms=st.integers(0, 12), scale=st.integers(-6, 4))
@settings(max_examples=10)
def test_every_element_is_the_definition(accumulator: Accumulator, seed: int, terms: int, scale: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(2, 2, terms, generator=generator)
    w = torch.randn(2, 3, terms, generator=generator) * 2.0**scale
    bias = torch.randn(3, generator=generator).double()
    got = accumulate(x, w, accumulator)
    assert got.shape == (2, 2, 3)
    with_bias = add_last(got, bias, accumulator)
    for g, m, o in np.ndindex(2, 2, 3):
        products = [Fraction(a) * Fraction(b) for a, b in zip(x[g, m].tolist(), w[g, o].tolist(), strict=True)]
        expected = reference.accumulate(products, accumulator)
        assert got[g, m, o].item() == expected
        assert with_bias[g, m, o].item() == reference.add(expected, Fraction(bias[o].item()), accumulator)


@pytest.mark.parametrize("accumulator", ACCUMULATORS, ids=str)
def test_products_from_a_table_are_those_products(accumulator: Accumulator) -> None:
    """The table of an exact 5 x 4 bit multiplier, its entries in quarters."""
    generator = torch.Generator().manual_seed(0)
    x, w = (torch.randint(0, 2**bits, (3, 2, 7), generator=generator) for bits in (5, 4))
    table = torch.arange(32, dtype=torch.int32)[:, None] * torch.arange(16, dtype=torch.int32)
    expected = accumulate(x.double() / 2, w.double() / 2, accumulator)
    assert torch.equal(accumulate(x, w, accumulator, table, -2), expected)
    assert torch.equal(accumulate(x.to(torch.uint8), w.int(), accumulator, table, -2), expected)


def test_a_table_is_read_by_row_and_column() -> None:
    table = torch.tensor([[0, 1, 2], [10, 11, 12]], dtype=torch.int32)
    got = accumulate(torch.tensor([[1, 0, 1]]), torch.tensor([[2, 1, 0]]), Accumulator(Fixed(8, 0)), table)
    assert got.item() == 12 + 1 + 10


@pytest.mark.parametrize(
    ("register", "stall"),
    [
        (Minifloat(5, 6), 128),
        (Minifloat(8, 7), 256),
        (Minifloat(8, 23), 512),
        (Fixed(9, 0), 255),
        (Fixed(14, 0), 512),
    ],
    ids=str,
)
def test_ones_stop_counting_where_the_register_swallows_them(register: Format, stall: int) -> None:
    """512 ones: a float stalls at 2**(man + 1), where the next one is a tie to even; fixed point at its maximum.

    In blocks of 32 and in a tree floats count all of them, and Kahan's compensation does.
    """
    ones = torch.ones(1, 512)
    assert sequential(ones, ones, register).item() == stall
    counted = 255 if register == Fixed(9, 0) else 512
    assert accumulate(ones, ones, Accumulator(register, Order.BLOCKED, block=32)).item() == counted
    assert accumulate(ones, ones, Accumulator(register, Order.TREE)).item() == counted
    if isinstance(register, Minifloat):
        assert accumulate(ones, ones, Accumulator(register, compensated=True)).item() == counted


def test_a_wrapping_register_ends_right_however_often_it_wrapped() -> None:
    x = torch.tensor([[100.0, 100.0, -150.0, -40.0]])
    ones = torch.ones(1, 4)
    assert sequential(x, ones, Fixed(8, 0, overflow=Overflow.WRAP)).item() == 10.0
    assert sequential(x, ones, Fixed(8, 0)).item() == -63.0  # 100, 127, -23, -63


def test_float32_registers_are_sequential_float32() -> None:
    """numpy's own float32 additions of exact products (12 bits times 12 bits)."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(-2047, 2048, (3, 500), generator=generator).float() * 2.0**-9
    w = torch.randint(-2047, 2048, (2, 500), generator=generator).float() * 2.0**-11
    expected = np.zeros((3, 2), dtype=np.float32)
    for k in range(500):
        expected = expected + x.numpy()[:, None, k] * w.numpy()[None, :, k]
    assert expected.dtype == np.float32
    got = sequential(x, w, Minifloat(8, 23))
    assert got.numpy().tolist() == expected.tolist()
    assert not torch.equal(got, x.double() @ w.double().T)  # float32 did round


def test_rounded_products_are_half_precision_multiplications_and_additions() -> None:
    """numpy's float16, which rounds the product, then the sum: c = Qa(c + Qm(a b))."""
    generator = torch.Generator().manual_seed(1)
    x, w = (torch.randn(n, 300, generator=generator).half() for n in (4, 3))
    half = Minifloat(5, 10)
    expected = np.zeros((4, 3), dtype=np.float16)
    for k in range(300):
        expected = expected + x.numpy()[:, None, k] * w.numpy()[None, :, k]
    assert expected.dtype == np.float16
    got = accumulate(x, w, Accumulator(half, product=half))
    assert got.numpy().tolist() == expected.tolist()
    assert not torch.equal(got, accumulate(x, w, Accumulator(half)))  # fused differs


def test_compensation_is_kahans_in_half_precision() -> None:
    generator = torch.Generator().manual_seed(2)
    x, w = (torch.randn(n, 300, generator=generator).half() for n in (4, 3))
    total = error = np.zeros((4, 3), dtype=np.float16)
    for k in range(300):
        y = x.numpy()[:, None, k] * w.numpy()[None, :, k] - error
        t = total + y
        error = (t - total) - y
        total = t
    assert total.dtype == np.float16
    half = Minifloat(5, 10)
    got = accumulate(x, w, Accumulator(half, product=half, compensated=True))
    assert got.numpy().tolist() == total.tolist()
    exact = x.double() @ w.double().T
    plain = accumulate(x, w, Accumulator(half, product=half))
    assert (got - exact).abs().max() < (plain - exact).abs().max() / 4  # what it is for


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("overflow", list(Overflow), ids=str)
@pytest.mark.parametrize("order", [Order.SEQUENTIAL, Order.TREE], ids=str)
def test_an_exact_adder_is_the_register_with_rounded_products(signed: bool, overflow: Overflow, order: Order) -> None:
    register = Fixed(7, 2, signed=signed, overflow=overflow)
    generator = torch.Generator().manual_seed(3)
    x, w = (torch.randn(3, 20, generator=generator) * 4 for _ in range(2))
    x = x if signed else x.abs()
    w = w if signed else w.abs()
    exact = accumulate(x, w, Accumulator(register, order, adder=Ripple(7)))
    assert torch.equal(exact, accumulate(x, w, Accumulator(register, order, product=register)))


def test_the_order_is_that_of_the_terms() -> None:
    x = torch.tensor([[2048.0, 1.0, 1.0]])
    ones = torch.ones(1, 3)
    assert sequential(x, ones, Minifloat(5, 10)).item() == 2048.0
    assert sequential(x.flip(1), ones, Minifloat(5, 10)).item() == 2050.0


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6, 7, 11, 64, 100])
def test_a_tree_adds_neighbours_level_by_level(size: int) -> None:
    """Written as the levels themselves, in numpy's float16."""
    level = list(np.random.default_rng(size).normal(size=size).astype(np.float16))
    x = torch.tensor(np.array(level))[None].float()
    while len(level) > 1:
        level = [sum(level[i + 1 : i + 2], level[i]) for i in range(0, len(level), 2)]
    assert accumulate(x, torch.ones(1, size), Accumulator(Minifloat(5, 10), Order.TREE)).item() == level[0]


def test_one_block_is_the_sequence_and_blocks_of_one_too() -> None:
    generator = torch.Generator().manual_seed(4)
    x, w = (torch.randn(5, 40, generator=generator) for _ in range(2))
    register = Minifloat(4, 5)
    plain = sequential(x, w, register)
    assert torch.equal(accumulate(x, w, Accumulator(register, Order.BLOCKED, block=40)), plain)
    rounded = Accumulator(register, product=register)
    single = Accumulator(register, Order.BLOCKED, block=1, product=register)
    assert torch.equal(accumulate(x, w, single), accumulate(x, w, rounded))
    assert not torch.equal(accumulate(x, w, Accumulator(register, Order.BLOCKED, block=8)), plain)


@pytest.mark.parametrize("accumulator", ACCUMULATORS, ids=str)
def test_nothing_gives_zeros_and_no_outputs_none(accumulator: Accumulator) -> None:
    for leading, m, k, o in (((), 2, 0, 3), ((2, 0), 2, 4, 3), ((), 0, 4, 3), ((3,), 2, 4, 0)):
        got = accumulate(torch.ones(*leading, m, k), torch.ones(o, k), accumulator)
        assert got.shape == (*leading, m, o)
        assert got.dtype is torch.float64
        assert not got.any()


@pytest.mark.parametrize("register", [Fixed(53, 0), Minifloat(9, 51)], ids=str)
def test_registers_beyond_51_bits_are_refused(register: Format) -> None:
    for accumulator in (Accumulator(register), Accumulator(E4M3, product=register)):
        with pytest.raises(ValueError, match="has 52 significant bits; a register is emulated up to 51"):
            accumulate(torch.ones(1, 1), torch.ones(1, 1), accumulator)
        with pytest.raises(ValueError, match="has 52 significant bits"):
            add_last(torch.ones(1, 1), torch.ones(1), accumulator)
