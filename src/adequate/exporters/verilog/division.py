"""Quotients: by a constant in one cycle, by another element a bit in each."""

from adequate.exporters.verilog.hardware import Hardware
from adequate.exporters.verilog.hdl import Const, Module, Mux, Signal, Value, View
from adequate.exporters.verilog.rounding import Quotient, named


def scaled(m: Module, hardware: Hardware, x: Value, factor: View) -> Quotient:
    """x times a constant factor, see ``rounding_record``."""
    n = _numerator(m, hardware, x, factor)
    divisor = _denominator(m, hardware, factor)
    if hardware.divides:
        whole = named(m, (n * factor.reciprocal >> factor.shift)[: len(n)], "whole")
    else:
        whole = named(m, n >> factor.shift, "whole")
    rest = named(m, (n - whole * divisor)[: hardware.denominator], "rest")
    return Quotient(whole, rest, divisor, x < 0)


def divided(m: Module, hardware: Hardware, x: Value, y: Value, factor: View, steps: Value, fresh: Value) -> Quotient:
    """x / y times a constant factor: long division, of which each cycle makes one bit, the highest first.

    It is whole ``steps`` cycles after the ``fresh`` one, that cycle included; x, y and the factor stay until then. y is
    not 0, and |x| times the factor's numerator has ``steps`` bits at most.
    """
    n = _numerator(m, hardware, x, factor)
    divisor = named(m, _size(m, y) * _denominator(m, hardware, factor), "divisor_of_both")
    left = Signal(len(steps), name="steps_left", reset_less=True)
    whole_before = Signal(len(n), name="whole_before", reset_less=True)
    rest_before = Signal(len(divisor), name="rest_before", reset_less=True)
    place = named(m, Mux(fresh, steps - 1, left)[: len(steps)], "place_of_bit")
    rest = named(m, (Mux(fresh, 0, rest_before) << 1) | (n >> place)[0], "rest_and_bit")
    fits = named(m, rest >= divisor, "fits")
    whole = named(m, ((Mux(fresh, 0, whole_before) << 1) | fits)[: len(n)], "whole_of_both")
    left_over = named(m, Mux(fits, rest - divisor, rest)[: len(divisor)], "rest_of_both")
    m.d.sync += [left.eq(place - 1), whole_before.eq(whole), rest_before.eq(left_over)]
    return Quotient(whole, left_over, divisor, (x < 0) ^ (y < 0))


def _numerator(m: Module, hardware: Hardware, x: Value, factor: View) -> Signal:
    return named(m, _size(m, x)[: hardware.operand] * factor.numerator, "number")


def _denominator(m: Module, hardware: Hardware, factor: View) -> Value:
    if hardware.divides:
        return factor.denominator
    return named(m, (Const(1) << factor.shift)[: hardware.denominator], "divisor")


def _size(m: Module, x: Value) -> Signal:
    return named(m, Mux(x < 0, -x, x)[: len(x)], "size")
