"""Sums of products that are worth nothing but their gradient, so that nothing is summed for it."""

from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from adequate.kernels.columns import Window, output_size
from adequate.kernels.product_gradient import convolution_gradient, matrices_gradient


class ProductGradient(Protocol):
    """From the gradient ``upstream`` by sums of products those by their operands."""

    def matrices(self, x: Tensor, w: Tensor, upstream: Tensor) -> tuple[Tensor, Tensor]:
        """Of sums over k of the products of x[..., m, k] and w[..., k, n]."""
        ...

    def convolution(self, x: Tensor, w: Tensor, upstream: Tensor, window: Window, zero: int) -> tuple[Tensor, Tensor]:
        """Of a convolution; padding is the pattern ``zero``."""
        ...


@dataclass(frozen=True)
class ExactGradient:
    """That of exact products of numbers."""

    def matrices(self, x: Tensor, w: Tensor, upstream: Tensor) -> tuple[Tensor, Tensor]:
        """g w^T and x^T g."""
        return matrices_gradient(x, w, upstream)

    def convolution(self, x: Tensor, w: Tensor, upstream: Tensor, window: Window, zero: int) -> tuple[Tensor, Tensor]:
        """That of a convolution padded with the number 0, which ``zero`` is."""
        del zero
        return convolution_gradient(x, w, upstream, window)


@dataclass(frozen=True, eq=False)
class Differentiated:
    """``SumsOfProducts`` of operands held as floats: zeros, with this gradient."""

    gradient: ProductGradient

    def matrices(self, x: Tensor, w: Tensor) -> Tensor:
        """Zeros (..., M, N)."""
        return _Matrices.apply(x, w, self.gradient)  # type: ignore[no-any-return]

    def convolution(self, x: Tensor, w: Tensor, window: Window, zero: int) -> Tensor:
        """Zeros, shaped as the convolution."""
        return _Convolution.apply(x, w, window, zero, self.gradient)  # type: ignore[no-any-return]


class _Matrices(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, w: Tensor, gradient: ProductGradient) -> Tensor:
        ctx.operands, ctx.gradient = (x.detach(), w.detach()), gradient
        return x.new_zeros(()).expand(*x.shape[:-1], w.shape[-1])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, Tensor, None]:  # type: ignore[override]
        return *ctx.gradient.matrices(*ctx.operands, upstream), None


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, w: Tensor, window: Window, zero: int, gradient: ProductGradient) -> Tensor:
        ctx.operands, ctx.window, ctx.zero, ctx.gradient = (x.detach(), w.detach()), window, zero, gradient
        sizes = output_size(tuple(x.shape[2:]), tuple(w.shape[2:]), window)
        return x.new_zeros(()).expand(x.shape[0], w.shape[0], *sizes)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, Tensor, None, None, None]:  # type: ignore[override]
        found = ctx.gradient.convolution(*ctx.operands, upstream, ctx.window, ctx.zero)
        return *found, None, None, None
