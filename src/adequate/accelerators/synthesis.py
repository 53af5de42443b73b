"""The area of circuits, by synthesis."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from adequate.accelerators.area import Area, Target
from adequate.accelerators.liberty import Library, read_library
from adequate.accelerators.yosys import Yosys
from adequate.circuits import Circuit, Port
from adequate.storage import cache_folder, write_atomically

TOP = "top"
"""What every circuit is called while it is synthesized, so that equal ones of other names are synthesized once."""

LIBERTY = "cells.lib"

# Without -noalumacc a sum and a signed product become one sum of sign-extended rows: a MAC half as large again.
_GENERIC = "synth -flatten -noabc -noalumacc -top top"
_FPGA = "synth_xilinx -family xc7 -flatten -noiopad -noclkbuf -top top"  # out of context: no pads, no clock buffers


def _mapped(flip_flops: str, gates: str) -> tuple[str, ...]:
    return _GENERIC, flip_flops, f"abc {gates}", "opt_clean"


_PLAIN = "dfflegalize -cell $_DFF_P_ x"  # what enables and resets do, gates do in front of the flip-flop

SCRIPTS: dict[Target, tuple[tuple[str, ...], str]] = {
    Target.GATES: (_mapped(_PLAIN, "-g gates"), ""),
    Target.CMOS: (_mapped(_PLAIN, "-g cmos"), "-tech cmos"),
    Target.FPGA: ((f"{_FPGA} -nodsp",), ""),
    Target.FPGA_DSP: ((_FPGA,), ""),
    Target.LIBRARY: (_mapped(f"dfflibmap -liberty {LIBERTY}", f"-liberty {LIBERTY}"), ""),
}
"""Yosys' commands for each target, and the options of ``stat`` that count what they leave."""

_UNINITIALIZED = ("proc", "setattr -unset init w:*")  # what flip-flops hold at first is of an FPGA alone


@dataclass(frozen=True)
class Clocked:
    """A circuit with flip-flops: the Verilog of one module, which instantiates no other, with a clock for its edges."""

    name: str
    verilog: str


def synthesize(
    circuit: Circuit | Clocked,
    *,
    target: Target = Target.CMOS,
    liberty: Path | None = None,
    yosys: Yosys | None = None,
) -> Area:
    """How large the circuit is, by Yosys; without ``yosys`` the one that is installed. Needs the extra ``synthesis``.

    A system's Yosys and the extra ``verilog`` do as well. A circuit takes up to a second, on an FPGA several. What it
    came to is kept in the user's cache (``~/.cache/adequate/synthesis``) under the SHA-256 of the circuit, the target,
    Yosys' version and the library. ``liberty``, the file with the cells of ``Target.LIBRARY``, is read by Yosys itself.

    Raises:
        FileNotFoundError: Yosys or Amaranth is not installed.
        OSError: the Liberty file cannot be read.
        ValueError: a library without a Liberty file or the other way round, a file that is none, or Yosys fails.
    """
    if (liberty is not None) != (target is Target.LIBRARY):
        raise ValueError(f"a Liberty file goes with {Target.LIBRARY}; {target} is given {liberty or 'none'}")
    yosys = yosys or Yosys.installed()
    cells = b"" if liberty is None else liberty.read_bytes()
    file, read, source = _source(circuit, target)
    parts = [source, repr((target, read, SCRIPTS[target])).encode(), yosys.version.encode(), cells]
    key = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()
    kept = cache_folder() / "synthesis" / f"{key}.json"
    with suppress(OSError, ValueError, TypeError, KeyError):  # not there, or not whole: made again
        return _area(target, yosys, json.loads(kept.read_bytes()))
    library = None if liberty is None else _library(liberty, cells)
    try:
        figures = _figures({file: source, LIBERTY: cells}, read, target, yosys, library)
    except ValueError as error:
        raise ValueError(f"{circuit.name} was not synthesized for {target.value}: {error}") from None
    with suppress(OSError):  # a cache that cannot be written makes it slow, not wrong
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(kept, json.dumps(figures))
    return _area(target, yosys, figures)


def _area(target: Target, yosys: Yosys, figures: dict[str, Any]) -> Area:
    cells = tuple((str(cell), int(count)) for cell, count in figures["cells"])
    return Area(target, yosys.version, cells, *(figures[name] for name in ("transistors", "area", "leakage_nw")))


def _source(circuit: Circuit | Clocked, target: Target) -> tuple[str, tuple[str, ...], bytes]:
    """A file, the commands that read it and call what is in it ``TOP``, and its content."""
    if isinstance(circuit, Clocked):
        reading = ("read_verilog circuit.v", "hierarchy -check -auto-top", f"rename -top {TOP}")
        more = () if target in (Target.FPGA, Target.FPGA_DSP) else _UNINITIALIZED
        return "circuit.v", (*reading, *more), circuit.verilog.encode()
    try:
        from adequate.circuits.rtlil import rtlil
    except ModuleNotFoundError:
        raise FileNotFoundError("synthesis needs Amaranth: pip install 'adequate[synthesis]'") from None
    ports = tuple(Port(f"p{i}", port.width, port.signed) for i, port in enumerate(circuit.inputs))
    text = rtlil(replace(circuit, name=TOP, inputs=ports))
    return "circuit.il", ("read_rtlil circuit.il",), text.encode()


def _library(liberty: Path, content: bytes) -> Library:
    try:
        return read_library(content.decode("utf-8", "replace"))
    except ValueError as error:
        raise ValueError(f"{liberty} is no Liberty file: {error}") from None


def _figures(
    files: Mapping[str, bytes], read: Sequence[str], target: Target, yosys: Yosys, library: Library | None
) -> dict[str, Any]:
    """The fields of an ``Area`` that synthesis finds."""
    script, count = SCRIPTS[target]
    found = yosys.statistics(files, [*read, *script], count)
    counts: dict[str, int] = found["num_cells_by_type"]
    transistors = found.get("estimated_num_transistors")
    return {
        "cells": sorted(counts.items()),
        "transistors": None if transistors is None else int(transistors),
        "area": None if library is None else _total(counts, library.areas),
        "leakage_nw": None if library is None else _total(counts, library.leakages_nw),
    }


def _total(counts: dict[str, int], each: Mapping[str, float]) -> float | None:
    """The sum over the cells; None where one has no figure."""
    return sum(count * each[cell] for cell, count in counts.items()) if counts.keys() <= each.keys() else None
