"""Circuits as Verilog, by Amaranth. Needs the extra ``verilog``."""

import operator as operators
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from amaranth.back import verilog as backend
from amaranth.hdl import Module, Shape, Signal

from adequate.circuits.circuit import OUTPUT, Circuit
from adequate.circuits.expression import Expression
from adequate.circuits.word import Word

_EXACT = {  # Amaranth's operators are exact: widths grow
    "+": operators.add,
    "-": operators.sub,
    "*": operators.mul,
    "&": operators.and_,
    "|": operators.or_,
    "^": operators.xor,
    "<<": operators.lshift,
    ">>": operators.rshift,
}


@dataclass(frozen=True, eq=False)
class Net(Expression):
    """A value in an Amaranth module that is being built; ``Word(Net(module, signal), 8)`` serves in any design."""

    module: Module
    value: Any
    numbers: Iterator[int] = field(default_factory=count)

    def combined(self, left: "Net | int", operator: str, right: "Net | int") -> "Net":
        a, b = (side.value if isinstance(side, Net) else side for side in (left, right))
        return Net(self.module, _EXACT[operator](a, b), self.numbers)

    def named(self, width: int, signed: bool) -> "Net":
        shape = Shape(width, signed)
        if isinstance(self.value, Signal) and self.value.shape() == shape:
            return self
        signal = Signal(shape, name=f"w{next(self.numbers)}")
        self.module.d.comb += signal.eq(self.value)
        return Net(self.module, signal, self.numbers)


def verilog(circuit: Circuit) -> str:
    """The circuit as one Verilog module of its name; the output port is ``y``, as wide as the function's word."""
    module, ports = elaborated(circuit)
    return backend.convert(module, name=circuit.name, ports=ports, emit_src=False, strip_internal_attrs=True)


def elaborated(circuit: Circuit) -> tuple[Module, list[Signal]]:
    """The circuit as a module of Amaranth's, and its ports, the output last."""
    module, numbers = Module(), count()
    ports = [Signal(Shape(port.width, port.signed), name=port.name) for port in circuit.inputs]
    words = [
        Word(Net(module, signal, numbers), port.width, port.signed)
        for signal, port in zip(ports, circuit.inputs, strict=True)
    ]
    result = circuit.function(*words)
    output = Signal(Shape(result.width, result.signed), name=OUTPUT)
    value = result.value.value if isinstance(result.value, Net) else result.value
    module.d.comb += output.eq(value)
    return module, [*ports, output]
