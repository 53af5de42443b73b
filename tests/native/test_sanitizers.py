"""The compiled kernels under the sanitizers of the compiler.

The processors' builds differ in the vectors they use. The one of 512 bits is compiled here for 256, in pairs, so that
it runs on any processor with AVX2.
"""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from adequate import native
from adequate.native import Processor
from tests.circuits.running import require_tool

HERE = Path(__file__).parent
NATIVE = HERE.parents[1] / "src" / "adequate" / "native"
KERNELS = ("lookup_columns", "lookup_direct", "lookup_pad", "lookup_planes", "lookup_rows", "lookup_scan")
AVX2 = ("-mavx2", "-mfma", "-mbmi2")
BUILDS = {"portable": (), "avx2": AVX2, "avx512": (*AVX2, "-DADEQUATE_VECTOR=64")}


def compiled(folder: Path, source: Path, name: str, *flags: str) -> Path:
    target = folder / f"{name}.o"
    command = ("g++", "-std=c++17", "-O0", "-g1", "-Wno-psabi", f"-I{NATIVE}", *flags, "-c", str(source))
    subprocess.run((*command, "-o", str(target)), check=True)
    return target


@pytest.mark.slow
def test_lookup_under_the_address_and_undefined_behaviour_sanitizers(tmp_path: Path) -> None:
    require_tool("g++")
    avx2 = native.processor >= Processor.AVX2
    builds = BUILDS if avx2 else {"portable": ()}
    flags = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", *(("-DADEQUATE_X86",) if avx2 else ()))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = [
            pool.submit(
                compiled, tmp_path, NATIVE / f"{k}.cpp", f"{k}_{one}", *flags, *more, f"-DADEQUATE_PROCESSOR={one}"
            )
            for k in KERNELS
            for one, more in builds.items()
        ]
        objects += [
            pool.submit(compiled, tmp_path, NATIVE / "lookup.cpp", "lookup", *flags),
            pool.submit(compiled, tmp_path, HERE / "lookup.cpp", "driver", *flags, f"-DPROCESSORS={len(builds) - 1}"),
        ]
        files = [str(one.result()) for one in objects]
    program = str(tmp_path / "lookup")
    subprocess.run(("g++", "-fsanitize=address,undefined", *files, "-pthread", "-o", program), check=True)
    found = subprocess.run(program, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr
    assert found.stdout.startswith("0 wrong of ")
