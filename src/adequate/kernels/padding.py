"""Bit patterns within a frame of the pattern of zero."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from adequate import native


def padded(x: Tensor, padding: Sequence[tuple[int, int]], zero: int) -> Tensor:
    """``x`` (N, C, *sizes) with so many of the pattern ``zero`` before and after along each dimension of ``sizes``.

    A negative number leaves out as many of ``x``.
    """
    pads = [count for pair in reversed(padding) for count in pair]
    if not any(pads):
        return x
    if native.kernels is None or x.device.type != "cpu" or x.dtype not in (torch.uint8, torch.uint16) or min(pads) < 0:
        return functional.pad(x, pads, value=zero)
    ones = (1,) * (3 - len(padding))
    sizes = (size + sum(pair) for size, pair in zip(x.shape[2:], padding, strict=True))
    out = torch.empty(*x.shape[:2], *sizes, dtype=x.dtype)
    volumes = (one.reshape(*one.shape[:2], *ones, *one.shape[2:]) for one in (x.contiguous(), out))
    before = (*(0 for _ in ones), *(low for low, _ in padding))
    native.kernels.pad_patterns(*volumes, before, zero, int(native.processor), torch.get_num_threads())
    return out
