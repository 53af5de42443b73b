"""When the columns of a grid finish that do not wait for one another at every step."""

import numpy as np
from torch import Tensor

from adequate.accelerators.grid import Grid
from adequate.accelerators.loop_nest import LoopNest


def staggered(costs: Tensor, columns: int) -> int:
    """Cycles of steps dealt to the columns in turn, one a cycle, each as soon as its column is free; over all runs.

    t = max(t, free[c]); free[c] = t + cost; t += 1; the last free. ``costs`` is (runs, steps). So run fully connected
    layers (github isakedo/DNNsim@4748a60, verified).
    """
    found = costs.numpy().astype(np.int64)
    free = np.zeros((len(found), columns), np.int64)
    start = np.zeros((len(found), 1), np.int64)
    for first in range(0, found.shape[1], columns):
        chunk = found[:, first : first + columns]
        turn = np.arange(chunk.shape[1])
        issued = turn + np.maximum(start, np.maximum.accumulate(free[:, : len(turn)] - turn, axis=1))
        free[:, : len(turn)] = issued + chunk
        start = issued[:, -1:] + 1
    return int(free.max(1).sum())


def run_ahead(costs: Tensor, registers: int) -> int:
    """Cycles of columns with ``registers`` inputs each to run ahead of the slowest, over all runs.

    col[c] = max(col[c], ready) + cost[c]; ready = max(col) as it was ``registers`` steps before (zero at first), so
    that without registers all columns wait for the slowest. ``costs`` is (runs, steps, columns). Source: github
    isakedo/DNNsim@4748a60 (verified).
    """
    found = costs.numpy().astype(np.int64)
    if registers == 0:
        return int(found.max(2).sum())
    done = np.zeros((len(found), found.shape[2]), np.int64)
    slowest = np.zeros((len(found), found.shape[1] + registers + 1), np.int64)
    for step in range(found.shape[1]):
        np.maximum(done, slowest[:, step, None], out=done)
        done += found[:, step]
        done.max(1, out=slowest[:, step + registers + 1])
    return int(done.max(1).sum())


def serial_cycles(costs: Tensor, loops: LoopNest, grid: Grid, registers: int = 0) -> int:
    """Cycles of all runs where the activations alone decide: ``costs`` is (runs, groups, sets, columns, taps, blocks).

    Every set of filters takes the same cycles; a cost is 1 at least.
    """
    least = costs.clamp_min(1)
    filter_sets = grid.filter_sets(loops)
    if loops.fully_connected:
        steps = least.amax(3).flatten(1)
        return staggered(steps.repeat(1, filter_sets), grid.windows)
    if registers == 0:
        return filter_sets * int(least.amax(3).sum())
    ordered = least.flatten(0, 1).movedim(2, -1)  # (runs * groups, sets, taps, blocks, columns)
    repeated = ordered[:, :, None].expand(-1, -1, filter_sets, -1, -1, -1)
    return run_ahead(repeated.flatten(1, 4), registers)
