"""Ratios of processor times, which other programs on the machine disturb less than the clock's."""

from collections.abc import Callable
from statistics import median
from time import thread_time


def seconds(act: Callable[[], object]) -> float:
    """Processor time of one call, of this thread: the work has to be done on one."""
    start = thread_time()
    act()
    return thread_time() - start


def ratio(ours: Callable[[], object], reference: Callable[[], object], pairs: int) -> float:
    """The median of ours / reference over pairs measured in turn, after one unmeasured pair."""
    measured = [(seconds(ours), seconds(reference)) for _ in range(pairs + 1)][1:]
    return median(a / b for a, b in measured)
