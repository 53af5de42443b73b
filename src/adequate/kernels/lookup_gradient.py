"""The gradient of sums of tabulated products: the slopes of the table instead of the other operand."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from adequate.kernels.columns import Window
from adequate.kernels.padding import padded
from adequate.kernels.product_gradient import (
    convolution_gradient_by_w,
    convolution_gradient_by_x,
    unpadded,
)

PRECISION = 2.0**-7
"""What the terms of the slopes may miss of them, in the root mean square (assumed): the relative step of bfloat16, in
which networks are trained (Kalamkar et al. 2019, arXiv:1905.12322)."""

NEGLIGIBLE = 2.0**-12
"""What the elimination before may miss of that."""


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


def factored(matrix: Tensor, precision: float = PRECISION) -> Factors:
    """The matrix in as few products of columns and rows as leave no more than ``precision`` of it.

        ||m - left^T right|| <= precision * ||m||

    in the root mean square over the entries: its largest singular values (Eckart and Young 1936), those of a sum of
    products that elimination finds, since tables have few terms for their size.
    """
    found = _eliminated(matrix.double(), precision * NEGLIGIBLE)
    (left, a), (right, b) = (torch.linalg.qr(terms.mT) for terms in (found.left, found.right))
    columns, sizes, rows = torch.linalg.svd(a @ b.mT)
    rests = sizes.square().flip(0).cumsum(0).flip(0).sqrt()  # what is missed without this term and those after it
    terms = int((rests > precision * rests[:1]).sum())
    return Factors(((left @ columns)[:, :terms] * sizes[:terms]).mT.contiguous(), rows[:terms] @ right.mT)


def _eliminated(matrix: Tensor, precision: float) -> Factors:
    """By Gaussian elimination with complete pivoting, until no entry misses more than that of the root mean square."""
    left, right = list[Tensor](), list[Tensor]()
    rest = matrix.clone()
    limit = precision * float(matrix.square().mean().sqrt()) if matrix.numel() else 0.0
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
    def of(
        cls, table: Tensor, x_values: Tensor, w_values: Tensor, half_window: int, precision: float = PRECISION
    ) -> Self:
        """The slopes of ``table[x, w]``; the values are those of the rows' and of the columns' patterns."""
        by_x, by_w = slopes(table, x_values, half_window), slopes(table.mT, w_values, half_window)
        return cls(factored(by_x, precision), factored(by_w, precision))

    def matrices(self, x: Tensor, w: Tensor, upstream: Tensor) -> tuple[Tensor, Tensor]:
        """By the values of ``x`` (..., M, K) and of ``w`` (..., K, N), from the gradient by ``lookup_matrices``.

        With g that gradient (..., M, N) and D the slopes,

            gx[m, k] = sum_n g[m, n] D_x[x[m, k], w[k, n]],  gw[k, n] = sum_m g[m, n] D_w[x[m, k], w[k, n]].
        """
        x, w = x.int(), w.int()
        return (
            _weighted(self.x, x, w, upstream, lambda slopes: upstream @ slopes.mT),
            _weighted(self.w, w, x, upstream, lambda slopes: slopes.mT @ upstream),
        )

    def convolution(self, x: Tensor, w: Tensor, upstream: Tensor, window: Window, zero: int) -> tuple[Tensor, Tensor]:
        """By the values of ``x`` and of ``w``, from the gradient by ``lookup_convolution``: ``matrices`` on columns.

        Padding, the pattern ``zero``, has a part in the weight's gradient, as it has in the sums.
        """
        x, w = x.int(), w.int()
        like_x, like_w, bare = upstream.new_empty(x.shape), upstream.new_empty(w.shape), unpadded(window)
        return (
            _weighted(
                self.x, x, w, upstream, lambda slopes: convolution_gradient_by_x(like_x, slopes, upstream, window)
            ),
            _weighted(
                self.w,
                w,
                padded(x, window.padding, zero),
                upstream,
                lambda slopes: convolution_gradient_by_w(slopes, like_w, upstream, bare),
            ),
        )


def _weighted(
    factors: Factors, own: Tensor, other: Tensor, like: Tensor, pull_back: Callable[[Tensor], Tensor]
) -> Tensor:
    """sum_r left[r][own] * pull_back(right[r][other]): slopes in the place of the other operand, term by term."""
    total = torch.zeros(own.shape, dtype=like.dtype, device=own.device)
    for left, right in zip(factors.left.to(total), factors.right.to(total), strict=True):
        total.addcmul_(_taken(left, own), pull_back(_taken(right, other)))
    return total


def _taken(values: Tensor, patterns: Tensor) -> Tensor:
    return values.index_select(0, patterns.flatten()).reshape(patterns.shape)
