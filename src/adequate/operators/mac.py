"""Multiply-accumulate units: a multiplier, an adder and what a fixed-point register does at its ends."""

import re

from adequate.circuits import Circuit, Port, Word, constant, mux
from adequate.formats import Fixed, Minifloat, Overflow
from adequate.operators.accumulator import Accumulator, Order
from adequate.operators.multiplier import Multiplier
from adequate.operators.multipliers.minifloat_product import unpacked
from adequate.operators.units import grid


def mac(multiplier: Multiplier, accumulator: Accumulator) -> Circuit:
    """A multiply-accumulate unit without its register: y = register(c + a b), ports ``a``, ``b`` and ``c``.

    ``c`` and ``y`` are codes of the register, before and after the clock's edge, and the register holds
    ``accumulator.format.bits`` flip-flops. Integers are added in units of their grid; the product of minifloats, a code
    that the multiplier has rounded, is unpacked and added in fixed point, as in Kulisch's accumulator.

    >>> from adequate.operators.multipliers import Exact
    >>> unit = mac(Exact(8, 8), Accumulator(Fixed(18, 0, signed=False)))
    >>> unit.function(Word(200, 8), Word(100, 8), Word(5, 18)).value
    20005
    >>> unit.function(Word(200, 8), Word(100, 8), Word(2**18 - 1, 18)).value == 2**18 - 1  # it saturates
    True

    Raises:
        ValueError: the register is no fixed point, or coarser than the products, so that it would round; the
            accumulator rounds products before, or adds in blocks or a tree; or a sum has more than 63 bits.
    """
    register, product = accumulator.format, multiplier.product
    if not isinstance(register, Fixed) or accumulator.product is not None or accumulator.order is not Order.SEQUENTIAL:
        raise ValueError(f"a MAC adds one exact product after the other in fixed point, not {accumulator}")
    if product is not None and not isinstance(product, Minifloat):
        raise ValueError(f"a MAC adds integers or minifloats, not the products {product} of {multiplier}")
    unit = grid(multiplier.a) + grid(multiplier.b) if product is None else product.grid
    if unit + register.frac < 0:
        raise ValueError(f"the products of {multiplier} are multiples of 2**{unit}, finer than the register {register}")

    def step(a: Word, b: Word, c: Word) -> Word:
        found = multiplier(a, b)
        term = (found if product is None else _integer(found, product)) << unit + register.frac
        if accumulator.adder is None:
            return _inside(c + term, register)
        term = _inside(term, register)
        return _kept(accumulator.adder(c[:], term[:]), c[-1], term[-1], register)

    operands = (("a", multiplier.a.width, multiplier.a.signed), ("b", multiplier.b.width, multiplier.b.signed))
    ports = tuple(Port(*one) for one in (*operands, ("c", register.bits, register.signed)))
    step(*(Word(0, port.width, port.signed) for port in ports))  # raises where a word would be too wide
    return Circuit(re.sub(r"\W+", "_", f"mac_{multiplier}_{register}").strip("_"), ports, step)


def _integer(code: Word, format: Minifloat) -> Word:
    """What a code stands for, in units of its format's grid."""
    significand, steps = unpacked(code, format)
    magnitude = significand.shift_left(steps)
    return mux(code[-1], -magnitude, magnitude)


def _inside(value: Word, register: Fixed) -> Word:
    """The register's code of an integer, by its overflow rule."""
    if register.overflow is Overflow.SATURATE:
        low, high = constant(register.word.start), constant(register.word.stop - 1)
        value = mux(value.less(low), low, mux(high.less(value), high, value))
    return value.resized(register.bits, register.signed)


def _kept(whole: Word, sign_a: Word, sign_b: Word, register: Fixed) -> Word:
    """The register's code of an adder's sum with its carry, as ``Accumulator.adder`` says."""
    code = whole.resized(register.bits, register.signed)
    if register.overflow is Overflow.WRAP:
        return code
    low, high = constant(register.word.start), constant(register.word.stop - 1)
    if not register.signed:
        return mux(whole[register.bits], high, code).resized(register.bits)
    code = mux(~sign_a & ~sign_b & code[-1], high, mux(sign_a & sign_b & ~code[-1], low, code))
    return _inside(code, register)
