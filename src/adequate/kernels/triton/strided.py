"""Where the elements of a strided view lie: what a kernel adds to an address."""

from collections.abc import Sequence

import torch
from torch import Tensor


def offsets_along(x: Tensor, dims: Sequence[int]) -> Tensor:
    """sum_d index[d] * stride[d] for all indices of some dimensions of ``x``, the last fastest: int64.

    >>> offsets_along(torch.empty(2, 3, 4).mT, (2, 0))
    tensor([ 0, 12,  4, 16,  8, 20])
    """
    total = torch.zeros(1, dtype=torch.int64, device=x.device)
    for d in dims:
        total = (total[:, None] + torch.arange(x.shape[d], device=x.device) * x.stride(d)).flatten()
    return total
