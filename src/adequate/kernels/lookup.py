"""Sums of products that are looked up in a table: any multiplier, bit for bit."""

import torch
from torch import Tensor
from torch.nn import functional

from adequate.kernels.columns import Window, columns, output_size

BLOCK = 2**22
"""Products looked up at a time."""


def lookup_matrices(x: Tensor, w: Tensor, table: Tensor) -> Tensor:
    """sums[..., m, n] = sum_k table[x[..., m, k], w[..., k, n]], int64.

    ``x`` and ``w`` hold bit patterns, unsigned integers below the rows and columns of ``table`` (int32).
    """
    if x.dim() > 2:
        batches = zip(x.flatten(0, -3), w.flatten(0, -3), strict=True)
        found = [lookup_matrices(a, b, table) for a, b in batches]
        shape = (*x.shape[:-1], w.shape[-1])
        return torch.stack(found).reshape(shape) if found else table.new_zeros(shape, dtype=torch.int64)
    sums = torch.zeros(x.shape[0], w.shape[1], dtype=torch.int64, device=x.device)
    x, w = x.long(), w.long()
    step = max(1, BLOCK // max(w.shape[1], 1))
    for k in range(x.shape[1]):
        products = table[:, w[k]].long()
        for part, codes in zip(sums.split(step), x[:, k].split(step), strict=True):
            part += products[codes]
    return sums


def lookup_convolution(x: Tensor, w: Tensor, table: Tensor, window: Window, zero: int) -> Tensor:
    """The convolution of bit patterns ``x`` (N, C, *sizes) with ``w`` (O, C/G, *kernel): int64 (N, O, *places).

    Padding is the pattern ``zero``, multiplied like any other: an approximate product with zero need not be zero.
    """
    sizes, kernel = tuple(x.shape[2:]), tuple(w.shape[2:])
    padded = functional.pad(x, [size for pair in reversed(window.padding) for size in pair], value=zero)
    unpadded = Window(window.stride, ((0, 0),) * len(kernel), window.dilation, window.groups)
    inputs, weights = columns(padded, w, unpadded)  # (N, G, L, K), (G, O/G, K)
    sums = lookup_matrices(inputs, weights.mT.expand(len(x), -1, -1, -1), table)
    return sums.mT.reshape(x.shape[0], w.shape[0], *output_size(sizes, kernel, window))
