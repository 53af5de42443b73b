"""A folder of Verilog, memory images and a testbench."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from torch import Tensor

from adequate.exporters.folder import whole_folder, write_manifest
from adequate.exporters.names import identifiers
from adequate.exporters.verilog.assembly import Assembly, assemble
from adequate.exporters.verilog.checks import Check, checks_of
from adequate.exporters.verilog.cycles import cycles
from adequate.exporters.verilog.function_unit import function_unit
from adequate.exporters.verilog.hardware import Hardware
from adequate.exporters.verilog.images import flat, lines, memory_images, words
from adequate.exporters.verilog.machine import machine
from adequate.exporters.verilog.memory import MEMORY
from adequate.exporters.verilog.processing_element import processing_element
from adequate.exporters.verilog.readme import MAKEFILE, readme
from adequate.exporters.verilog.requirements import required
from adequate.exporters.verilog.testbench import testbench
from adequate.program import Program
from adequate.program.steps import Array

KIND = "verilog"
"""What the manifest says the folder is."""


def export_verilog(
    program: Program,
    folder: str | Path,
    *,
    rows: int = 2,
    columns: int = 2,
    images: Sequence[Tensor | tuple[Tensor, ...]],
    hardware: Hardware | None = None,
) -> Hardware:
    """Writes the program as Verilog with its memory images, and a testbench that runs it on ``images``.

    The design has ``rows`` x ``columns`` processing elements. ``hardware`` None: the least that runs the program; else
    one that runs it too (see ``Hardware.joined``). The folder is whole or not there, and equal arguments give equal
    bytes. An image has its batch, of 1; a network of several inputs takes tuples.

    Returns:
        The hardware that was written.

    Raises:
        OSError: the folder cannot be written.
        ValueError: a step that the machine cannot run, by name; ``hardware`` that does not suffice; no image; a folder
            with something else in it.
    """
    assembly = assemble(program, rows, columns)
    least = required(assembly)
    chosen = hardware or least
    if chosen.joined(least) != chosen:
        raise ValueError("the hardware given does not run this program; join it with hardware_of(program, ...)")
    if not images:
        raise ValueError("the testbench needs an image or more")
    runs = [program.encode(*(one if isinstance(one, tuple) else (one,))) for one in images]
    with whole_folder(Path(folder)) as made:
        for name, text in verilog_files(chosen).items():
            (made / name).write_text(text)
        (made / "memory").mkdir()
        for name, text in {**memory_images(assembly, chosen), **_vectors(assembly, chosen, runs)}.items():
            (made / "memory" / name).with_suffix(".hex").write_text(text)
        checks = checks_of(assembly)
        names = identifiers(dict.fromkeys(check.layer for check in checks), "layer")
        (made / "memory" / "layers.txt").write_text("".join(f"{one}\n" for one in names.values()) or "none\n")
        (made / "Makefile").write_text(MAKEFILE)
        (made / "README.md").write_text(readme(assembly, chosen, names, len(runs)))
        counts = {"images": len(runs), "checks": [[one.layer, one.size, one.begin] for one in checks]}
        passes = [[one.step.layer, cycles(one.instruction, rows, columns)] for one in assembly.passes]
        write_manifest(made, KIND, **counts, passes=passes)
    return chosen


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
