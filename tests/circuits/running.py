"""Circuits run outside Python: compiled C++, Verilog in Icarus, Amaranth's own simulator."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from amaranth.hdl import Module, Shape, Signal
from amaranth.sim import Simulator

from adequate.circuits import Circuit, Port, Word, cpp
from adequate.circuits.verilog import Net, verilog
from tests.needed import lacking


def require_tool(name: str) -> str:
    """The path of a program; without it the test skips, in CI it fails."""
    return shutil.which(name) or lacking(f"{name} is not installed")


def values(port: Port) -> list[int]:
    """Every value of a port, in the order of the bit patterns."""
    return [p - 2**port.width * (port.signed and p >> port.width - 1) for p in range(2**port.width)]


def run_cpp(circuits: Sequence[Circuit], folder: Path) -> list[np.ndarray]:
    """Each two-input circuit's results for all pairs, the second input running fastest."""
    compiler = require_tool("g++")
    lines = [
        "#include <cstdint>",
        "#include <cstdio>",
        "#include <initializer_list>",
        *map(cpp, circuits),
        "int main() {",
    ]
    for circuit in circuits:
        lists = [f"{{{','.join(map(str, values(port)))}}}" for port in circuit.inputs]
        lines += [
            f"  for (std::int64_t a : {lists[0]}) for (std::int64_t b : {lists[1]}) {{",
            f"    const std::int64_t y = {circuit.name}(a, b); std::fwrite(&y, 8, 1, stdout);",
            "  }",
        ]
    source = folder / "all.cpp"
    source.write_text("\n".join([*lines, "}", ""]))
    strict = ["-std=c++17", "-Wall", "-Wno-unused", "-Werror", "-fsanitize=undefined", "-fno-sanitize-recover"]
    subprocess.run([compiler, *strict, source, "-o", folder / "all"], check=True)
    output = subprocess.run([folder / "all"], check=True, capture_output=True).stdout
    sizes = [2 ** sum(port.width for port in circuit.inputs) for circuit in circuits]
    return np.split(np.frombuffer(output, dtype="<i8"), np.cumsum(sizes)[:-1])


def run_icarus(circuit: Circuit, folder: Path) -> np.ndarray:
    """The results for all pairs of a two-input circuit, its Verilog simulated; y as an unsigned bit pattern."""
    compiler, runtime = require_tool("iverilog"), require_tool("vvp")
    a, b = circuit.inputs
    width = result(circuit).width
    bench = f"""
        module bench;
          reg [{a.width - 1}:0] a; reg [{b.width - 1}:0] b; wire [{width - 1}:0] y; integer i;
          {circuit.name} dut(.a(a), .b(b), .y(y));
          initial for (i = 0; i < {2 ** (a.width + b.width)}; i = i + 1) begin
            {{a, b}} = i; #1 $display("%h", y);
          end
        endmodule
    """
    (folder / "all.v").write_text(verilog(circuit) + bench)
    subprocess.run([compiler, "-g2005", "-o", folder / "all", folder / "all.v"], check=True)
    output = subprocess.run([runtime, "-n", folder / "all"], check=True, capture_output=True, text=True).stdout
    return np.array([int(line, 16) for line in output.split()])


def run_amaranth(circuit: Circuit) -> list[int]:
    """The results for all pairs, in Amaranth's simulator."""
    module = Module()
    signals = [Signal(Shape(port.width, port.signed)) for port in circuit.inputs]
    words = [Word(Net(module, s), p.width, p.signed) for s, p in zip(signals, circuit.inputs, strict=True)]
    word = circuit.function(*words)
    y = Signal(Shape(word.width, word.signed))
    module.d.comb += y.eq(word.value.value if isinstance(word.value, Net) else word.value)
    found: list[int] = []

    async def process(context) -> None:
        for a in values(circuit.inputs[0]):
            context.set(signals[0], a)
            for b in values(circuit.inputs[1]):
                context.set(signals[1], b)
                await context.delay(1e-9)
                found.append(context.get(y))

    simulator = Simulator(module)
    simulator.add_testbench(process)
    simulator.run()
    return found


def result(circuit: Circuit) -> Word:
    """The circuit's result for zeros: its width and signedness."""
    return circuit.function(*(Word(0, port.width, port.signed) for port in circuit.inputs))
