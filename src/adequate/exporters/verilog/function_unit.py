"""The function unit: everything that becomes of elements outside the array, one element a cycle."""

from adequate.exporters.verilog.division import divided, scaled
from adequate.exporters.verilog.hardware import Function, Hardware
from adequate.exporters.verilog.hdl import (
    Module,
    Mux,
    Shape,
    Signal,
    StructLayout,
    Value,
    View,
    module_text,
    signed,
)
from adequate.exporters.verilog.records import (
    entry_record,
    layout,
    parameter_bits,
    rounding_record,
    threshold_record,
)
from adequate.exporters.verilog.rounding import Quotient, rounded


def function_unit(hardware: Hardware) -> str:
    """A Verilog module: ``result`` of the elements x and y, the result so far and a parameter; ``fresh`` at the first.

    ``nothing``: there is no element x.
    """
    m = Module()
    record = layout(hardware)
    bits = Signal(record.size, name="instruction")
    x = Signal(signed(hardware.operand), name="x")
    y, so_far, result = (Signal(signed(hardware.word), name=name) for name in ("y", "so_far", "result"))
    parameter = Signal(parameter_bits(hardware), name="constants")
    fresh, nothing = Signal(name="fresh"), Signal(name="nothing")
    instruction: View = View(record, bits)
    with m.Switch(instruction.function):
        for one in hardware.functions:
            with m.Case(one):
                made = _made(m, one, hardware, instruction, (x, y, so_far), parameter, fresh, nothing)
                m.d.comb += result.eq(made)
    ports = [bits, x, y, so_far, parameter, fresh, nothing, result]
    return module_text(m, "function_unit", ports)


def _made(
    m: Module,
    function: Function,
    hardware: Hardware,
    instruction: View,
    elements: tuple[Signal, Signal, Signal],
    parameter: Signal,
    fresh: Signal,
    nothing: Signal,
) -> Value:
    x, y, so_far = elements
    match function:
        case Function.MOVE:
            return Mux(nothing, instruction.first, x)
        case Function.LARGEST:
            return Mux(fresh | (x > so_far), x, so_far)
        case Function.SUM:
            return Mux(fresh, x, x + so_far)
        case Function.ROUND:
            factor = _read(parameter, rounding_record(hardware))
            return _rounded(m, hardware, instruction, scaled(m, hardware, x, factor))
        case Function.DIVIDE:
            factor = _read(parameter, rounding_record(hardware))
            quotient = divided(m, hardware, x, y, factor, instruction.inner, fresh)
            return _rounded(m, hardware, instruction, quotient)
        case Function.THRESHOLD:
            one = _read(parameter, threshold_record(hardware))
            return Mux(fresh, instruction.first, so_far) + Mux(x >= one.threshold, one.rise, 0)
        case Function.COMBINE:
            return instruction.factor_x * x + instruction.factor_y * y
        case Function.MULTIPLY:
            return x * y
        case Function.LARGER:
            return Mux(x > y, x, y)
        case Function.SMALLER:
            return Mux(x < y, x, y)
        case Function.CLAMP:
            return Mux(x < instruction.low, instruction.low, Mux(x > instruction.high, instruction.high, x))
        case Function.TABLE | Function.FLOAT_TABLE:
            return _read(parameter, entry_record(hardware)).entry


def _rounded(m: Module, hardware: Hardware, instruction: View, quotient: Quotient) -> Value:
    chosen = Signal(Shape(hardware.word, True), name="chosen")
    for place, kind in enumerate(hardware.roundings):
        value = rounded(m, quotient, kind, instruction.low, instruction.high, instruction.mantissa)
        with m.If(instruction.rounding == place):
            m.d.comb += chosen.eq(value)
    return chosen


def _read(parameter: Signal, record: StructLayout) -> View:
    return View(record, parameter[: record.size])
