"""Sums of products that a function computes: multipliers too wide for a table, bit for bit."""

from collections.abc import Callable

import torch
from torch import Tensor

from adequate.kernels.columns import Window, columns, output_size

BLOCK = 2**18
"""Products computed at a time."""

Products = Callable[[Tensor, Tensor], Tensor]
"""Two broadcastable int64 tensors of bit patterns -> the int64 products of their elements."""


def evaluated_matrices(x: Tensor, w: Tensor, products: Products) -> Tensor:
    """sums[..., m, n] = sum_k products(x[..., m, k], w[..., k, n]), int64; K at a time."""
    sums = torch.zeros(*x.shape[:-1], w.shape[-1], dtype=torch.int64, device=x.device)
    if not sums.numel():
        return sums
    step = max(1, BLOCK * x.shape[-2] // sums.numel())
    for start in range(0, x.shape[-2], step):
        rows, part = x[..., start : start + step, :].long(), sums[..., start : start + step, :]
        for k in range(x.shape[-1]):
            part += products(rows[..., :, k, None], w[..., None, k, :].long())
    return sums


def evaluated_convolution(x: Tensor, w: Tensor, products: Products, window: Window, zero: int) -> Tensor:
    """The convolution of bit patterns ``x`` (N, C, *sizes) with ``w`` (O, C/G, *kernel): int64 (N, O, *places).

    Padding is the pattern ``zero``, multiplied like any other.
    """
    inputs, weights = columns(x, w, window, zero)  # (N, G, L, K), (G, O/G, K)
    sums = evaluated_matrices(inputs, weights.mT, products)
    return sums.mT.reshape(x.shape[0], w.shape[0], *output_size(tuple(x.shape[2:]), tuple(w.shape[2:]), window))
