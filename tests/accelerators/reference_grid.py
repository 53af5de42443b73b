"""The steps of a grid, as the specification words them: plain loops over plain integers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from adequate.accelerators.work import Work

Rows = list[list[int]]


@dataclass(frozen=True)
class Shape:
    """Tiles, rows (filters) and columns (windows) of a tile, lanes of a unit."""

    tiles: int
    filters: int
    windows: int
    lanes: int


def composed(work: Work, shape: Shape, unit_bits: int) -> Shape:
    """The grid where a word takes as many columns, or rows, as it has slices."""
    columns, rows = -(-work.activation_width // unit_bits), -(-work.weight_width // unit_bits)
    return Shape(shape.tiles, shape.filters // rows, shape.windows // columns, shape.lanes)


def runs_of(work: Work) -> Iterator[tuple[Any, Any]]:
    """Activations (channel, row, column) and weights (filter, channel, row, column) of each run."""
    assert work.operands is not None
    activations, weights = work.operands.activation.tolist(), work.operands.weight.tolist()
    for run, activation in enumerate(activations):
        yield activation, weights[0] if len(weights) == 1 else weights[run]


def outputs(work: Work) -> tuple[int, int]:
    """Rows and columns of windows: as many as fit."""
    loops, found = work.loops, []
    for axis in (0, 1):
        last = loops.dilation[axis] * (loops.kernel[axis] - 1)
        found.append(len(range(0, loops.size[axis] - last, loops.stride[axis])))
    return found[0], found[1]


def steps(work: Work, activation: Any, weight: Any, shape: Shape) -> Iterator[tuple[Rows, Rows]]:
    """For each step, the lanes of each window and of each filter; missing ones are zeros."""
    loops = work.loops
    rows, columns = outputs(work)
    windows = [(y, x) for y in range(rows) for x in range(columns)]
    at_once = shape.tiles * shape.filters
    for group in range(loops.groups):
        for first in range(0, len(windows), shape.windows):
            for low in range(0, loops.filters, at_once):
                for r in range(loops.kernel[0]):
                    for s in range(loops.kernel[1]):
                        for block in range(0, loops.channels, shape.lanes):
                            channels = range(block, min(block + shape.lanes, loops.channels))
                            a = [
                                [
                                    activation[group * loops.channels + c][y * loops.stride[0] + r * loops.dilation[0]][
                                        x * loops.stride[1] + s * loops.dilation[1]
                                    ]
                                    for c in channels
                                ]
                                for y, x in windows[first : first + shape.windows]
                            ]
                            w = [
                                [weight[group * loops.filters + f][c][r][s] for c in channels]
                                for f in range(low, min(low + at_once, loops.filters))
                            ]
                            yield filled(a, shape.windows, shape.lanes), filled(w, at_once, shape.lanes)


def products(work: Work) -> Iterator[tuple[int, int]]:
    """The operands of every multiply-accumulate, in any order."""
    loops = work.loops
    rows, columns = outputs(work)
    for activation, weight in runs_of(work):
        for f, filter_ in enumerate(weight):
            first = f // loops.filters * loops.channels
            for c, plane in enumerate(filter_):
                for r, row in enumerate(plane):
                    for s, w in enumerate(row):
                        for y in range(rows):
                            line = activation[first + c][y * loops.stride[0] + r * loops.dilation[0]]
                            for x in range(columns):
                                yield line[x * loops.stride[1] + s * loops.dilation[1]], w


def sliced(value: int, bits: int, unit_bits: int) -> list[int]:
    """The digits of |value| in base 2^unit_bits, as many as ``bits`` bits have."""
    return [abs(value) // 2**at % 2**unit_bits for at in range(0, bits, unit_bits)]


def staggered(costs: list[int], columns: int) -> int:
    """One step a cycle, round robin over the columns."""
    free, t = [0] * columns, 0
    for at, cost in enumerate(costs):
        c = at % columns
        t = max(t, free[c])
        free[c] = t + cost
        t += 1
    return max(free)


def run_ahead(costs: list[list[int]], registers: int) -> int:
    """Columns that wait for where the slowest was ``registers`` steps before."""
    done, ring, ready = [0] * len(costs[0]), [0] * registers, 0
    for step in costs:
        done = [max(one, ready) + cost for one, cost in zip(done, step, strict=True)]
        ring.append(max(done))
        ready = ring.pop(0)
    return max(done)


def filled(rows: Rows, count: int, lanes: int) -> Rows:
    whole = [row + [0] * (lanes - len(row)) for row in rows]
    return whole + [[0] * lanes for _ in range(count - len(rows))]
