"""The multiplier of a processing element: from two words in memory to an integer product."""

from adequate.circuits import Word
from adequate.circuits.verilog import Net
from adequate.exporters.verilog.hardware import Mac
from adequate.exporters.verilog.hdl import Instance, Module, Mux, Shape, Signal, Value, signed
from adequate.exporters.verilog.rounding import float_place, named
from adequate.formats import Format, Minifloat, Underflow
from adequate.operators import Operand, Tabulated
from adequate.program.products import numbers


def product(m: Module, mac: Mac, x: Value, w: Value, zeros: tuple[Value, Value] | None, table: str) -> Value:
    """The product of the integer x and the word w, less what zero points add to it; ``table``: the file of a table."""
    if mac.multiplier is None:
        return named(m, x * w.as_signed(), "product")
    a_operand, b_operand = mac.multiplier.a, mac.multiplier.b
    zero_x, zero_w = zeros or (0, 0)
    a = _word(m, x + zero_x if a_operand.format is None else x, a_operand, "a")
    b = Signal(_shape(b_operand), name="b")
    m.d.comb += b.eq(w)
    result = (
        _looked_up(m, mac.multiplier, a, b, table) if isinstance(mac.multiplier, Tabulated) else _made(m, mac, a, b)
    )
    if mac.multiplier.product is not None:
        result = number(m, result, mac.multiplier.product)
    if zeros is None:
        return result
    n = b if b_operand.format is None else number(m, b, b_operand.format)
    return named(m, result - zero_w * (x + zero_x) - zero_x * n + zero_x * zero_w, "product")


def code(m: Module, number: Value, format: Format) -> Signal:
    """The code of a number of the format, in units of its grid; the first one where there are several."""
    found = Signal(format.bits, name="code")
    if isinstance(format, Minifloat):
        magnitude = named(m, Mux(number < 0, -number, number), "size")
        m.d.comb += found.eq(float_place(m, magnitude, format.man) | ((number < 0) << (format.bits - 1)))
        return found
    known = sorted(((n, c) for c, n in numbers(format).items()), reverse=True)
    with m.Switch(number):
        for n, c in dict(known).items():
            if _fits(n, number.shape()):
                with m.Case(n):
                    m.d.comb += found.eq(c)
    return found


def number(m: Module, code: Value, format: Format) -> Signal:
    """The number of a code, in units of the format's grid; a code of none is any number."""
    known = numbers(format)
    widest = max(abs(n) for n in known.values()).bit_length()
    found = Signal(signed(widest + 1), name="number")
    if isinstance(format, Minifloat):
        mantissa, field = code[: format.man], code[format.man : format.bits - 1]
        normal = field != 0
        least = mantissa if format.underflow is Underflow.GRADUAL else 0
        size = named(m, Mux(normal, mantissa | (1 << format.man), least), "significand")
        steps = named(m, Mux(normal, (field - 1).as_unsigned()[: format.exp], 0), "steps")
        magnitude = named(m, (size << steps)[:widest], "size")
        m.d.comb += found.eq(Mux(code[format.bits - 1], -magnitude, magnitude))
        return found
    with m.Switch(code[: format.bits]):
        for c, n in known.items():
            with m.Case(c % 2**format.bits):
                m.d.comb += found.eq(n)
    return found


def _shape(operand: Operand) -> Shape:
    return Shape(operand.width, operand.signed)


def _word(m: Module, n: Value, operand: Operand, name: str) -> Signal:
    word = Signal(_shape(operand), name=name)
    m.d.comb += word.eq(n if operand.format is None else code(m, named(m, n, "number"), operand.format))
    return word


def _made(m: Module, mac: Mac, a: Signal, b: Signal) -> Signal:
    assert mac.multiplier is not None
    words = [Word(Net(m, one), len(one), one.shape().signed) for one in (a, b)]
    result = mac.multiplier(*words)
    made = Signal(Shape(result.width, result.signed), name="result")
    m.d.comb += made.eq(result.value.value if isinstance(result.value, Net) else result.value)
    return made


def _looked_up(m: Module, table: Tabulated, a: Signal, b: Signal, file: str) -> Value:
    entry = Signal(signed(32), name="entry")
    m.submodules += Instance(
        "lookup",
        p_WIDTH=32,
        p_ADDRESS=table.width_a + table.width_b,
        p_FILE=file,
        i_address=(a.as_unsigned() << table.width_b) | b.as_unsigned(),
        o_data=entry,
    )
    return entry


def _fits(n: int, shape: Shape) -> bool:
    return -(2 ** (shape.width - 1)) * shape.signed <= n < 2 ** (shape.width - shape.signed)
