"""A register rounded after every addition, against its definition and against floating-point units."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from adequate.formats import Fixed, Format, Minifloat, Overflow, Rounding, Underflow
from adequate.kernels.accumulate import accumulate_sequential
from adequate.kernels.reference import accumulate_sequential as reference

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


@pytest.mark.parametrize("register", REGISTERS, ids=str)
@given(seed=st.integers(0, 2**32), terms=st.integers(0, 12), scale=st.integers(-6, 4))
@settings(max_examples=15)
def test_every_element_is_the_definition(register: Format, seed: int, terms: int, scale: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(2, 3, terms, generator=generator)
    w = torch.randn(2, 4, terms, generator=generator) * 2.0**scale
    got = accumulate_sequential(x, w, register)
    assert got.shape == (2, 3, 4)
    for g, m, o in np.ndindex(2, 3, 4):
        expected = reference([Fraction(v) for v in x[g, m].tolist()], [Fraction(v) for v in w[g, o].tolist()], register)
        assert got[g, m, o].item() == expected


@pytest.mark.parametrize(
    ("register", "stall"),
    [
        (Minifloat(5, 10), 2048),
        (Minifloat(8, 7), 256),
        (Minifloat(8, 23), 4096),
        (Fixed(10, 0), 511),
        (Fixed(14, 0), 4096),
    ],
    ids=str,
)
def test_ones_stop_counting_where_the_register_swallows_them(register: Format, stall: int) -> None:
    """4,096 ones: a float stalls at 2**(man + 1), where the next one is a tie to even; fixed point at its maximum."""
    ones = torch.ones(1, 4096)
    assert accumulate_sequential(ones, ones, register).item() == stall


def test_a_wrapping_register_ends_right_however_often_it_wrapped() -> None:
    x = torch.tensor([[100.0, 100.0, -150.0, -40.0]])
    ones = torch.ones(1, 4)
    assert accumulate_sequential(x, ones, Fixed(8, 0, overflow=Overflow.WRAP)).item() == 10.0
    assert accumulate_sequential(x, ones, Fixed(8, 0)).item() == -63.0  # 100, 127, -23, -63


def test_float32_registers_are_sequential_float32() -> None:
    """numpy's own float32 additions of exact products (12 bits times 12 bits)."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(-2047, 2048, (3, 500), generator=generator).float() * 2.0**-9
    w = torch.randint(-2047, 2048, (2, 500), generator=generator).float() * 2.0**-11
    expected = np.zeros((3, 2), dtype=np.float32)
    for k in range(500):
        expected = expected + x.numpy()[:, None, k] * w.numpy()[None, :, k]
    assert expected.dtype == np.float32
    got = accumulate_sequential(x, w, Minifloat(8, 23))
    assert got.numpy().tolist() == expected.tolist()
    assert not torch.equal(got, x.double() @ w.double().T)  # float32 did round


def test_the_order_is_that_of_the_terms() -> None:
    x = torch.tensor([[2048.0, 1.0, 1.0]])
    ones = torch.ones(1, 3)
    assert accumulate_sequential(x, ones, Minifloat(5, 10)).item() == 2048.0
    assert accumulate_sequential(x.flip(1), ones, Minifloat(5, 10)).item() == 2050.0


@pytest.mark.parametrize("register", [Fixed(53, 0), Minifloat(9, 51)], ids=str)
def test_registers_beyond_51_bits_are_refused(register: Format) -> None:
    with pytest.raises(ValueError, match="has 52 significant bits; a register is emulated up to 51"):
        accumulate_sequential(torch.ones(1, 1), torch.ones(1, 1), register)
