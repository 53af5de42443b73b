"""Pooling."""

import torch
import torch.nn.functional as F
from torch import Tensor

from adequate.network.onnx.operators.spatial import (
    AutoPad,
    Sizes,
    check_spatial,
    pads_of,
    per_dimension,
    torch_order,
)

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
    count = check_spatial(x, kernel_shape)
    stride = per_dimension(strides, count, 1, "strides", 1)
    dilation = per_dimension(dilations, count, 1, "dilations", 1)
    sides = pads_of(x, auto_pad, pads, kernel_shape, stride, dilation)
    padding = _own_padding(sides, kernel_shape)
    if padding is None:
        x = F.pad(x, torch_order(sides), value=_lowest(x))
        padding = (0,) * count
    return MAXIMUM[count - 1](x, kernel_shape, stride, padding, dilation, bool(ceil_mode))


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
    count = check_spatial(x, kernel_shape)
    stride = per_dimension(strides, count, 1, "strides", 1)
    dilation = per_dimension(dilations, count, 1, "dilations", 1)
    sides = pads_of(x, auto_pad, pads, kernel_shape, stride, dilation)
    padding = _own_padding(sides, kernel_shape)
    if padding is not None and set(dilation) == {1}:
        return AVERAGE[count - 1](x, kernel_shape, stride, padding, bool(ceil_mode), bool(count_include_pad))
    held = torch.ones_like(x[:1, :1])
    held = F.pad(held, torch_order(sides), value=1.0 if count_include_pad else 0.0)
    x = F.pad(x, torch_order(sides))
    if ceil_mode:
        beyond = _beyond(x, kernel_shape, stride, dilation)
        x, held = F.pad(x, torch_order(beyond)), F.pad(held, torch_order(beyond))
    return _window_sums(x, kernel_shape, stride, dilation) / _window_sums(held, kernel_shape, stride, dilation)


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
    count = check_spatial(x, kernel_shape)
    stride = per_dimension(strides, count, 1, "strides", 1)
    dilation = per_dimension(dilations, count, 1, "dilations", 1)
    x = F.pad(x, torch_order(pads_of(x, auto_pad, pads, kernel_shape, stride, dilation)))
    if ceil_mode:
        x = F.pad(x, torch_order(_beyond(x, kernel_shape, stride, dilation)))
    return _window_sums(x.abs().pow(p), kernel_shape, stride, dilation).pow(1 / p)


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


def _own_padding(sides: tuple[tuple[int, int], ...], kernel: Sizes) -> Sizes | None:
    """The padding torch's pooling does itself: equal at both ends and at most half the window."""
    fits = all(start == end and 2 * start <= k for (start, end), k in zip(sides, kernel, strict=True))
    return tuple(start for start, _ in sides) if fits else None


def _lowest(x: Tensor) -> float:
    return -torch.inf if x.is_floating_point() else torch.iinfo(x.dtype).min


def _beyond(x: Tensor, kernel: Sizes, stride: Sizes, dilation: Sizes) -> tuple[tuple[int, int], ...]:
    """What ``ceil_mode`` adds at the end, so that a last window which starts inside is whole."""
    return tuple(
        (0, max(-(-(size - (k - 1) * d - 1) // s) * s + (k - 1) * d + 1 - size, 0))
        for size, k, s, d in zip(x.shape[2:], kernel, stride, dilation, strict=True)
    )


def _window_sums(x: Tensor, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Tensor:
    """Sums over windows, one dimension after the other."""
    for axis, (k, s, d) in enumerate(zip(kernel, stride, dilation, strict=True), 2):
        x = x.unfold(axis, (k - 1) * d + 1, s)[..., ::d].sum(-1)
    return x


POOLINGS = {
    "MaxPool": max_pool,
    "AveragePool": average_pool,
    "LpPool": lp_pool,
    "GlobalAveragePool": global_average_pool,
    "GlobalMaxPool": global_max_pool,
    "GlobalLpPool": global_lp_pool,
}
