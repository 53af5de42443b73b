"""Cnvlutin, window by window."""

from adequate.accelerators.work import Work
from tests.accelerators.reference_grid import Shape, runs_of, steps


def cycles(work: Work, shape: Shape) -> int:
    """Each set of windows waits for the lane with the most activations that are not zero."""
    loops, total = work.loops, 0
    per_set = loops.taps * -(-loops.channels // shape.lanes)
    for activation, weight in runs_of(work):
        every = [windows for windows, _ in steps(work, activation, weight, shape)]
        for first in range(0, len(every), per_set):
            busy = [
                sum(step[window][lane] != 0 for step in every[first : first + per_set])
                for window in range(shape.windows)
                for lane in range(shape.lanes)
            ]
            total += max(1, *busy)
    return total
