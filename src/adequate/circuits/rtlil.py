"""Circuits in RTLIL, the language inside Yosys, by Amaranth. Needs the extra ``verilog``."""

from amaranth.back import rtlil as backend

from adequate.circuits.circuit import Circuit
from adequate.circuits.verilog import elaborated


def rtlil(circuit: Circuit) -> str:
    """The circuit as one RTLIL module of its name: what ``verilog`` writes out, in milliseconds, for Yosys only."""
    module, ports = elaborated(circuit)
    return backend.convert(module, name=circuit.name, ports=ports, emit_src=False)
