"""Multiply-accumulate units, clocked step by step, hold what the definition of an accumulator says."""

import random
import re
from fractions import Fraction

import pytest

from adequate.circuits import Word
from adequate.circuits.gates import gates
from adequate.formats import E4M3, E5M2, Fixed, Minifloat, Overflow
from adequate.kernels.reference import accumulate
from adequate.operators import (
    Accumulator,
    Drum,
    Exact,
    LowerOr,
    MinifloatProduct,
    Multiplier,
    Order,
    Ripple,
    Segmented,
    Shift,
    SignMagnitude,
    XnorProduct,
)
from adequate.operators.mac import mac

WRAP = Overflow.WRAP
SIGNED = Exact(4, 4, signed_a=True, signed_b=True)
UNITS: tuple[tuple[Multiplier, Accumulator], ...] = (
    (SIGNED, Accumulator(Fixed(9, 0))),
    (SIGNED, Accumulator(Fixed(9, 0, overflow=WRAP))),
    (SIGNED, Accumulator(Fixed(9, 0, narrow=True))),
    (SIGNED, Accumulator(Fixed(10, 2))),
    (SIGNED, Accumulator(Fixed(8, 0, signed=False))),
    (SIGNED, Accumulator(Fixed(5, 0))),  # narrower than a product
    (Exact(4, 4), Accumulator(Fixed(10, 0, signed=False))),
    (Exact(4, 4), Accumulator(Fixed(10, 0, signed=False, overflow=WRAP))),
    (Exact(4, 3, signed_b=True), Accumulator(Fixed(9, 0))),
    (SignMagnitude(Drum(5, 5, 3)), Accumulator(Fixed(11, 0))),
    (Shift(4, 3), Accumulator(Fixed(9, 0))),
    (XnorProduct(), Accumulator(Fixed(4, 0))),
    (MinifloatProduct(E4M3, E4M3, E4M3), Accumulator(Fixed(19, 9))),
    (MinifloatProduct(E5M2, E5M2, E5M2), Accumulator(Fixed(33, 16))),
    (MinifloatProduct(Minifloat(2, 1), Minifloat(2, 1), Minifloat(3, 2)), Accumulator(Fixed(8, 4))),
    (SIGNED, Accumulator(Fixed(9, 0), adder=Ripple(9))),
    (SIGNED, Accumulator(Fixed(9, 0, narrow=True), adder=LowerOr(9, 3))),
    (SIGNED, Accumulator(Fixed(9, 0, overflow=WRAP), adder=LowerOr(9, 3))),
    (SIGNED, Accumulator(Fixed(6, 0), adder=Segmented(6, 2, 2))),
    (Exact(4, 4), Accumulator(Fixed(9, 0, signed=False), adder=LowerOr(9, 2))),
    (Exact(4, 4), Accumulator(Fixed(9, 0, signed=False, overflow=WRAP), adder=LowerOr(9, 2))),
)


def number(multiplier: Multiplier, result: int) -> Fraction:
    """What a result stands for, the operands being integers or codes."""
    if multiplier.product is not None:
        return multiplier.product.decode(result)
    grids = (one.format.grid or 0 for one in (multiplier.a, multiplier.b) if one.format is not None)
    return result * Fraction(2) ** sum(grids)


def drawn(generator: random.Random, width: int, signed: bool) -> Word:
    pattern = generator.getrandbits(width)
    return Word(pattern - (2**width if signed and pattern >> width - 1 else 0), width, signed)


@pytest.mark.parametrize(("multiplier", "accumulator"), UNITS, ids=lambda one: str(one))
def test_a_run_is_the_accumulator_s(multiplier: Multiplier, accumulator: Accumulator) -> None:
    unit, generator = mac(multiplier, accumulator), random.Random(0)
    register = accumulator.format
    assert isinstance(register, Fixed)
    for length in (1, 2, 5, 30, 30, 30):
        c, products = Word(0, register.bits, register.signed), []
        for _ in range(length):
            a, b = (drawn(generator, one.width, one.signed) for one in (multiplier.a, multiplier.b))
            products.append(number(multiplier, multiplier(a, b).value))
            c = unit.function(a, b, c)
            assert (c.width, c.signed) == (register.bits, register.signed)
        assert register.decode(c.value) == accumulate(products, accumulator), length


def test_a_unit_is_a_circuit() -> None:
    unit = mac(Exact(3, 3), Accumulator(Fixed(8, 0)))
    assert unit.name == "mac_exact_3_3__fixed_8_0"
    assert [(port.name, port.width, port.signed) for port in unit.inputs] == [
        ("a", 3, False),
        ("b", 3, False),
        ("c", 8, True),
    ]
    assert len(gates(unit)) > len(gates(Exact(3, 3).circuit())) + len(gates(Ripple(8).circuit()))


@pytest.mark.parametrize(
    ("multiplier", "accumulator", "message"),
    [
        (SIGNED, Accumulator(Minifloat(5, 10)), "in fixed point, not sequential float(5,10)"),
        (SIGNED, Accumulator(Fixed(9, 0), Order.TREE), "in fixed point, not tree fixed(9,0)"),
        (SIGNED, Accumulator(Fixed(9, 0), product=Fixed(9, 0)), "not sequential fixed(9,0), product fixed(9,0)"),
        (SIGNED, Accumulator(Fixed(9, -1)), "are multiples of 2**0, finer than the register fixed(9,-1)"),
        (
            MinifloatProduct(E4M3, E4M3, E4M3),
            Accumulator(Fixed(20, 8)),
            "are multiples of 2**-9, finer than the register fixed(20,8)",
        ),
        (SIGNED, Accumulator(Fixed(64, 0)), "a signed word has 0 to 64 bits, not 65"),
    ],
)
def test_what_it_would_round_is_refused(multiplier: Multiplier, accumulator: Accumulator, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        mac(multiplier, accumulator)
