"""The accelerators' loops under the sanitizers of the compiler, over odd sizes; the processors' builds agree."""

import subprocess
from pathlib import Path

import pytest

from tests.circuits.running import require_tool
from tests.native.builds import builds_here

HERE = Path(__file__).parent
NATIVE = HERE.parents[1] / "src" / "adequate" / "native"
KERNELS = ("cartesian", "promotion", "retirement")


@pytest.mark.slow
def test_the_loops_under_the_address_and_undefined_behaviour_sanitizers(tmp_path: Path) -> None:
    builds, defined = builds_here()
    flags = ("-std=c++17", "-O1", "-g1", "-Wno-psabi", f"-I{NATIVE}", "-fsanitize=address,undefined")
    flags = (*flags, "-fno-sanitize-recover=all", *defined)
    parts = [
        (NATIVE / f"{kernel}.cpp", f"{kernel}_{name}", (*more, f"-DADEQUATE_PROCESSOR={name}"))
        for kernel in KERNELS
        for name, more in builds.items()
    ]
    parts.append((HERE / "accelerators.cpp", "driver", ()))
    compiler = require_tool("g++")
    files = [str(tmp_path / f"{name}.o") for _, name, _ in parts]
    for (source, _, more), target in zip(parts, files, strict=True):
        subprocess.run((compiler, *flags, *more, "-c", str(source), "-o", target), check=True)
    program = str(tmp_path / "accelerators")
    subprocess.run((compiler, "-fsanitize=address,undefined", *files, "-o", program), check=True)
    found = subprocess.run(program, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr
    assert found.stdout == "0 wrong of 600\n"
