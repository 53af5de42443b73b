"""Pooling."""

import torch
import torch.nn.functional as F
from torch import Tensor

from adequate.network.onnx.operators.spatial import AutoPad, Sides, Sizes, Window, torch_order

AVERAGE = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)
MAXIMUM = (F.max_pool1d, F.max_pool2d, F.max_pool3d)


def max_pool(
    x: Tensor,
    *,
    kernel_shape: Sizes,
    auto_pad: AutoPad = "NOTSET",
    ceil_mode: int = 0,
    dilations: Sizes = (),
    pads: Sizes = (),
    strides: Sizes = (),
) -> Tensor:
    """MaxPool; padding counts as minus infinity."""
    window = Window.over(x, kernel_shape, strides, dilations)
    sides = window.pads(x, auto_pad, pads)
    padding = _own_padding(sides, kernel_shape)
    if padding is None:
        x = F.pad(x, torch_order(sides), value=_lowest(x))
        padding = (0,) * window.dimensions
    return MAXIMUM[window.dimensions - 1](x, kernel_shape, window.stride, padding, window.dilation, bool(ceil_mode))


def average_pool(
    x: Tensor,
    *,
    kernel_shape: Sizes,
    auto_pad: AutoPad = "NOTSET",
    ceil_mode: int = 0,
    count_include_pad: int = 0,
    dilations: Sizes = (),
    pads: Sizes = (),
    strides: Sizes = (),
) -> Tensor:
    """AveragePool: torch's own where it can say it, else a sum over windows divided by what each one holds."""
    window = Window.over(x, kernel_shape, strides, dilations)
    sides = window.pads(x, auto_pad, pads)
    padding = _own_padding(sides, kernel_shape)
    if padding is not None and set(window.dilation) == {1}:
        average = AVERAGE[window.dimensions - 1]
        return average(x, kernel_shape, window.stride, padding, bool(ceil_mode), bool(count_include_pad))
    held = torch.ones_like(x[:1, :1])
    held = F.pad(held, torch_order(sides), value=1.0 if count_include_pad else 0.0)
    x = F.pad(x, torch_order(sides))
    if ceil_mode:
        beyond = _beyond(x, window)
        x, held = F.pad(x, torch_order(beyond)), F.pad(held, torch_order(beyond))
    return _window_sums(x, window) / _window_sums(held, window)


def lp_pool(
    x: Tensor,
    *,
    kernel_shape: Sizes,
    auto_pad: AutoPad = "NOTSET",
    ceil_mode: int = 0,
    dilations: Sizes = (),
    p: int = 2,
    pads: Sizes = (),
    strides: Sizes = (),
) -> Tensor:
    """LpPool: (sum of |x|^p over the window)^(1/p)."""
    window = Window.over(x, kernel_shape, strides, dilations)
    x = F.pad(x, torch_order(window.pads(x, auto_pad, pads)))
    if ceil_mode:
        x = F.pad(x, torch_order(_beyond(x, window)))
    return _window_sums(x.abs().pow(p), window).pow(1 / p)


def global_average_pool(x: Tensor) -> Tensor:
    """GlobalAveragePool: the mean over all spatial dimensions, which stay with size 1."""
    pool = (F.adaptive_avg_pool1d, F.adaptive_avg_pool2d, F.adaptive_avg_pool3d)
    return pool[_spatial(x) - 1](x, 1)


def global_max_pool(x: Tensor) -> Tensor:
    """GlobalMaxPool: the largest over all spatial dimensions, which stay with size 1."""
    return x.amax(tuple(range(2, 2 + _spatial(x))), keepdim=True)


def global_lp_pool(x: Tensor, *, p: int = 2) -> Tensor:
    """GlobalLpPool: (sum of |x|^p)^(1/p) over all spatial dimensions, which stay with size 1."""
    return torch.linalg.vector_norm(x, p, tuple(range(2, 2 + _spatial(x))), keepdim=True)


def _spatial(x: Tensor) -> int:
    if x.dim() not in (3, 4, 5):
        raise ValueError(f"an input of {x.dim()} dimensions; 3 to 5 are supported")
    return x.dim() - 2


def _own_padding(sides: Sides, kernel: Sizes) -> Sizes | None:
    """The padding torch's pooling does itself: equal at both ends and at most half the window."""
    fits = all(start == end and 2 * start <= k for (start, end), k in zip(sides, kernel, strict=True))
    return tuple(start for start, _ in sides) if fits else None


def _lowest(x: Tensor) -> float:
    return -torch.inf if x.is_floating_point() else torch.iinfo(x.dtype).min


def _beyond(x: Tensor, window: Window) -> Sides:
    """What ``ceil_mode`` adds at the end, so that a last window which starts inside is whole."""
    return tuple(
        (0, max(-(-(size - extent) // s) * s + extent - size, 0))
        for size, extent, s in zip(x.shape[2:], window.extent, window.stride, strict=True)
    )


def _window_sums(x: Tensor, window: Window) -> Tensor:
    """Sums over windows, one dimension after the other."""
    for axis, (extent, s, d) in enumerate(zip(window.extent, window.stride, window.dilation, strict=True), 2):
        x = x.unfold(axis, extent, s)[..., ::d].sum(-1)
    return x


POOLINGS = {
    "MaxPool": max_pool,
    "AveragePool": average_pool,
    "LpPool": lp_pool,
    "GlobalAveragePool": global_average_pool,
    "GlobalMaxPool": global_max_pool,
    "GlobalLpPool": global_lp_pool,
}
