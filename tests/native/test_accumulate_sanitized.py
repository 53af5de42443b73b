"""The accumulator's kernel under the sanitizers of the compiler, over odd sizes and threads, against a scalar loop."""

import subprocess
from pathlib import Path

import pytest

from tests.circuits.running import require_tool
from tests.native.builds import builds_here

HERE = Path(__file__).parent
NATIVE = HERE.parents[1] / "src" / "adequate" / "native"
KERNELS = ("accumulate_kernel", "accumulate_extent")


@pytest.mark.slow
@pytest.mark.parametrize("sanitizer", ["address,undefined", "thread"])
def test_the_kernel_under(sanitizer: str, tmp_path: Path) -> None:
    """How threads share the work is the same in all builds."""
    builds, defined = ({"portable": ()}, ()) if sanitizer == "thread" else builds_here()
    flags = ("-std=c++17", "-O1", "-g1", "-Wno-psabi", f"-I{NATIVE}", f"-fsanitize={sanitizer}")
    flags = (*flags, "-fno-sanitize-recover=all", *defined)
    parts = [
        (NATIVE / f"{kernel}.cpp", f"{kernel}_{name}", (*more, f"-DADEQUATE_PROCESSOR={name}"))
        for kernel in KERNELS
        for name, more in builds.items()
    ]
    parts += [
        (NATIVE / "accumulate.cpp", "accumulate", ()),
        (HERE / "accumulate.cpp", "driver", (f"-DPROCESSORS={len(builds)}",)),
    ]
    compiler = require_tool("g++")
    files = [str(tmp_path / f"{name}.o") for _, name, _ in parts]
    for (source, _, more), target in zip(parts, files, strict=True):
        subprocess.run((compiler, *flags, *more, "-c", str(source), "-o", target), check=True)
    program = str(tmp_path / "accumulate")
    subprocess.run((compiler, f"-fsanitize={sanitizer}", *files, "-pthread", "-o", program), check=True)
    found = subprocess.run(program, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr
    assert found.stdout == "0 wrong of 1620\n"
