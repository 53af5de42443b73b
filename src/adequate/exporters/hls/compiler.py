"""The compiler of exports."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

STRICT = ("-std=c++17", "-Wall", "-Wextra", "-Werror")
"""What every source is compiled with."""

FLAGS = ("-O2", "-ftree-vectorize", "-march=native")
"""What makes it quick."""


def compiled(source: Path, into: Path, flags: Sequence[str] = FLAGS) -> Path:
    """The program made of a source file.

    Raises:
        FileNotFoundError: there is no g++.
        ValueError: the source does not compile; what the compiler says first.
    """
    compiler = shutil.which("g++")
    if compiler is None:
        raise FileNotFoundError("g++ is not installed; it compiles what was exported")
    target = into / source.stem
    result = subprocess.run([compiler, *STRICT, *flags, str(source), "-o", str(target)], capture_output=True, text=True)
    if result.returncode:
        first = next((line for line in result.stderr.splitlines() if "error" in line), result.stderr[:200])
        raise ValueError(f"{source} does not compile: {first}")
    return target
