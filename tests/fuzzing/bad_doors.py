"""Readers that do what readers must not, one each."""

import ctypes
import mmap
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from tests.fuzzing.confinement import SECONDS
from tests.fuzzing.words import LINK

LIMIT = 2**28
"""The bytes they are allowed: our own readers' allowance takes seconds to be held at all."""


def _refuse(message: str) -> Callable[[Path], None]:
    def door(path: Path) -> None:
        raise ValueError(message.format(path=path))

    return door


def _key_error(path: Path) -> None:
    raise KeyError(str(path))


def _sleeps(path: Path) -> None:
    time.sleep(SECONDS + 30)


def _wants_memory(path: Path) -> None:
    np.zeros(2 * LIMIT, np.uint8)


def _hides_that_it_wants_memory(path: Path) -> None:
    try:
        np.zeros(2 * LIMIT, np.uint8)
    except MemoryError as error:
        raise ValueError(f"{path} is too large") from error


def _holds_memory(path: Path) -> None:
    block = mmap.mmap(-1, LIMIT - 2**20)
    block[:: mmap.PAGESIZE] = b"x" * (len(block) // mmap.PAGESIZE)


def _hides_that_it_reads_elsewhere(path: Path) -> None:
    try:
        Path("/etc/hostname").read_text()
    except OSError as error:
        raise ValueError(f"{path} is refused") from error


def _writes_beside(path: Path) -> None:
    path.with_name("new").write_text("x")


def _dies(path: Path) -> None:
    ctypes.string_at(0)


def _prints(path: Path) -> None:
    print("a traceback", file=sys.stderr)


def _evaluates(path: Path) -> None:
    eval("1 + 1")


MISDEEDS: Mapping[str, Callable[[Path], object]] = {
    "reads": Path.read_bytes,
    "refuses": _refuse("{path} is refused"),
    "raises KeyError": _key_error,
    "does not name the file": _refuse("it is refused"),
    "says nothing": _refuse(""),
    "says two lines": _refuse("{path}\nis refused"),
    "sleeps": _sleeps,
    "wants memory": _wants_memory,
    "hides that it wants memory": _hides_that_it_wants_memory,
    "holds memory": _holds_memory,
    "reads elsewhere": lambda path: Path("/etc/hostname").read_text(),
    "hides that it reads elsewhere": _hides_that_it_reads_elsewhere,
    "follows a link": lambda path: path.with_name(LINK).read_bytes(),
    "writes": _writes_beside,
    "lists": lambda path: os.listdir("/etc"),
    "removes": Path.unlink,
    "starts a process": lambda path: subprocess.run(["true"], check=True),
    "calls the shell": lambda path: os.system("true"),
    "evaluates": _evaluates,
    "dies": _dies,
    "exits": lambda path: sys.exit(0),
    "prints": _prints,
}
"""The first two are none."""

UNCHANGED = b"the content of a seed"


def _on_changed(door: Callable[[Path], object]) -> Callable[[Path], object]:
    return lambda path: None if path.read_bytes() == UNCHANGED else door(path)


DOORS = {name: _on_changed(door) for name, door in MISDEEDS.items()}
