"""Multipliers and registers of a processing element, against the program's own integers."""

from fractions import Fraction
from pathlib import Path

import pytest

from adequate.exporters.verification import Verification
from adequate.exporters.verilog import export_verilog, simulate
from adequate.formats import Fixed, Minifloat, Overflow, Rounding, Underflow
from adequate.kernels.contraction import parse
from adequate.operators import (
    Accumulator,
    Drum,
    Exact,
    LowerOr,
    MinifloatProduct,
    Mitchell,
    Multiplier,
    Offset,
    Order,
    Shift,
    SignMagnitude,
    tabulate,
)
from adequate.program import Approximate, Register, Words
from adequate.program.products import numbers
from adequate.program.register import rounder_of
from adequate.program.steps import Contract, Round
from tests.exporters.verilog.building import Building, image, integers

TERMS = 11
FLOAT = Minifloat(3, 2, underflow=Underflow.NEAREST)
REGISTERS = [
    Accumulator(Fixed(8, 1)),
    Accumulator(Fixed(9, -2, overflow=Overflow.WRAP, rounding=Rounding.DOWN)),
    Accumulator(Fixed(8, 0, narrow=True), Order.TREE),
    Accumulator(Fixed(10, 2), Order.BLOCKED, block=4, product=Fixed(7, -1)),
    Accumulator(Minifloat(4, 3), Order.BLOCKED, block=1),
    Accumulator(Minifloat(5, 4, rounding=Rounding.TOWARD_ZERO), Order.TREE, product=Minifloat(4, 3)),
    Accumulator(FLOAT),
    Accumulator(Fixed(8, 0), Order.TREE, adder=LowerOr(8, 3)),
    Accumulator(Fixed(8, -1, overflow=Overflow.WRAP), adder=LowerOr(8, 2)),
    Accumulator(Fixed(9, 0, signed=False), Order.BLOCKED, block=3, adder=LowerOr(9, 3)),
    Accumulator(Minifloat(4, 2), compensated=True),
    Accumulator(Minifloat(4, 3, underflow=Underflow.FLUSH), compensated=True, product=Minifloat(4, 3)),
]

GROUPS = [
    pytest.param(REGISTERS[:4], id="fixed"),
    pytest.param(REGISTERS[4:7], id="floats", marks=pytest.mark.slow),
    pytest.param(REGISTERS[7:10], id="adders"),
    pytest.param(REGISTERS[10:11], id="compensated"),
    pytest.param(REGISTERS[11:], id="compensated, rounded first", marks=pytest.mark.slow),
]


def verified(building: Building, folder: Path, builds: Path, **size: int) -> Verification:
    """What the simulation of three images of 5 bits found."""
    images = [image((1, TERMS), 5, seed) for seed in range(3)]
    export_verilog(building.program(), folder, images=images, **size)
    return simulate(folder, builds=builds).verification


@pytest.mark.parametrize("chosen", GROUPS)
def test_registers(chosen: list[Accumulator], tmp_path: Path, builds: Path) -> None:
    """Each with and without a bias, in every order; products in units of 1."""
    building = Building()
    x = building.input((1, TERMS), 5)
    for number, accumulator in enumerate(chosen):
        for bias in (None, integers((3,), 6, number)):
            register = Register(accumulator, 0, max(0, accumulator.format.grid))
            w = building.constant(integers((3, TERMS), 4, number))
            ends = register.rounder.low, register.rounder.high
            fields = {"x": x, "w": w, "bias": bias, "products": None, "register": register}
            building.add(Contract, (1, 3), ends, contraction=parse("bk,ok->bo", 2, 2), **fields)
    found = verified(building, tmp_path / "out", builds, rows=1, columns=2)
    assert found.mismatch is None
    assert found.values >= 3 * 2 * len(chosen)


E4M2, E3M3 = Minifloat(4, 2), Minifloat(3, 3, underflow=Underflow.FLUSH)
TABLE = tabulate("or", lambda a, b: (a | b) - 3 * (a & b), width_a=6, width_b=5, signed_a=True, signed_b=True)
MULTIPLIERS: list[tuple[Multiplier, int, int]] = [
    (SignMagnitude(Drum(6, 6, 3)), 0, 0),
    (Offset(Mitchell(7, 7)), 0, 0),
    (Exact(7, 6, signed_a=True, signed_b=True), 3, -5),
    (Shift(6, 4), 2, 0),
    (TABLE, 0, 0),
    (MinifloatProduct(E4M2, E3M3, Minifloat(5, 4)), 0, 0),
]


def drawn(multiplier: Multiplier, seed: int) -> object:
    """Weights that the multiplier's second operand holds."""
    format = multiplier.b.format
    if format is None:
        return integers((2, TERMS), 4, seed)
    known = sorted(set(numbers(format).values()))
    return [[known[n % len(known)] for n in row] for row in integers((2, TERMS), 12, seed)]


@pytest.mark.parametrize("chosen", [MULTIPLIERS[:5], MULTIPLIERS[5:]], ids=["integers", "floats"])
def test_multipliers(chosen: list[tuple[Multiplier, int, int]], tmp_path: Path, builds: Path) -> None:
    building = Building()
    x = building.input((1, TERMS), 5)
    for number, (multiplier, zero_x, zero_w) in enumerate(chosen):
        products = Approximate(multiplier, Words(multiplier.a, zero_x), Words(multiplier.b, zero_w))
        w, a = building.constant(drawn(multiplier, number)), x
        if isinstance(multiplier.a.format, Minifloat):
            to = rounder_of(multiplier.a.format)
            a = building.add(Round, (1, TERMS), (to.low, to.high), x=x, factor=(Fraction(1),), to=to)
        fields = {"x": a, "w": w, "bias": None, "products": products, "register": None}
        building.add(Contract, (1, 2), (-(2**35), 2**35 - 1), contraction=parse("bk,ok->bo", 2, 2), **fields)
    found = verified(building, tmp_path / "out", builds, rows=2, columns=1)
    assert found.mismatch is None
    assert found.values >= 3 * len(chosen)
