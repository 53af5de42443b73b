"""The accumulator's kernel under the sanitizers of the compiler, over odd sizes and threads, against a scalar loop.

The build for vectors of 512 bits is compiled here for 256, in pairs, so that it runs on any processor with AVX2.
"""

import subprocess
from pathlib import Path

import pytest

from adequate.native import Processor, processor
from tests.circuits.running import require_tool

HERE = Path(__file__).parent
NATIVE = HERE.parents[1] / "src" / "adequate" / "native"
KERNELS = ("accumulate_kernel", "accumulate_extent")
AVX2 = ("-mavx2", "-mfma", "-mbmi2")
BUILDS = {"portable": (), "avx2": AVX2, "avx512": (*AVX2, "-DADEQUATE_VECTOR=64")}


@pytest.mark.slow
@pytest.mark.parametrize("sanitizer", ["address,undefined", "thread"])
def test_the_kernel_under(sanitizer: str, tmp_path: Path) -> None:
    """How threads share the work is the same in all builds."""
    avx2 = processor >= Processor.AVX2 and sanitizer != "thread"
    builds = BUILDS if avx2 else {"portable": ()}
    flags = ("-std=c++17", "-O1", "-g1", "-Wno-psabi", f"-I{NATIVE}", f"-fsanitize={sanitizer}")
    flags = (*flags, "-fno-sanitize-recover=all", *(("-DADEQUATE_X86",) if avx2 else ()))
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
