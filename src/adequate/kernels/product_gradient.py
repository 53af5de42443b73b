"""The gradient of plain sums of products by either operand, of matrices and of convolutions."""

from dataclasses import replace

import torch
from torch import Tensor

from adequate.kernels.columns import Window
from adequate.kernels.padding import padded


def matrices_gradient(x: Tensor, w: Tensor, upstream: Tensor) -> tuple[Tensor, Tensor]:
    """By ``x`` (..., M, K) and by ``w`` (..., K, N) from the gradient g by x w, (..., M, N): g w^T and x^T g."""
    return upstream @ w.mT, x.mT @ upstream


def convolution_gradient(x: Tensor, w: Tensor, upstream: Tensor, window: Window) -> tuple[Tensor, Tensor]:
    """By ``x`` (N, C, *sizes) and by ``w`` (O, C/G, *kernel) from the gradient by their convolution."""
    to_x, to_w = _framed(x, w, upstream, window, (True, True))
    return to_x, to_w


def convolution_gradient_by_x(like: Tensor, w: Tensor, upstream: Tensor, window: Window) -> Tensor:
    """The first of the two, for an input of the shape of ``like``."""
    return _framed(like, w, upstream, window, (True, False))[0]


def convolution_gradient_by_w(x: Tensor, like: Tensor, upstream: Tensor, window: Window) -> Tensor:
    """The second, for a weight of the shape of ``like``."""
    return _framed(x, like, upstream, window, (False, True))[1]


def unpadded(window: Window) -> Window:
    """The window on inputs that are padded already."""
    return replace(window, padding=((0, 0),) * len(window.padding))


def _framed(x: Tensor, w: Tensor, upstream: Tensor, window: Window, wanted: tuple[bool, bool]) -> tuple[Tensor, Tensor]:
    """With a frame of zeros around the input where torch's own padding, alike on both sides, does not do."""
    if all(before == after >= 0 for before, after in window.padding):
        return _backward(x, w, upstream, window, wanted)
    to_x, to_w = _backward(padded(x, window.padding, 0), w, upstream, unpadded(window), wanted)
    bare = [(-before, -after) for before, after in window.padding]
    return padded(to_x, bare, 0) if wanted[0] else to_x, to_w


def _backward(
    x: Tensor, w: Tensor, upstream: Tensor, window: Window, wanted: tuple[bool, bool]
) -> tuple[Tensor, Tensor]:
    dims = len(window.stride)
    padding = tuple(before for before, _ in window.padding)
    given = (window.stride, padding, window.dilation, False, (0,) * dims, window.groups, [*wanted, False])
    return torch.ops.aten.convolution_backward(upstream, x, w, None, *given)[:2]  # type: ignore[no-any-return]
