"""The looked-up sums under the sanitizers of the compiler: every build that runs here, every route."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.circuits.running import require_tool
from tests.native.builds import builds_here

HERE = Path(__file__).parent
NATIVE = HERE.parents[1] / "src" / "adequate" / "native"
KERNELS = (
    "lookup_columns",
    "lookup_direct",
    "lookup_pad",
    "lookup_permuted",
    "lookup_planes",
    "lookup_rows",
    "lookup_scan",
)


def compiled(folder: Path, source: Path, name: str, *flags: str) -> Path:
    target = folder / f"{name}.o"
    command = ("g++", "-std=c++17", "-O0", "-g1", "-Wno-psabi", f"-I{NATIVE}", *flags, "-c", str(source))
    subprocess.run((*command, "-o", str(target)), check=True)
    return target


@pytest.mark.slow
def test_lookup_under_the_address_and_undefined_behaviour_sanitizers(tmp_path: Path) -> None:
    require_tool("g++")
    builds, defined = builds_here()
    flags = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", *defined)
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
