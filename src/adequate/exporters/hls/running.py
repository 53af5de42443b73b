"""Exports compiled and run."""

import re
import subprocess
from collections.abc import Sequence
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from adequate.exporters.folder import kind_of, read_manifest
from adequate.exporters.hls.compiler import FLAGS, compiled
from adequate.exporters.hls.parameters import packed, unpacked
from adequate.exporters.verification import Mismatch, Verification
from adequate.program.steps import Array

_RIGHT = re.compile(r"0 mismatches of (\d+) values")
_WRONG = re.compile(r"(layer|output)_(\d+) \(.*\), index (\d+): expected (-?\d+), found (-?\d+)")


def verify_hls(folder: Path, *, flags: Sequence[str] = FLAGS) -> Verification:
    """Compiles an export of ``export_hls``, runs it on its vectors and compares every layer's output.

    What is in the folder is compiled and run: it must be one that you trust.

    Raises:
        FileNotFoundError: there is no g++.
        OSError: the folder cannot be read.
        ValueError: it is no such export, does not compile, or lacks files or layers.
    """
    facts = _facts(folder)
    with TemporaryDirectory() as work:
        program = compiled(folder / "testbench.cpp", Path(work), flags)
        result = subprocess.run([str(program), "verify", str(folder)], capture_output=True, text=True)
    if found := _WRONG.fullmatch(result.stdout.strip()):
        kind, place, index, expected, seen = found.groups()
        layer = str(facts["layers"][int(place)]) if kind == "layer" else f"output {place}"
        return Verification(int(facts["values"]), Mismatch(layer, int(index), int(expected), int(seen)))
    counted = _RIGHT.fullmatch(result.stdout.strip())
    if counted is None or int(counted[1]) != facts["values"]:
        said = (result.stdout.strip() or result.stderr.strip() or f"exit code {result.returncode}").splitlines()[-1]
        raise ValueError(f"{folder}: the testbench did not compare {facts['values']} values: {said}")
    return Verification(int(facts["values"]), None)


def run_hls(folder: Path, inputs: Sequence[Array], *, flags: Sequence[str] = FLAGS) -> tuple[Array, ...]:
    """The outputs of an export for any images: integers (images, *shape) for each of the program's inputs and outputs.

    Raises:
        FileNotFoundError: there is no g++.
        OSError: the folder cannot be read.
        ValueError: it is no such export, does not compile or run, or the inputs are not its own.
    """
    facts = _facts(folder)
    images = {len(one) for one in inputs}
    wanted = [tuple(one["shape"]) for one in facts["inputs"]]
    if len(images) != 1 or [np.shape(one)[1:] for one in inputs] != wanted:
        raise ValueError(f"{folder} takes inputs of the shapes {wanted}, of equally many images each")
    (count,) = images
    with TemporaryDirectory() as name:
        work = Path(name)
        program = compiled(folder / "testbench.cpp", work, flags)
        for k, (one, port) in enumerate(zip(inputs, facts["inputs"], strict=True)):
            rows = np.asarray(one, dtype=object).reshape(count, -1)
            (work / f"input_{k}.bin").write_bytes(b"".join(_packed(row, port, folder) for row in rows))
        command = [str(program), "run", str(folder), name, name, str(count)]
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode:
            raise ValueError(f"{folder} does not run: {result.stderr.strip() or result.returncode}")
        return tuple(_read(work / f"output_{k}.bin", count, port) for k, port in enumerate(facts["outputs"]))


def _facts(folder: Path) -> dict[str, Any]:
    if kind_of(folder) != "hls":
        raise ValueError(f"{folder} is no export to C++")
    return read_manifest(folder)


def _packed(row: Any, port: dict[str, Any], folder: Path) -> bytes:
    low = -(2 ** (port["bits"] - 1)) if port["signed"] else 0
    if row.size and not low <= row.min() <= row.max() < low + 2 ** port["bits"]:
        raise ValueError(f"{folder} takes integers of {port['bits']} bits, not {row.min()} to {row.max()}")
    return packed(row, port["bits"])


def _read(path: Path, count: int, port: dict[str, Any]) -> Array:
    size = prod(port["shape"])
    content, each = path.read_bytes(), -(-size * port["bits"] // 8)
    rows = [unpacked(content[k * each : (k + 1) * each], size, port["bits"], port["signed"]) for k in range(count)]
    return np.stack(rows).reshape(count, *port["shape"])
