"""The gradient of sums of tabulated products: the slopes of the table instead of the other operand."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor
from torch.nn import functional

from adequate.kernels.columns import Window

TOLERANCE = 2.0**-20
"""By how much of the largest slope the factors may miss one: as float32 sums would (assumed)."""


def slopes(table: Tensor, values: Tensor, half_window: int) -> Tensor:
    """How steep each column of the table is along its rows, in a window: float64, shaped as the table.

    With the patterns in the order of their values,

        D[a, w] = (T[a + h, w] - T[a - h, w]) / (value(a + h) - value(a - h)),

    which is the mean of the 2h differences between neighbours around ``a``, weighted by their distance. At the ends the
    window is cut, and the slope that of what is left of it. A pattern without a value (NaN), or alone, has slope 0.

    The idea, a difference of the table smoothed over a half window, is that of Meng et al., "Gradient Approximation of
    Approximate Multipliers for High-Accuracy Deep Neural Network Retraining", DATE 2025 (and arXiv:2509.10519), who
    take the central difference of a moving average, and at the ends the range of the row over its length; that the
    window is cut, and formats whose values are not evenly spaced, are our choice.
    """
    numbers = (~values.isnan()).nonzero()[:, 0]
    order = numbers[values[numbers].argsort(stable=True)]
    place = torch.arange(len(order), device=values.device)
    above, below = (order[(place + step).clamp(0, len(order) - 1)] for step in (half_window, -half_window))
    widths = (values[above] - values[below])[:, None].double()
    found = torch.zeros(table.shape, dtype=torch.float64, device=table.device)
    found[order] = torch.where(widths > 0, (table[above].double() - table[below].double()) / widths, 0.0)
    return found


@dataclass(frozen=True, eq=False)
class Factors:
    """A matrix as a sum of products: m[i, j] ~ sum_r left[r, i] * right[r, j], float64."""

    left: Tensor
    right: Tensor


def factored(matrix: Tensor) -> Factors:
    """The matrix as products of columns and rows, as many as it takes to meet every entry to ``TOLERANCE``.

    Gaussian elimination with complete pivoting, stopped when what is left is small. A table that is a short sum of
    products itself has slopes that are; of the published 8x8 tables most have fewer than 20, the worst 193.
    """
    left, right = list[Tensor](), list[Tensor]()
    rest = matrix.double().clone()
    limit = TOLERANCE * float(rest.abs().max()) if rest.numel() else 0.0
    while rest.numel() and float(rest.abs().max()) > limit and len(left) < min(rest.shape):
        i, j = divmod(int(rest.abs().argmax()), rest.shape[1])
        left.append(rest[:, j] / rest[i, j])
        right.append(rest[i].clone())
        rest -= torch.outer(left[-1], right[-1])
    sizes = zip((left, right), matrix.shape, strict=True)
    return Factors(*(torch.stack(terms) if terms else rest.new_zeros(0, size) for terms, size in sizes))


@dataclass(frozen=True, eq=False)
class Gradients:
    """The slopes of a table along either operand: rows of ``x`` by those of ``w``, and the other way round."""

    x: Factors
    w: Factors

    @classmethod
    def of(cls, table: Tensor, x_values: Tensor, w_values: Tensor, half_window: int) -> Self:
        """The slopes of ``table[x, w]``; the values are those of the rows' and of the columns' patterns."""
        return cls(factored(slopes(table, x_values, half_window)), factored(slopes(table.mT, w_values, half_window)))


def matrices_gradient(x: Tensor, w: Tensor, upstream: Tensor, gradients: Gradients) -> tuple[Tensor, Tensor]:
    """The gradients of ``lookup_matrices`` by the values of ``x`` (..., M, K) and of ``w`` (..., K, N).

    With g the gradient ``upstream`` (..., M, N) and D the slopes,

        gx[m, k] = sum_n g[m, n] D_x[x[m, k], w[k, n]],  gw[k, n] = sum_m g[m, n] D_w[x[m, k], w[k, n]].
    """
    dtype = upstream.dtype
    return (
        _weighted(gradients.x, x, w, dtype, lambda slopes: upstream @ slopes.mT),
        _weighted(gradients.w, w, x, dtype, lambda slopes: slopes.mT @ upstream),
    )


def convolution_gradient(
    x: Tensor, w: Tensor, upstream: Tensor, window: Window, zero: int, gradients: Gradients
) -> tuple[Tensor, Tensor]:
    """The gradients of ``lookup_convolution`` by the values of ``x`` and of ``w``: ``matrices_gradient`` on columns.

    Padding, the pattern ``zero``, has a part in the weight's gradient, as it has in the sums.
    """
    sides = [size for pair in reversed(window.padding) for size in pair]
    padded, dtype = functional.pad(x, sides, value=zero), upstream.dtype

    def backward(inputs: Tensor, weights: Tensor, side: int) -> Tensor:
        dims = len(window.stride)
        given = (window.stride, (0,) * dims, window.dilation, False, (0,) * dims, window.groups)
        mask = [side == 0, side == 1, False]
        return torch.ops.aten.convolution_backward(upstream, inputs, weights, None, *given, mask)[side]

    inputs, weights = upstream.new_empty(padded.shape), upstream.new_empty(w.shape)
    to_x = _weighted(gradients.x, padded, w, dtype, lambda slopes: backward(inputs, slopes, 0))
    to_w = _weighted(gradients.w, w, padded, dtype, lambda slopes: backward(slopes, weights, 1))
    return functional.pad(to_x, [-size for size in sides]), to_w


def _weighted(
    factors: Factors, own: Tensor, other: Tensor, dtype: torch.dtype, pull_back: Callable[[Tensor], Tensor]
) -> Tensor:
    """sum_r left[r][own] * pull_back(right[r][other]): slopes in the place of the other operand, term by term."""
    own, other = own.int(), other.int()
    total = torch.zeros(own.shape, dtype=dtype, device=own.device)
    for left, right in zip(factors.left.to(own.device, dtype), factors.right.to(own.device, dtype), strict=True):
        total.addcmul_(_taken(left, own), pull_back(_taken(right, other)))
    return total


def _taken(values: Tensor, patterns: Tensor) -> Tensor:
    return values.index_select(0, patterns.flatten()).reshape(patterns.shape)
