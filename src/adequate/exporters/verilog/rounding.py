"""Rounding circuits: ``adequate.program.rounding`` on the magnitude of a quotient."""

from dataclasses import dataclass
from typing import Any

from adequate.exporters.verilog.hardware import RoundingKind, mantissa_of
from adequate.exporters.verilog.hdl import Const, Module, Mux, Signal, Value
from adequate.exporters.verilog.instruction import MANTISSA_BITS
from adequate.formats import Overflow, Rounding, Underflow
from adequate.program import Rounder

Number = Any
"""A Python int, or an Amaranth value."""


@dataclass(frozen=True)
class Quotient:
    """A number n = whole * divisor + rest, with 0 <= rest < divisor; ``negative`` is the sign it had."""

    whole: Number
    rest: Number
    divisor: Number
    negative: Number


def named(m: Module, value: Number, name: str) -> Signal:
    """The value as a signal, so that it is computed once."""
    signal = Signal(Value.cast(value).shape(), name=name)
    m.d.comb += signal.eq(value)
    return signal


def rounded(m: Module, n: Quotient, kind: RoundingKind, low: Number, high: Number, mantissa: Number) -> Value:
    """n rounded as ``kind`` says: to integers of low .. high, or to floats of so many mantissa bits."""
    if kind.underflow is None:
        above, tie = 2 * n.rest > n.divisor, 2 * n.rest == n.divisor
        magnitude = n.whole + _up(kind.rounding, above, tie, n.whole[0], n.rest != 0, n.negative)
    else:
        magnitude = _float(m, n, kind, mantissa)
    value = named(m, Mux(n.negative, -magnitude, magnitude), "rounded")
    return limited(value, kind.overflow, low, high)


def shifted(m: Module, n: Number, places: int, rounder: Rounder) -> Value:
    """n * 2**places rounded, for a signed n and a shift known when the hardware is made."""
    kind, low, high = RoundingKind.of(rounder), rounder.low, rounder.high
    if places >= 0 and kind.underflow is None:
        return limited(named(m, n << places, "aligned"), kind.overflow, low, high)
    n = named(m, n << max(places, 0), "aligned")
    negative = n < 0
    magnitude = named(m, Mux(negative, -n, n)[: len(n)], "magnitude")
    cut = max(-places, 0)
    whole = magnitude[cut:] if cut < len(magnitude) else Const(0, 1)
    quotient = Quotient(whole, magnitude[:cut] if cut else Const(0, 1), Const(2**cut), negative)
    return rounded(m, quotient, kind, low, high, mantissa_of(rounder))


def limited(value: Value, overflow: Overflow, low: Number, high: Number) -> Value:
    """The value brought into low .. high; to wrap, that many numbers are a power of two."""
    if overflow is Overflow.WRAP:
        return ((value - low) & (high - low)) + low
    return Mux(value < low, low, Mux(value > high, high, value))


def float_place(m: Module, magnitude: Value, mantissa: Number) -> Value:
    """Which number it is among the floats of so many mantissa bits, from 0 on: exponent and mantissa side by side."""
    length = bit_length(m, magnitude)
    steps = named(m, Mux(length > mantissa + 1, (length - 1 - mantissa).as_unsigned(), 0), "steps")
    return (steps << mantissa) + (magnitude >> steps)


def bit_length(m: Module, n: Value) -> Signal:
    """How many bits the number has behind its leading zeros."""
    length = Signal(range(len(n) + 1), name="length")
    for place, bit in enumerate(n):
        with m.If(bit):
            m.d.comb += length.eq(place + 1)
    return length


def _up(rule: Rounding, above: Value, tie: Value, odd: Value, inexact: Value, negative: Number) -> Value:
    """Whether the magnitude is rounded up."""
    match rule:
        case Rounding.NEAREST_EVEN:
            return above | (tie & odd)
        case Rounding.NEAREST_AWAY:
            return above | tie
        case Rounding.TOWARD_ZERO:
            return Const(0, 1)
        case _:
            return inexact & negative


def _float(m: Module, n: Quotient, kind: RoundingKind, mantissa: Number) -> Value:
    """The magnitude in ``mantissa`` + 1 significant bits."""
    width = max(len(n.whole), 2**MANTISSA_BITS)
    length = bit_length(m, n.whole)
    tiny = named(m, length <= mantissa, "tiny")
    places = Mux(length > mantissa, (length - 1 - mantissa).as_unsigned(), 0)
    if kind.underflow is Underflow.NEAREST:
        places = Mux(tiny, mantissa, places)
    step = Signal(range(width), name="step")
    m.d.comb += step.eq(places)
    unit = named(m, (Const(1) << step)[: width + 1], "unit")
    kept = named(m, n.whole >> step, "kept")
    lost = named(m, n.whole & (unit - 1)[: width + 1], "lost")
    coarse, more = step != 0, n.rest != 0
    above = Mux(coarse, (2 * lost > unit) | ((2 * lost == unit) & more), 2 * n.rest > n.divisor)
    tie = Mux(coarse, (2 * lost == unit) & ~more, 2 * n.rest == n.divisor)
    up = _up(kind.rounding, above, tie, kept[0], (lost != 0) | more, n.negative)
    magnitude = named(m, ((kept + up) << step)[: width + 2], "magnitude")
    return Mux(tiny, 0, magnitude) if kind.underflow is Underflow.FLUSH else magnitude
