"""Ratios of processor times, which other programs on the machine disturb less than the clock's."""

from collections.abc import Callable
from ctypes import CDLL
from statistics import median
from time import thread_time

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # glibc's malloc.h


def keep_memory() -> None:
    """Freed memory stays the process's, so that a kernel's time is not that of the system clearing pages for it."""
    libc = CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def seconds(act: Callable[[], object]) -> float:
    """Processor time of one call, of this thread: the work has to be done on one."""
    start = thread_time()
    act()
    return thread_time() - start


def ratio(ours: Callable[[], object], reference: Callable[[], object], pairs: int) -> float:
    """The median of ours / reference over pairs measured in turn, after one unmeasured pair."""
    measured = [(seconds(ours), seconds(reference)) for _ in range(pairs + 1)][1:]
    return median(a / b for a, b in measured)
