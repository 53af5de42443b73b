"""Caffe's pooling: sizes rounded up, averages over the padded window."""

from torch import nn

from adequate.network.caffe.net import CaffeLayer
from adequate.network.caffe.products import Shape, kernel, sizes


def pooling(layer: CaffeLayer, shape: Shape) -> nn.Module:
    """The largest or the mean of each window, of which there are ceil((size + 2 pad - kernel) / stride) + 1.

    A last window that would begin beyond the image and its first padding is left out. An average divides by the part
    of the window inside the padded image. torch does both alike with ``ceil_mode``.
    Source: Caffe, ``pooling_layer.cpp``.

    Raises:
        ValueError: stochastic pooling, padding of more than half a window (which torch lacks), or a stride that leaps
            over the border: without padding Caffe keeps that last, empty window.
    """
    parameters = layer.message.message("pooling_param")
    method = parameters.choice("pool", "MAX", "AVE")
    if len(shape) != 4:
        raise ValueError(f"pooling takes (N, C, H, W), not {shape}")
    if parameters.flag("global_pooling", False):
        window, stride, padding = _pair(shape[2:]), (1, 1), (0, 0)
    else:
        window = _pair(kernel(parameters, 2))
        stride = _pair(sizes(parameters, "stride", "stride", 1, 2))
        padding = _pair(sizes(parameters, "pad", "pad", 0, 2, low=0))
    up = parameters.choice("round_mode", "CEIL", "FLOOR") == "CEIL"
    for size, k, s, p in zip(shape[2:], window, stride, padding, strict=True):
        if size + 2 * p < k:
            raise ValueError(f"a window of {k} does not fit into {size} with padding {p}")
        if up and not any(padding) and -(-(size - k) // s) * s >= size:
            raise ValueError(f"windows of {k} at stride {s} over {size}: Caffe's last one is empty")
    if method == "MAX":
        return nn.MaxPool2d(window, stride, padding, ceil_mode=up)
    return nn.AvgPool2d(window, stride, padding, ceil_mode=up, count_include_pad=True)


def _pair(values: tuple[int, ...]) -> tuple[int, int]:
    height, width = values
    return height, width
