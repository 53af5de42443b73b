"""Windows that slide over the last dimensions: their padding, as ONNX says it."""

from dataclasses import dataclass
from math import prod
from typing import Literal

import torch.nn.functional as F
from torch import Tensor

AutoPad = Literal["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"]
Sizes = tuple[int, ...]
Sides = tuple[tuple[int, int], ...]
"""(start, end) of each dimension."""


def per_dimension(given: Sizes, count: int, default: int, what: str, least: int = 0) -> Sizes:
    """One number for each of ``count`` dimensions, all the default where none is given.

    Raises:
        ValueError: there are as many as dimensions neither, or one is below ``least``.
    """
    values = given or (default,) * count
    if len(values) != count or min(values, default=least) < least:
        raise ValueError(f"{what} = {list(values)} for {count} dimensions of at least {least} each")
    return values


def pairs(pads: Sizes, count: int) -> Sides:
    """ONNX's pads, all starts and then all ends, as (start, end) of each dimension."""
    values = per_dimension(pads, 2 * count, 0, "pads")
    return tuple(zip(values[:count], values[count:], strict=True))


@dataclass(frozen=True)
class Window:
    """What slides over the last 1 to 3 dimensions: its size, how far it moves, how far apart its elements are."""

    kernel: Sizes
    stride: Sizes
    dilation: Sizes

    @classmethod
    def over(cls, x: Tensor, kernel: Sizes, strides: Sizes, dilations: Sizes) -> "Window":
        """The window of a node whose ``strides`` and ``dilations`` may be absent: 1 each.

        Raises:
            ValueError: it does not fit the dimensions of ``x``, or there is no torch operator for so many.
        """
        count = len(kernel)
        if count not in (1, 2, 3) or x.dim() != count + 2:
            raise ValueError(
                f"a window of shape {list(kernel)} over an input of {x.dim()} dimensions; 1 to 3 and 2 more"
            )
        if prod(kernel) == 0 or min(kernel) < 0:
            raise ValueError(f"a window of shape {list(kernel)}")
        stride = per_dimension(strides, count, 1, "strides", 1)
        return cls(kernel, stride, per_dimension(dilations, count, 1, "dilations", 1))

    @property
    def dimensions(self) -> int:
        """Number of dimensions it slides over."""
        return len(self.kernel)

    @property
    def extent(self) -> Sizes:
        """Elements from its first to its last, in each dimension: (kernel - 1) * dilation + 1."""
        return tuple((k - 1) * d + 1 for k, d in zip(self.kernel, self.dilation, strict=True))

    def pads(self, x: Tensor, auto_pad: AutoPad, pads: Sizes) -> Sides:
        """(start, end) of each dimension, whichever way the node says it."""
        if auto_pad == "NOTSET":
            return pairs(pads, self.dimensions)
        if auto_pad == "VALID":
            return ((0, 0),) * self.dimensions
        return self._same(x, upper=auto_pad == "SAME_UPPER")

    def _same(self, x: Tensor, *, upper: bool) -> Sides:
        """Pads that make the output ceil(size / stride) long; ``upper`` puts the odd one at the end."""
        found = []
        for size, extent, s in zip(x.shape[2:], self.extent, self.stride, strict=True):
            total = max(((size + s - 1) // s - 1) * s + extent - size, 0)
            small, large = total // 2, total - total // 2
            found.append((small, large) if upper else (large, small))
        return tuple(found)


def torch_order(pads: Sides) -> list[int]:
    """Pads as ``F.pad`` wants them: the last dimension first."""
    return [side for pair in reversed(pads) for side in pair]


def same_pad(x: Tensor, *, kernel: Sizes, strides: Sizes, dilations: Sizes, mode: AutoPad, fill: float) -> Tensor:
    """What ``SAME_UPPER`` and ``SAME_LOWER`` pad, by itself (an operator of ours, ``SamePad``)."""
    return F.pad(x, torch_order(Window.over(x, kernel, strides, dilations).pads(x, mode, ())), value=fill)


def split_pads(x: Tensor, pads: Sides, fill: float) -> tuple[Tensor, Sizes]:
    """The input and the padding its operator may take itself: equal at both ends, else padded here."""
    if all(start == end for start, end in pads):
        return x, tuple(start for start, _ in pads)
    return F.pad(x, torch_order(pads), value=fill), (0,) * len(pads)
