"""Integer sums as numbers, in one pass and the memory they lie in."""

from math import prod

import torch
from torch import Tensor

from adequate import native


def scaled(sums: Tensor, unit: float, bias: Tensor | None = None) -> Tensor:
    """sums * unit + bias in float32, which has to hold every product and sum: then it does not matter who adds.

    ``sums`` are integers that are not needed any more: int32 ones of the CPU become the result where they lie, since a
    tensor as large takes longer to get than to fill. ``unit`` is a power of two, ``bias`` broadcasts against the sums.
    """
    bias = torch.zeros((), device=sums.device) if bias is None else bias.float()
    inner = _inner(sums, bias)
    if inner is None or native.kernels is None or sums.dtype is not torch.int32 or not sums.is_contiguous():
        found = sums.float()
        return torch.add(bias, found, alpha=unit, out=found)
    bias = bias.contiguous()
    addresses = sums.data_ptr(), sums.data_ptr(), sums.numel(), unit, bias.data_ptr()
    native.kernels.scale_sums(int(native.processor), torch.get_num_threads(), *addresses, bias.numel(), inner)
    return sums.view(torch.float32)


def _inner(sums: Tensor, bias: Tensor) -> int | None:
    """So many elements of the sums in turn have the same bias; None: it is not one per index of one dimension."""
    if sums.device.type != "cpu" or bias.device.type != "cpu" or bias.dim() > sums.dim():
        return None
    if bias.numel() == 1:
        return max(sums.numel(), 1)
    [*places] = (d for d in range(-bias.dim(), 0) if bias.shape[d] > 1)
    if len(places) != 1 or bias.shape[places[0]] != sums.shape[places[0]]:
        return None
    return prod(sums.shape[places[0] :][1:])
