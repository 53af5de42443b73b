"""Convolutions."""

import torch.nn.functional as F
from torch import Tensor

from adequate.network.onnx.operators.spatial import (
    AutoPad,
    Sides,
    Sizes,
    Window,
    per_dimension,
    same_pad,
    split_pads,
    torch_order,
)

CONVOLVE = (F.conv1d, F.conv2d, F.conv3d)
TRANSPOSED = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)


def conv(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    auto_pad: AutoPad = "NOTSET",
    dilations: Sizes = (),
    group: int = 1,
    kernel_shape: Sizes = (),
    pads: Sizes = (),
    strides: Sizes = (),
) -> Tensor:
    """Conv: torch's own convolution; padding that differs at the two ends, or depends on the size, is done first."""
    window = Window.over(x, _kernel(weight, kernel_shape), strides, dilations)
    x, padding = split_pads(x, window.pads(x, auto_pad, pads), 0.0)
    return CONVOLVE[window.dimensions - 1](x, weight, bias, window.stride, padding, window.dilation, group)


def conv_transpose(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    auto_pad: AutoPad = "NOTSET",
    dilations: Sizes = (),
    group: int = 1,
    kernel_shape: Sizes = (),
    output_padding: Sizes = (),
    output_shape: Sizes = (),
    pads: Sizes = (),
    strides: Sizes = (),
) -> Tensor:
    """ConvTranspose: torch's own; what its symmetric padding cannot say is computed unpadded, then cut off."""
    window = Window.over(x, _kernel(weight, kernel_shape), strides, dilations)
    count, stride, dilation = window.dimensions, window.stride, window.dilation
    extra = per_dimension(output_padding, count, 0, "output_padding")
    whole = tuple(
        (size - 1) * s + e + extent
        for size, s, e, extent in zip(x.shape[2:], stride, extra, window.extent, strict=True)
    )
    if output_shape:
        wanted = per_dimension(output_shape[-count:], count, 0, "output_shape")
        cuts = _cuts(whole, wanted, upper=auto_pad != "SAME_UPPER")
    elif auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        wanted = tuple(size * s for size, s in zip(x.shape[2:], stride, strict=True))
        cuts = _cuts(whole, wanted, upper=auto_pad != "SAME_UPPER")
    else:
        cuts = window.pads(x, auto_pad, pads)
    function = TRANSPOSED[count - 1]
    if all(start == end >= 0 for start, end in cuts) and all(
        e < max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)
    ):
        return function(x, weight, bias, stride, tuple(start for start, _ in cuts), extra, group, dilation)
    y = function(x, weight, bias, stride, 0, 0, group, dilation)
    return _trimmed(y, cuts, extra, bias)


def _trimmed(y: Tensor, cuts: Sides, extra: Sizes, bias: Tensor | None) -> Tensor:
    """The output less its pads, longer by ``output_padding``: where no input reaches, the bias alone stands."""
    sides = tuple((-start, e - end) for (start, end), e in zip(cuts, extra, strict=True))
    if bias is None or all(end <= 0 for _, end in sides):
        return F.pad(y, torch_order(sides))
    flat = bias.reshape(-1, *(1,) * len(cuts))
    return F.pad(y - flat, torch_order(sides)) + flat


def _cuts(whole: tuple[int, ...], wanted: tuple[int, ...], *, upper: bool) -> Sides:
    """What to cut at the start and the end of each dimension (ONNX, ConvTranspose)."""
    found = []
    for size, want in zip(whole, wanted, strict=True):
        total = size - want
        half = total // 2
        found.append((total - half, half) if upper else (half, total - half))
    return tuple(found)


def _kernel(weight: Tensor, stated: Sizes) -> Sizes:
    kernel = tuple(weight.shape[2:])
    if stated and tuple(stated) != kernel:
        raise ValueError(f"kernel_shape = {list(stated)} with a weight of shape {list(weight.shape)}")
    return kernel


CONVOLUTIONS = {"Conv": conv, "ConvTranspose": conv_transpose, "SamePad": same_pad}
