"""Exported Verilog, simulated: what it computes and how long it takes."""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from adequate.exporters.folder import kind_of, read_manifest
from adequate.exporters.verification import Mismatch, Verification

SIMULATORS = ("iverilog", "verilator")
"""Icarus Verilog, and Verilator, which compiles for longer and runs faster."""

FLAGS = ("-O2",)
"""Of g++ for the C++ that Verilator makes: a long simulation is the faster for it."""


@dataclass(frozen=True)
class Simulation:
    """A verification, and the cycles of each layer for one image; none of them after a mismatch."""

    verification: Verification
    cycles: Mapping[str, int]


def verify_verilog(folder: str | Path, simulator: str = "iverilog", *, builds: Path | None = None) -> Verification:
    """Simulates an export on its images and compares every layer's output.

    Raises:
        FileNotFoundError: the simulator is not installed.
        RuntimeError: it fails, or does not come to an end.
        ValueError: the folder is no such export, or there is no such simulator.
    """
    return simulate(folder, simulator, builds=builds).verification


def simulate(
    folder: str | Path, simulator: str = "iverilog", *, builds: Path | None = None, flags: Sequence[str] = FLAGS
) -> Simulation:
    """As ``verify_verilog``, with the cycles. Compiled simulations are kept in ``builds``, and shared by equal Verilog.

    ``flags`` are those of g++ behind Verilator.

    Raises:
        FileNotFoundError, RuntimeError, ValueError: as ``verify_verilog``.
    """
    folder = Path(folder)
    if kind_of(folder) != "verilog":
        raise ValueError(f"{folder} is no export to Verilog")
    if simulator not in SIMULATORS:
        raise ValueError(f"no such simulator {simulator!r}; there are {', '.join(SIMULATORS)}")
    with TemporaryDirectory() as temporary:
        program = _compiled(folder, simulator, builds or Path(temporary), flags)
        start = ["vvp", "-n", str(program)] if simulator == "iverilog" else [str(program)]
        return _read(_run(start, folder), read_manifest(folder))


def _compiled(folder: Path, simulator: str, builds: Path, flags: Sequence[str]) -> Path:
    """The simulation of the folder's Verilog, compiled unless ``builds`` has it."""
    sources = sorted(folder.glob("*.v"))
    how = [simulator, *flags] if simulator == "verilator" else [simulator]
    digest = hashlib.sha256(b"\0".join([*map(str.encode, how), *(one.read_bytes() for one in sources)])).hexdigest()
    target = builds.resolve() / digest
    if target.exists():
        return target
    paths = [str(one.resolve()) for one in sources]
    with TemporaryDirectory(dir=builds) as made:
        if simulator == "iverilog":
            _run(["iverilog", "-g2012", "-s", "testbench", "-o", f"{made}/simulation", *paths], folder)
        else:
            options = ["--binary", "-O3", "--timing", "-Wno-fatal", "-Wno-lint", "--top-module", "testbench"]
            chosen = " ".join(flags)  # after Verilator's own in the command: the last one counts
            for part in ("OPT_FAST", "OPT_GLOBAL"):
                options += ["-MAKEFLAGS", f"{part}='{chosen}'"]
            _run(["verilator", *options, "-Mdir", made, "-o", "simulation", *paths], folder)
        Path(made, "simulation").rename(target)
    return target


def _run(command: Sequence[str], folder: Path) -> str:
    if shutil.which(command[0]) is None:
        raise FileNotFoundError(f"{command[0]} is not installed")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} failed: {(done.stderr or done.stdout).strip()[-500:]}")
    return done.stdout


def _read(output: str, facts: Mapping[str, Any]) -> Simulation:
    checks: list[tuple[str, int, int]] = [(layer, size, begin) for layer, size, begin in facts["checks"]]
    number = r"(-?\d+)"
    differs = rf"^layer \d+ \S+, image {number}, value {number}: expected {number}, found {number}$"
    if found := re.search(differs, output, re.M):
        image, place, expected, given = map(int, found.groups())
        layer, size, begin = next(one for one in reversed(checks) if one[2] <= place)
        return Simulation(Verification(place, Mismatch(layer, image * size + place - begin, expected, given)), {})
    if not (found := re.search(r"^0 mismatches of (\d+) values$", output, re.M)):
        raise RuntimeError(f"the simulation does not come to its end: {output.strip()[-500:]}")
    cycles: dict[str, int] = {}
    spent = re.findall(r"^instruction \d+: (\d+) cycles$", output, re.M)
    for (layer, _), one in zip(facts["passes"], spent, strict=True):
        cycles[layer] = cycles.get(layer, 0) + int(one)
    return Simulation(Verification(int(found[1]), None), cycles)
