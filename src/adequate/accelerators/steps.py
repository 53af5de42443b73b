"""A layer's operands in the order in which a grid of lanes takes them."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from adequate.accelerators.loop_nest import LoopNest

MOST = 1 << 24
"""Integers worked on at a time."""


def in_chunks(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """A function of each run, worked out a few runs at a time: what it needs in between stays bounded."""
    return torch.cat([function(part) for part in x.split(max(1, MOST // x[0].numel()))])


def windows_of(activation: Tensor, loops: LoopNest) -> Tensor:
    """Activations under every position of the kernel, (runs, groups, windows, taps, channels); a view where it can be.

    Windows are row by row, and so are the taps in a window.
    """
    runs, _, _, _ = activation.shape
    grouped = activation.reshape(runs, loops.groups, loops.channels, *loops.size)
    (rows, columns), (height, width) = loops.output, loops.kernel
    n, g, c, y, x = grouped.stride()
    viewed = grouped.as_strided(
        (runs, loops.groups, rows, columns, height, width, loops.channels),
        (n, g, y * loops.stride[0], x * loops.stride[1], y * loops.dilation[0], x * loops.dilation[1], c),
        grouped.storage_offset(),
    )
    return viewed.reshape(runs, loops.groups, loops.windows, loops.taps, loops.channels)


def filters_of(weight: Tensor, loops: LoopNest) -> Tensor:
    """Weights of every filter, (1 or runs, groups, filters, taps, channels), taps in the order of ``windows_of``."""
    shape = (len(weight), loops.groups, loops.filters, loops.channels, loops.taps)
    return weight.reshape(shape).movedim(-1, -2)


def blocks(x: Tensor, lanes: int) -> Tensor:
    """The last dimension, the channels, in blocks of ``lanes``, the last filled up with zeros: (..., blocks, lanes)."""
    missing = -x.shape[-1] % lanes
    return torch.nn.functional.pad(x, (0, missing)).unflatten(-1, (-1, lanes))


def sets(x: Tensor, dim: int, size: int) -> Tensor:
    """Dimension ``dim`` cut into sets of ``size``, the last filled up with zeros: two dimensions in its place."""
    missing = -x.shape[dim] % size
    if missing:
        shape = list(x.shape)
        shape[dim] = missing
        x = torch.cat((x, x.new_zeros(shape)), dim)
    return x.unflatten(dim, (-1, size))


def bricks(activation: Tensor, loops: LoopNest, lanes: int) -> Tensor:
    """Activations in blocks of ``lanes`` channels, (runs, groups, blocks, lanes, height, width), filled up with zeros.

    What a brick alone decides is worked out once, not once for each window and tap it is under.
    """
    grouped = activation.unflatten(1, (loops.groups, loops.channels))
    return sets(grouped, 2, lanes)


def columns_of(found: Tensor, loops: LoopNest, windows: int) -> Tensor:
    """What was found for each brick, under every position of the kernel, in sets of windows.

    From (runs, groups, blocks, height, width) to (runs, groups, sets, windows, taps, blocks); missing windows are 0.
    """
    of_blocks = replace(loops, channels=found.shape[2])
    return sets(windows_of(found.flatten(1, 2), of_blocks), 2, windows)
