"""Windows that slide over the last dimensions: their padding, as ONNX says it."""

from math import prod
from typing import Literal

import torch.nn.functional as F
from torch import Tensor

AutoPad = Literal["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"]
Sizes = tuple[int, ...]


def per_dimension(given: Sizes, count: int, default: int, what: str, least: int = 0) -> Sizes:
    """One number for each of ``count`` dimensions, all the default where none is given.

    Raises:
        ValueError: there are as many as dimensions neither, or one is below ``least``.
    """
    values = given or (default,) * count
    if len(values) != count or min(values, default=least) < least:
        raise ValueError(f"{what} = {list(values)} for {count} dimensions of at least {least} each")
    return values


def pairs(pads: Sizes, count: int) -> tuple[tuple[int, int], ...]:
    """ONNX's pads, all starts and then all ends, as (start, end) of each dimension."""
    values = per_dimension(pads, 2 * count, 0, "pads")
    return tuple(zip(values[:count], values[count:], strict=True))


def same(x: Tensor, kernel: Sizes, stride: Sizes, dilation: Sizes, *, upper: bool) -> tuple[tuple[int, int], ...]:
    """Pads that make the output ceil(size / stride) long; ``upper`` puts the odd one at the end."""
    found = []
    for size, k, s, d in zip(x.shape[2:], kernel, stride, dilation, strict=True):
        total = max(((size + s - 1) // s - 1) * s + (k - 1) * d + 1 - size, 0)
        small, large = total // 2, total - total // 2
        found.append((small, large) if upper else (large, small))
    return tuple(found)


def pads_of(
    x: Tensor, auto_pad: AutoPad, pads: Sizes, kernel: Sizes, stride: Sizes, dilation: Sizes
) -> tuple[tuple[int, int], ...]:
    """(start, end) of each dimension, whichever way the node says it."""
    if auto_pad == "NOTSET":
        return pairs(pads, len(kernel))
    if auto_pad == "VALID":
        return ((0, 0),) * len(kernel)
    return same(x, kernel, stride, dilation, upper=auto_pad == "SAME_UPPER")


def torch_order(pads: tuple[tuple[int, int], ...]) -> list[int]:
    """Pads as ``F.pad`` wants them: the last dimension first."""
    return [side for pair in reversed(pads) for side in pair]


def same_pad(x: Tensor, *, kernel: Sizes, strides: Sizes, dilations: Sizes, mode: AutoPad, fill: float) -> Tensor:
    """What ``SAME_UPPER`` and ``SAME_LOWER`` pad, by itself (an operator of ours, ``SamePad``)."""
    return F.pad(x, torch_order(pads_of(x, mode, (), kernel, strides, dilations)), value=fill)


def split_pads(x: Tensor, pads: tuple[tuple[int, int], ...], fill: float) -> tuple[Tensor, Sizes]:
    """The input and the padding its operator may take itself: equal at both ends, else padded here."""
    if all(start == end for start, end in pads):
        return x, tuple(start for start, _ in pads)
    return F.pad(x, torch_order(pads), value=fill), (0,) * len(pads)


def check_spatial(x: Tensor, kernel: Sizes) -> int:
    """Number of spatial dimensions, 1 to 3.

    Raises:
        ValueError: the input has not two more than the window, or there is no torch operator for so many.
    """
    count = len(kernel)
    if count not in (1, 2, 3) or x.dim() != count + 2:
        raise ValueError(f"a window of shape {list(kernel)} over an input of {x.dim()} dimensions; 1 to 3 and 2 more")
    if prod(kernel) == 0 or min(kernel) < 0:
        raise ValueError(f"a window of shape {list(kernel)}")
    return count
