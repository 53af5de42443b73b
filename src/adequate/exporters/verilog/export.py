"""A folder of Verilog, memory images and a testbench."""

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from adequate.exporters.folder import whole_folder, write_manifest
from adequate.exporters.names import identifiers
from adequate.exporters.verilog.assembly import assemble
from adequate.exporters.verilog.checks import checks_of
from adequate.exporters.verilog.cycles import cycles
from adequate.exporters.verilog.hardware import Hardware
from adequate.exporters.verilog.readme import MAKEFILE, readme
from adequate.exporters.verilog.requirements import required
from adequate.program import Program

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
        ImportError: Amaranth is missing, the extra ``verilog``.
        OSError: the folder cannot be written.
        ValueError: a step that the machine cannot run, by name; ``hardware`` that does not suffice; no image; a folder
            with something else in it.
    """
    from adequate.exporters.verilog.contents import memory_files, verilog_files  # Amaranth is the extra ``verilog``

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
        for name, text in memory_files(assembly, chosen, runs).items():
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
