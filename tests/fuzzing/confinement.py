"""What a reader must not do, watched: time, memory, files, processes, networks, code.

Files and code are seen through Python's audit events; libraries in C that open files themselves raise none, and are
handed bytes by our readers. Memory is held by a limit on the address space, which grows before the memory in use
does, and measured as the most that was resident.
"""

import faulthandler
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

SECONDS = 10.0
"""The longest a file may take to be read."""

BYTES = 2 * 2**30
"""The most a process that reads it may hold."""

READING = frozenset({"open", "os.listdir", "os.scandir"})
HARMLESS = frozenset({"os.putenv", "os.unsetenv"})
"""Torch marks what it does in the environment."""
FORBIDDEN = ("os.", "shutil.", "subprocess.", "socket.", "tempfile.", "ctypes.dlopen", "pickle.find_class", "pty.")
SYSTEM = ("/proc/self", "/dev/urandom", "/dev/null")
GENERATED = "<eval_with_key>"
"""The code that torch.fx makes of a graph is of this file."""
CODE_MAKERS = (
    "/torch/fx/experimental/proxy_tensor.py",
    "/torch/fx/operator_schemas.py",
    "/torch/export/_unlift.py",
    "/collections/__init__.py",
    "/dataclasses.py",
)
"""These write functions with so many arguments or fields, types of torch's operators, and guards on sizes: nothing of a
file's but identifiers."""


class Watch:
    """The audit of this process, from now on; a hook cannot be taken away."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        self.seen: list[str] = []
        places = (*sys.path[1:], sys.prefix, sys.base_prefix)  # the first is where this process was started
        self._installed = [Path(place).resolve() for place in places]
        sys.addaudithook(self._hook)

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        if self.folder is None:
            return
        folder, self.folder = self.folder, None  # what the check itself does is not the reader's
        try:
            complaint = self._complaint(event, args, folder)
        finally:
            self.folder = folder
        if complaint is not None:
            self.seen.append(complaint)
            raise PermissionError(complaint)

    def _complaint(self, event: str, args: tuple[Any, ...], folder: Path) -> str | None:
        if event in READING:
            writes = event == "open" and _writes(args[1], args[2])
            if isinstance(args[0], int) or args[0] is None:
                return None
            path = Path(str(args[0], errors="replace") if isinstance(args[0], bytes) else args[0])
            allowed = path.resolve().is_relative_to(folder) or self._of_python(path)
            return f"{event} {str(path)!r}" if writes or not allowed else None
        if event == "exec":
            file = args[0].co_filename
            known = file.startswith(GENERATED) or (Path(file).is_absolute() and self._of_python(Path(file)))
            caller = sys._getframe(2).f_code.co_filename  # below this and the hook
            return None if known or caller.endswith(CODE_MAKERS) else f"{event} {file!r} by {caller!r}"
        return f"{event} {args!r}"[:200] if event.startswith(FORBIDDEN) and event not in HARMLESS else None

    def _of_python(self, path: Path) -> bool:
        whole = path.resolve()
        return str(whole).startswith(SYSTEM) or any(whole.is_relative_to(place) for place in self._installed)


def _writes(mode: object, flags: object) -> bool:
    if isinstance(mode, str):
        return not set(mode).isdisjoint("wax+")
    return isinstance(flags, int) and bool(flags & 3)  # O_WRONLY, O_RDWR


@contextmanager
def confined(watch: Watch, folder: Path, limit: int, log: TextIO) -> Iterator[None]:
    """Within, this process ends after ``SECONDS``, gets no more than ``limit`` bytes, no file but of ``folder``."""
    resource.setrlimit(resource.RLIMIT_AS, (memory("VmSize") + limit, resource.RLIM_INFINITY))
    Path("/proc/self/clear_refs").write_text("5")  # the peak is what is resident now (proc(5))
    faulthandler.dump_traceback_later(SECONDS, exit=True, file=log)
    watch.seen.clear()
    watch.folder = folder.resolve()
    try:
        yield
    finally:
        watch.folder = None
        faulthandler.cancel_dump_traceback_later()
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def memory(what: str) -> int:
    """Bytes of this process: ``VmSize`` (address space) or ``VmHWM`` (the most that was resident)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{what}:"))
