"""The files of an export that depend on the hardware, and those that depend on the program."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from adequate.exporters.verilog.assembly import Assembly
from adequate.exporters.verilog.checks import Check, checks_of
from adequate.exporters.verilog.cycles import cycles
from adequate.exporters.verilog.function_unit import function_unit
from adequate.exporters.verilog.hardware import Hardware
from adequate.exporters.verilog.images import flat, lines, memory_images, words
from adequate.exporters.verilog.machine import machine
from adequate.exporters.verilog.memory import MEMORY
from adequate.exporters.verilog.processing_element import processing_element
from adequate.exporters.verilog.testbench import testbench
from adequate.program.steps import Array


@lru_cache(maxsize=8)
def verilog_files(hardware: Hardware) -> Mapping[str, str]:
    """The Verilog sources by their names, all that depends on the hardware."""
    files = {
        "machine.v": machine(hardware),
        "function_unit.v": function_unit(hardware),
        "memory.v": MEMORY,
        "testbench.v": testbench(hardware),
    }
    return files | ({"processing_element.v": processing_element(hardware)} if hardware.macs else {})


def memory_files(assembly: Assembly, hardware: Hardware, runs: Sequence[tuple[Array, ...]]) -> Mapping[str, str]:
    """The memory images by the names of their files, and what the testbench gives and expects."""
    return memory_images(assembly, hardware) | _vectors(assembly, hardware, runs)


def _vectors(assembly: Assembly, hardware: Hardware, runs: Sequence[tuple[Array, ...]]) -> dict[str, str]:
    """Inputs, what each image is to give, and which instruction gives it."""
    checks, program = checks_of(assembly), assembly.program
    expected: list[str] = []
    for integers in runs:
        values = program.trace(*integers)
        expected.append(lines(flat([values[check.value] for check in checks]), hardware.word))
    spent = sum(cycles(one.instruction, assembly.rows, assembly.columns) for one in assembly.passes)
    count = sum(check.size for check in checks)
    inputs = [flat(integers) for integers in runs]
    header = [len(runs), len(inputs[0]), count, 2 * spent + 1000, len(assembly.passes)]
    return {
        "run": words(header, 64),
        "checks": words((_check(one, checks) for one in _targets(assembly)), 64),
        "inputs": "".join(lines(one, hardware.word) for one in inputs),
        "expected": "".join(expected),
    }


def _targets(assembly: Assembly) -> list[tuple[str | None, int]]:
    return [(one.value, one.instruction.z.offset) for one in assembly.passes]


def _check(target: tuple[str | None, int], checks: Sequence[Check]) -> int:
    value, offset = target
    layers = list(dict.fromkeys(check.layer for check in checks))
    for check in checks:
        if check.value == value:
            return 1 << 63 | layers.index(check.layer) << 32 | (check.begin + offset)
    return 0
