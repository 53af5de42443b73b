"""Sums over all products of a layer, without making one: they are bilinear in the operands."""

from dataclasses import replace

import torch
from torch import Tensor

from adequate.accelerators.loop_nest import LoopNest
from adequate.accelerators.steps import in_chunks


def window_sums(activation: Tensor, loops: LoopNest) -> Tensor:
    """The sum over the windows of what each tap and channel reads, int64 (runs, groups, taps, channels).

    ``activation`` is (runs, groups * channels, height, width), of numbers whose sums are exact in float64.
    """
    rows, columns = (_reads(loops, axis) for axis in (0, 1))
    sums = in_chunks(lambda part: (rows.T @ (part.to(torch.float64) @ columns)).to(torch.int64), activation)
    return sums.flatten(2).unflatten(1, (loops.groups, loops.channels)).movedim(-1, 2)


def filter_sums(weight: Tensor, loops: LoopNest) -> Tensor:
    """The sum over the filters of what each tap and channel holds, int64 (1 or runs, groups, taps, channels).

    ``weight`` is (1 or runs, groups * filters, channels, kernel height, kernel width).
    """
    shape = (len(weight), loops.groups, loops.filters, loops.channels, loops.taps)
    return weight.reshape(shape).sum(2, dtype=torch.int64).movedim(-1, -2)


def product_sum(activation: Tensor, weight: Tensor, loops: LoopNest) -> int:
    """The sum of activation * weight over every multiply-accumulate of all runs, padding included.

    Of any amounts of operands: sum over taps and channels of (sum over windows) * (sum over filters).
    """
    return int((window_sums(activation, loops) * filter_sums(weight, loops)).sum())


def _reads(loops: LoopNest, axis: int) -> Tensor:
    """Which rows, or columns, of the activations each tap reads in some window: 0 or 1, (size, kernel)."""
    found = torch.zeros(loops.size[axis], loops.kernel[axis], dtype=torch.float64)
    for tap in range(loops.kernel[axis]):
        first = tap * loops.dilation[axis]
        found[first : first + (loops.output[axis] - 1) * loops.stride[axis] + 1 : loops.stride[axis], tap] = 1
    return found


def brick_sums(amounts: Tensor, loops: LoopNest, lanes: int) -> Tensor:
    """``window_sums`` of an amount of each brick, as often as it has channels, int64 (runs, groups, taps, blocks).

    ``amounts`` is (runs, groups, blocks, height, width).
    """
    filled = torch.tensor([min(lanes, loops.channels - at) for at in range(0, loops.channels, lanes)])
    return window_sums(amounts.flatten(1, 2), replace(loops, channels=len(filled))) * filled
