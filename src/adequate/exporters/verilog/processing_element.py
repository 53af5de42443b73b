"""A processing element: one multiplier, one adder, the sum of one output element."""

from dataclasses import dataclass

from adequate.circuits import Word
from adequate.circuits.verilog import Net
from adequate.exporters.verilog.hardware import Hardware, Sum
from adequate.exporters.verilog.hdl import Array, Const, Module, Mux, Signal, Value, module_text, signed
from adequate.exporters.verilog.multiplication import product
from adequate.exporters.verilog.rounding import named, shifted
from adequate.formats import Overflow
from adequate.operators import Adder
from adequate.program import ToFixed


@dataclass(frozen=True, eq=False)
class _Addition:
    """What a processing element adds in a cycle: a product, or one of the two others."""

    fresh: Signal
    """The first one of a sum."""
    merge: Value
    """A sum that was kept, and the sum."""
    biasing: Signal
    """The sum and the bias."""
    direct: Signal
    """The product enters without an addition."""


def processing_element(hardware: Hardware) -> str:
    """A Verilog module: each cycle with ``add`` makes one addition; ``sum`` is the result, a cycle later.

    The augend is 0 if ``fresh``, the partial sum ``kept[read_level]`` if ``merge``, else ``sum``; the addend is the
    product of x and w, or ``sum`` if ``merge``, or the bias b if ``biasing``. ``direct``: the product is the result.
    With ``keep`` the result goes to ``kept[write_level]`` as well. Hardware without levels keeps and merges nothing.
    """
    m = Module()
    x = Signal(signed(hardware.word), name="x")
    w = Signal(hardware.weight, name="w")
    b = Signal(signed(hardware.bias), name="b")
    zeros = [Signal(signed(max(hardware.zero, 1)), name=name) for name in ("zero_x", "zero_w")]
    mac = Signal(max((len(hardware.macs) - 1).bit_length(), 1), name="mac")
    flags = {name: Signal(name=name) for name in ("add", "fresh", "merge", "biasing", "direct", "keep")}
    levels = [Signal(range(max(hardware.levels, 2)), name=name) for name in ("read_level", "write_level")]
    total = Signal(signed(hardware.sum), name="sum", reset_less=True)
    kept = Array(
        Signal(signed(hardware.sum), name=f"kept_{level}", reset_less=True) for level in range(hardware.levels)
    )

    before, after = Signal.like(total, name="before"), Signal.like(total, name="after")
    merge: Value = flags["merge"] if hardware.levels else Const(0, 1)
    augend = Mux(merge, kept[levels[0]], total) if hardware.levels else total
    m.d.comb += before.eq(Mux(flags["fresh"], 0, augend))
    addition = _Addition(flags["fresh"], merge, flags["biasing"], flags["direct"])
    for place, one in enumerate(hardware.macs):
        given = (zeros[0], zeros[1]) if hardware.zero else None
        made = product(m, one, x, w, given, f"memory/table_{place}.hex")
        chosen = named(m, mac == place, "chosen") if len(hardware.macs) > 1 else Const(1, 1)
        if one.sum is None:
            added = before + Mux(addition.biasing, b, made)
        elif one.sum.compensated:
            added = _compensated(m, one.sum, before, made, b, addition, chosen & flags["add"])
        else:
            added = _rounded(m, one.sum, before, made, total, b, addition)
        with m.If(chosen):
            m.d.comb += after.eq(added)
    with m.If(flags["add"]):
        m.d.sync += total.eq(after)
        if hardware.levels:
            with m.If(flags["keep"]):
                m.d.sync += kept[levels[1]].eq(after)
    ports = [x, w, b, *zeros, mac, *flags.values(), *levels, total]
    return module_text(m, "processing_element", ports)


def _rounded(m: Module, one: Sum, before: Value, made: Value, total: Value, b: Value, addition: _Addition) -> Value:
    """The sum in a register that rounds after every addition."""
    made = _product(m, one, made)
    fine = max(0, -one.products, -one.bias)  # how much finer than the register's unit an addition is
    others = Mux(addition.merge, total << fine, made << (one.products + fine))
    term = named(m, Mux(addition.biasing, b << (one.bias + fine), others), "term")
    if one.adder is None:
        return shifted(m, (before << fine) + term, -fine, one.rounder)
    assert isinstance(one.rounder, ToFixed)
    entering = named(m, shifted(m, term, -fine, one.rounder), "entering")
    return Mux(addition.direct, entering, _code_sum(m, one.rounder, one.adder, before, entering))


def _compensated(m: Module, one: Sum, before: Value, made: Value, b: Value, addition: _Addition, adds: Value) -> Value:
    """The sum with what its roundings lose in a register beside it: four additions of a product, one of a bias."""
    made = _product(m, one, made)
    lost = Signal.like(before, name="lost", reset_less=True)

    def rounded(n: Value, fine: int, name: str) -> Signal:
        return named(m, shifted(m, n, -fine, one.rounder), name)

    fine, fine_bias = max(0, -one.products), max(0, -one.bias)
    less = Mux(addition.fresh, 0, lost)
    term = rounded((made << (one.products + fine)) - (less << fine), fine, "compensated")
    result = rounded(before + term, 0, "result")
    difference = rounded(result - before, 0, "difference")
    now = rounded(difference - term, 0, "lost_now")
    with m.If(adds):
        m.d.sync += lost.eq(now)
    biased = rounded((before << fine_bias) + (b << (one.bias + fine_bias)), fine_bias, "biased")
    return Mux(addition.biasing, biased, result)


def _product(m: Module, one: Sum, made: Value) -> Value:
    """The product, rounded first where the register wants it so."""
    if one.product is None:
        return made
    return named(m, shifted(m, made, one.product[1], one.product[0]), "rounded_product")


def _code_sum(m: Module, register: ToFixed, adder: Adder, c: Value, term: Value) -> Value:
    """The sum of two codes by an adder of stated width (see ``Accumulator.adder``)."""
    signed_register = register.low < 0
    codes: list[Signal] = []
    for value, name in ((c, "a"), (term, "b")):
        codes.append(Signal(adder.width, name=f"code_{name}"))
        m.d.comb += codes[-1].eq(value)
    result = adder(*(Word(Net(m, one), adder.width) for one in codes))
    whole = Signal(adder.width + 1, name="whole")
    m.d.comb += whole.eq(result.value.value if isinstance(result.value, Net) else result.value)
    code, saturates = whole[: adder.width], register.overflow is Overflow.SATURATE
    if not signed_register:
        return Mux(whole[-1], register.high, code) if saturates else code
    value = named(m, code.as_signed(), "sum_of_codes")
    if saturates:
        a, b = (one[-1] for one in codes)
        half = 2 ** (adder.width - 1)
        value = Mux(~a & ~b & code[-1], half - 1, Mux(a & b & ~code[-1], -half, value))
    return Mux(value < register.low, register.low, value)
