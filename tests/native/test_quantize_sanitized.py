"""The quantisers under the sanitizers of the compiler: every build that runs here, against one number at a time."""

import subprocess
from pathlib import Path

import pytest

from tests.circuits.running import require_tool
from tests.native.builds import builds_here

HERE = Path(__file__).parent
NATIVE = HERE.parents[1] / "src" / "adequate" / "native"
KERNELS = ("quantize_fixed", "quantize_minifloat", "quantize_power_of_two", "quantize_sums")
CASES = 19 * 7 * 8 * 3 + 2 + 5 + 3
"""Formats and rules, sizes, ends, arithmetics; large ones, codes, scalings."""


@pytest.mark.slow
def test_the_quantisers_under_the_address_and_undefined_behaviour_sanitizers(tmp_path: Path) -> None:
    compiler, (builds, _) = require_tool("g++"), builds_here()
    sanitizers = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    flags = ("-std=c++17", "-O0", "-g1", "-Wno-psabi", "-ffp-contract=off", "-fno-math-errno", f"-I{NATIVE}")
    parts = [
        (NATIVE / f"{kernel}.cpp", f"{kernel}_{name}", (*more, f"-DADEQUATE_PROCESSOR={name}"))
        for kernel in KERNELS
        for name, more in builds.items()
    ]
    parts.append((HERE / "quantize.cpp", "driver", (f"-DPROCESSORS={len(builds)}",)))
    files = [str(tmp_path / f"{name}.o") for _, name, _ in parts]
    for (source, _, more), target in zip(parts, files, strict=True):
        subprocess.run((compiler, *flags, *sanitizers, *more, "-c", str(source), "-o", target), check=True)
    program = str(tmp_path / "quantize")
    subprocess.run((compiler, *sanitizers, *files, "-o", program), check=True)
    found = subprocess.run(program, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr
    assert found.stdout == f"0 wrong of {CASES * len(builds)}\n"
