"""One program with every kind of step, every rounding, register and multiplier: each a layer, all observed."""

import hashlib
from fractions import Fraction
from itertools import product

import numpy as np

from adequate.formats import (
    Binary,
    Codebook,
    Fixed,
    Minifloat,
    Overflow,
    PowerOfTwo,
    Rounding,
    Scaled,
    Ternary,
    Underflow,
)
from adequate.kernels.columns import Window
from adequate.operators import Accumulator, LowerOr, Order, Ripple, Tabulated, tabulate
from adequate.operators.multipliers import (
    Drum,
    Exact,
    MinifloatProduct,
    Mitchell,
    Offset,
    Shift,
    SignMagnitude,
    XnorProduct,
)
from adequate.program import Approximate, Program, Register, ToFixed, ToFloat, Words
from adequate.program.products import numbers
from tests.exporters.sketch import Sketch

RULES = [rule for rule in Rounding if rule is not Rounding.STOCHASTIC]
FLOAT = Minifloat(3, 2)


def every_step() -> Program:
    """Its outputs are an input, a constant and the last sum; everything else is seen as a layer."""
    sketch = Sketch()
    elements(sketch)
    rounders(sketch)
    moves(sketch)
    convolutions(sketch)
    registers(sketch)
    held = sketch.constant("held", [[-3, 2**40]])
    sketch.layers["held"] = held.name
    return sketch.program(sketch.input("passed on", (1, 3), -5, 4), held, multipliers(sketch))


def elements(sketch: Sketch) -> None:
    """Sums, products, quotients, tables and comparisons, with broadcasting, narrow and wide."""
    a, b = sketch.input("a", (1, 3, 4), -128, 127), sketch.input("b", (1, 1, 4), 1, 255)
    wide = sketch.input("wide", (1, 3, 4), -(2**62), 2**62 - 1)
    sketch.add("add", a, b, (3, -5))
    sketch.add("add wide", wide, a, (4, -(2**40)))
    sketch.multiply("multiply", a, b)
    sketch.multiply("multiply wide", wide, wide)
    sketch.scale("scale", a, -7)
    sketch.scale("scale far", a, 2**70)
    sketch.clamp("clamp", a, -5, 99)
    sketch.clamp("relu", wide, 0, None)
    sketch.choose("larger", a, b, True)
    sketch.choose("smaller", wide, a, False)
    low = sketch.add("never zero", a, sketch.constant("one half", np.full((1, 1, 1), 129)), (1, 1))
    negative = sketch.scale("below zero", low, -3)
    for rule in RULES:
        sketch.divide(f"divide {rule.value}", wide, negative, Fraction(5, 3), ToFixed(-(2**60), 2**60, rule))
    sketch.divide("divide to float", wide, b, Fraction(1, 2**20), ToFloat(3, 15 * 2**30))
    random = np.random.default_rng(1)
    sketch.table("table", a, random.integers(-(2**20), 2**20, 256).tolist())
    sketch.table("table of large", sketch.clamp("few", b, 250, 255), [2**60, -(2**60), 0, 1, 2, 3])
    numbers = [-128, -112, *range(-96, 1, 8), 1, 2, 3, 4, 8, 12, 16, 127]
    some = sketch.threshold("some numbers", a, [numbers[1:]], numbers)
    sketch.table("table of some", some, random.integers(-(2**40), 2**40, len(numbers)).tolist(), numbers)
    sketch.threshold("sign", a, [(0,)], (-1, 1))
    sketch.threshold("levels", a, [(-9, 3, 3, 100), (-128, 0, 5, 127), (1, 2, 3, 4)], (-40, -3, 0, 9, 77), 1)


def rounders(sketch: Sketch) -> None:
    """Every rounding of every kind, through shifts, multiplications and divisions, one or one for each index."""
    x = sketch.input("x", (1, 4, 16), -3000, 3000)
    wide = sketch.input("far", (1, 4, 16), -(2**80), 2**80)
    factors = {
        "whole": (Fraction(1),),
        "shift": (Fraction(1, 64),),
        "multiplied": (Fraction(77, 256),),
        "third": (Fraction(5, 3),),
        "shifts": (Fraction(1, 2), Fraction(3, 32), Fraction(9), Fraction(1, 8192)),
        "ratios": (Fraction(1, 9), Fraction(3, 32), Fraction(7), Fraction(1, 1000)),
    }
    fixed = [ToFixed(-100, 90, rule) for rule in RULES] + [ToFixed(-128, 127, rule, Overflow.WRAP) for rule in RULES]
    fixed += [ToFixed(0, 15, overflow=Overflow.WRAP), ToFixed(-(2**30), 2**30), ToFixed(5, 5)]
    floats = [ToFloat(2, 7 * 2**5, rule, under) for rule, under in product(RULES, Underflow)] + [
        ToFloat(1, 3),
        ToFloat(9, 1023),
    ]
    for at, to in enumerate([*fixed, *floats]):
        for name, factor in factors.items():
            sketch.round(f"round {at} {name}", x, factor, to, 1 if len(factor) > 1 else None)
        sketch.round(f"round {at} far", wide, (Fraction(1, 2**70),), to)


def moves(sketch: Sketch) -> None:
    """Pooling, reductions and moved elements."""
    x = sketch.input("image", (1, 2, 5, 6), -128, 127)
    small = sketch.input("positive", (1, 2, 5, 6), 3, 9)
    for name, window, kernel in (
        ("plain", Window((2, 2), ((0, 0), (0, 0)), (1, 1)), (2, 2)),
        ("padded", Window((2, 3), ((1, 1), (1, 0)), (1, 2)), (3, 2)),
        ("far", Window((4, 4), ((1, 2), (0, 3)), (1, 1)), (3, 3)),
    ):
        for one in (x, small):
            sketch.pool(f"largest {name} {one.name}", one, kernel, window, True)
            sketch.pool(f"sum {name} {one.name}", one, kernel, window, False)
    sketch.reduce("sum over places", small, (2, 3), False)
    sketch.reduce("largest over channels", x, (-3,), True)
    sketch.concat("joined", [x, small, x], 1)
    sketch.concat("joined rows", [small, x], -1)
    sketch.rearrange("flat", x, (1, 60))
    random = np.random.default_rng(2)
    sketch.rearrange("moved", x, (3, 17), random.integers(-1, 60, (3, 17)))


def convolutions(sketch: Sketch) -> None:
    """Every geometry, and every way to store weights."""
    random = np.random.default_rng(3)
    line, plane = sketch.input("line", (1, 4, 9), -8, 7), sketch.input("plane", (1, 4, 7, 6), -128, 127)
    space = sketch.input("space", (1, 2, 3, 4, 3), 0, 255)
    w1 = sketch.constant("w1", random.integers(-8, 8, (6, 2, 3)))
    sketch.convolve("conv1d", line, w1, Window((2,), ((2, 1),), (2,), 2), random.integers(-99, 99, 6))
    w2 = sketch.constant("w2", random.integers(-128, 128, (5, 4, 3, 2)))
    sketch.convolve("conv2d", plane, w2, Window((1, 2), ((1, 1), (0, 1)), (1, 1)), random.integers(-9999, 9999, 5))
    depthwise = sketch.constant("depthwise w", random.integers(-128, 128, (8, 1, 3, 3)))
    sketch.convolve("depthwise", plane, depthwise, Window((1, 1), ((1, 1), (2, 2)), (1, 2), 4))
    point = sketch.constant("point w", random.integers(-(2**40), 2**40, (3, 4, 1, 1)))
    sketch.convolve("pointwise", plane, point)
    w3 = sketch.constant("w3", random.integers(-8, 8, (2, 2, 2, 3, 2)))
    sketch.convolve("conv3d", space, w3, Window((1, 1, 2), ((1, 0), (1, 1), (0, 0)), (1, 1, 1)))
    for name, format, integers in (
        ("binary", Binary(), random.choice([-1, 1], (3, 4, 2, 2))),
        ("scaled binary", Scaled(Binary(), 0.5), random.choice([-3, 3], (3, 4, 2, 2))),
        ("ternary", Ternary(), random.integers(-1, 2, (3, 4, 2, 2))),
        ("pow2", PowerOfTwo(4), random.choice([-1, 1], (3, 4, 2, 2)) * 2 ** random.integers(0, 8, (3, 4, 2, 2))),
        ("pow2 zero", PowerOfTwo(3, zero=True), random.choice([0, 1, -1, 2, -2, 4, -4], (3, 4, 2, 2))),
        ("pow2 beyond", PowerOfTwo(3), random.choice([3, 16], (3, 4, 2, 2))),
        ("codebook", Codebook((-0.5, 0.25, 4.0)), random.choice([-2, 1, 16], (3, 4, 2, 2))),
    ):
        sketch.convolve(name, plane, sketch.constant(f"{name} w", integers, format), bias=[1, -2, 3])
    rows, other = sketch.input("rows", (1, 5, 7), -128, 127), sketch.input("other", (1, 7, 3), -(2**33), 2**33)
    sketch.contract(
        "linear", "brk,ok->bro", rows, sketch.constant("lw", random.integers(-9, 9, (4, 7))), [[5, 6, 7, 8]]
    )
    sketch.contract("matmul", "brk,bkc->brc", rows, other)
    sketch.contract("outer", "brk,bkc->brkc", rows, other)
    sketch.contract("everything", "brk,bkc->b", rows, other)
    sketch.contract("repeated", "brk,bkc->brc", rows, sketch.input("single", (1, 1, 3), -5, 5), 77)


def registers(sketch: Sketch) -> None:
    """Every accumulator, in a convolution and in a contraction."""
    random = np.random.default_rng(4)
    plane, row = sketch.input("p", (1, 2, 4, 4), -128, 127), sketch.input("r", (1, 13), -128, 127)
    w, v = (sketch.constant(n, random.integers(-128, 128, s)) for n, s in (("rw", (3, 2, 3, 3)), ("rv", (4, 13))))
    half = Minifloat(4, 5, underflow=Underflow.FLUSH)
    chosen = [
        *(Accumulator(Fixed(16, 8, rounding=rule)) for rule in RULES),
        *(Accumulator(Fixed(14, 9, overflow=Overflow.WRAP), order, block) for order, block in ORDERS),
        *(Accumulator(Minifloat(5, 6), order, block) for order, block in ORDERS),
        *(Accumulator(Fixed(12, 6), order, block, Minifloat(4, 3)) for order, block in ORDERS),
        Accumulator(half, product=Fixed(11, 5, rounding=Rounding.DOWN)),
        Accumulator(Minifloat(4, 5, underflow=Underflow.NEAREST), product=Fixed(20, 15)),
        Accumulator(Minifloat(5, 6), compensated=True),
        Accumulator(half, compensated=True, product=half),
        *(Accumulator(Fixed(16, 8), order, block, adder=LowerOr(16, 5)) for order, block in ORDERS),
        Accumulator(Fixed(10, 4, overflow=Overflow.WRAP), adder=Ripple(10)),
        Accumulator(Fixed(10, 4, signed=False), adder=LowerOr(10, 3)),
        Accumulator(Fixed(10, 4, signed=False, overflow=Overflow.WRAP), adder=LowerOr(10, 3)),
        Accumulator(Fixed(10, 4, narrow=True), adder=Ripple(10)),
        Accumulator(Fixed(40, 30)),
    ]
    for at, one in enumerate(chosen):
        for products, bias in ((-9, -7), (-3, -8)):
            register = Register(one, products, bias)
            sketch.convolve(f"conv register {at} {products}", plane, w, PADDED, [99, -99, 7], register=register)
            sketch.contract(
                f"linear register {at} {products}", "bk,ok->bo", row, v, [[1, -2, 3, 500]], register=register
            )


def multipliers(sketch: Sketch):
    """Circuits, tables, codes of floats, powers of two and signs, with zero points, exact and in registers."""
    random = np.random.default_rng(5)
    bytes_, signed = sketch.input("bytes", (1, 2, 4, 4), 0, 255), sketch.input("signed", (1, 2, 4, 4), -128, 127)
    nibbles = sketch.input("nibbles", (1, 2, 4, 4), -8, 7)
    byte_w, signed_w = (
        sketch.constant(n, random.integers(*e, (3, 2, 2, 2))) for n, e in (("bw", (0, 256)), ("sw", (-128, 128)))
    )
    nibble_w = sketch.constant("nw", random.integers(-8, 8, (3, 2, 2, 2)))
    odd = tabulate("odd", lambda a, b: a * b - 3 * (a == b), width_a=4, width_b=4, signed_a=True, signed_b=True)
    content = np.array([[(a * b) & ~1 for b in range(16)] for a in range(16)], dtype="<u2").tobytes()
    plain = Tabulated("plain", 4, 4, hashlib.sha256(content).hexdigest(), content=content)
    for name, x, w, multiplier, zeros in (
        ("exact", bytes_, byte_w, Exact(8, 8), (0, 0)),
        ("drum", bytes_, byte_w, Drum(8, 8, 4), (0, 0)),
        ("drum of signs", signed, signed_w, SignMagnitude(Drum(8, 8, 4)), (0, 0)),
        ("drum, zeros", signed, signed_w, Drum(8, 8, 3), (128, 128)),
        ("one zero", bytes_, signed_w, Drum(8, 8, 3), (0, 128)),
        ("mitchell", bytes_, byte_w, Mitchell(8, 8), (0, 0)),
        ("offset", nibbles, nibble_w, Offset(Mitchell(4, 4)), (0, 0)),
        ("table", nibbles, nibble_w, odd, (0, 0)),
        ("table inside", nibbles, nibble_w, SignMagnitude(plain), (0, 0)),
    ):
        chosen = Approximate(
            multiplier, *(Words(o, z) for o, z in zip((multiplier.a, multiplier.b), zeros, strict=True))
        )
        sketch.convolve(f"multiplied {name}", x, w, PADDED, [3, -4, 5], chosen)
        for order, block in ORDERS:
            register = Register(Accumulator(Fixed(16, 2), order, block), -6, -4)
            sketch.convolve(f"multiplied {name} {order.value}", x, w, PADDED, [3, -4, 5], chosen, register)
    line = sketch.input("floats", (1, 9), -(2**14), 2**14)
    top = int(FLOAT.maximum / Fraction(2) ** FLOAT.grid)
    float_x = sketch.round("to float", line, (Fraction(1, 16),), ToFloat(FLOAT.man, top))
    codes = sorted(set(numbers(FLOAT).values()))
    float_w = sketch.constant("fw", random.choice(codes, (4, 9)), FLOAT)
    for at, result in enumerate((Minifloat(4, 3), Minifloat(3, 2), Minifloat(4, 6, underflow=Underflow.FLUSH))):
        one = MinifloatProduct(FLOAT, FLOAT, result)
        chosen = Approximate(one, Words(one.a), Words(one.b))
        sketch.contract(f"float product {at}", "bk,ok->bo", float_x, float_w, products=chosen)
    sketch.contract("float outer", "bk,bl->bkl", float_x, float_x, products=chosen)
    shift, zeroed = Shift(8, 4), Shift(8, 3, zero=True)
    for name, one, powers in (
        ("shift", shift, random.choice([-1, 1], (3, 2, 2, 2)) * 2 ** random.integers(0, 8, (3, 2, 2, 2))),
        ("shift zero", zeroed, random.choice([0, 1, -1, 2, -4], (3, 2, 2, 2))),
    ):
        w = sketch.constant(f"{name} w", powers, one.b.format)
        sketch.convolve(f"multiplied {name}", signed, w, PADDED, products=Approximate(one, Words(one.a), Words(one.b)))
        zero = Approximate(one, Words(one.a, -50), Words(one.b))
        sketch.convolve(f"multiplied {name}, zero", nibbles, w, PADDED, products=zero)
    signs = sketch.threshold("signs", sketch.input("s", (1, 70), -9, 9), [(0,)], (-1, 1))
    sign_w = sketch.constant("xw", random.choice([-1, 1], (3, 70)), Binary())
    one = XnorProduct()
    sketch.contract("signs, exact", "bk,ok->bo", signs, sign_w)
    plane = sketch.threshold("plane of signs", bytes_, [(100,)], (-1, 1))
    grouped = sketch.constant("gw", random.choice([-1, 1], (4, 1, 3, 2)), Binary())
    sketch.convolve("signs, grouped", plane, grouped, Window((1, 2), ((0, 0), (0, 0)), (1, 1), 2), [1, -2, 3, -400])
    sketch.convolve("signs, padded", plane, grouped, Window((1, 2), ((1, 0), (0, 0)), (1, 1), 2))
    many = sketch.rearrange("batch of signs", signs, (2, 5, 7), np.arange(70).reshape(2, 5, 7))
    batch_w = sketch.constant("yw", random.choice([-1, 1], (2, 7, 3)), Binary())
    sketch.contract("signs, batch", "brk,bkc->crb", many, batch_w)
    sketch.contract("signs, some repeated", "brk,bkc->rc", many, batch_w, products=None)
    return sketch.contract(
        "xnor", "bk,ok->bo", signs, sign_w, [[1, 2, 3]], Approximate(one, Words(one.a), Words(one.b))
    )


PADDED = Window((1, 1), ((1, 0), (0, 1)), (1, 1))
ORDERS = ((Order.SEQUENTIAL, None), (Order.BLOCKED, 4), (Order.TREE, None))
