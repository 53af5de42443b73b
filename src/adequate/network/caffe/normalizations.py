"""Caffe's normalisations: local response, batch statistics, and the scales and biases that follow them."""

from torch import nn

from adequate.network.caffe.message import Message
from adequate.network.caffe.modules import Affine, Product
from adequate.network.caffe.net import CaffeLayer
from adequate.network.caffe.products import SPATIAL, Shape, axis_of
from adequate.network.normalization import WithinChannelLRN

BATCH_NORMS = {0: nn.BatchNorm1d, 1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}


def local_response(layer: Message) -> nn.Module:
    """Across channels y = x / (k + alpha * mean(x^2))^beta over ``local_size`` channels, or within each channel, where
    Caffe fixes k at 1.

    Source: Caffe, ``lrn_layer.cpp``.
    """
    parameters = layer.message("lrn_param")
    size = parameters.integer("local_size", 5, 1)
    if size % 2 == 0:
        raise ValueError(f"'local_size' must be odd, not {size}")
    alpha, beta = parameters.real("alpha", 1.0), parameters.real("beta", 0.75)
    if parameters.choice("norm_region", "ACROSS_CHANNELS", "WITHIN_CHANNEL") == "WITHIN_CHANNEL":
        return WithinChannelLRN(size, alpha, beta)
    return nn.LocalResponseNorm(size, alpha, beta, parameters.real("k", 1.0))


def batch_norm(layer: CaffeLayer, shape: Shape, scale: CaffeLayer | None) -> nn.Module:
    """y = (x - mean) / sqrt(variance + eps), and y * weight + bias where a scale alone reads it.

    Source: Caffe, ``batch_norm_layer.cpp``; statistics of a file, as in the test phase.
    """
    parameters = layer.message.message("batch_norm_param")
    if len(shape) < 2 or not parameters.flag("use_global_stats", True):
        raise ValueError("statistics of each batch instead of the file's are not understood")
    momentum = 1 - parameters.real("moving_average_fraction", 0.999)
    kind = BATCH_NORMS[SPATIAL.get(len(shape), 0)]
    norm = kind(shape[1], parameters.real("eps", 1e-5), momentum, affine=scale is not None)
    if scale is not None and not scale.message.message("scale_param").flag("bias_term", False):
        norm.register_parameter("bias", None)
    return norm


def joins_batch_norm(scale: CaffeLayer) -> bool:
    """Whether a scale is the affine part of a batch norm: one weight for each channel."""
    parameters = scale.message.message("scale_param")
    lowest = -(2**31)
    return (
        scale.type == "Scale"
        and len(scale.reads) == 1
        and parameters.integer("axis", 1, lowest) == 1
        and parameters.integer("num_axes", 1, lowest) == 1
    )


def scale(layer: CaffeLayer, *shapes: Shape) -> nn.Module:
    """Source: Caffe, ``scale_layer.cpp``."""
    bias = layer.message.message("scale_param").flag("bias_term", False)
    if len(shapes) > 1 and bias:
        raise ValueError("a bias beside a scale that another layer computes is not understood")
    return _affine(layer, "scale_param", shapes, scales=True, shifts=bias)


def bias(layer: CaffeLayer, *shapes: Shape) -> nn.Module:
    """Source: Caffe, ``bias_layer.cpp``."""
    return _affine(layer, "bias_param", shapes, scales=False, shifts=True)


def _affine(layer: CaffeLayer, field: str, shapes: tuple[Shape, ...], *, scales: bool, shifts: bool) -> nn.Module:
    parameters, shape = layer.message.message(field), shapes[0]
    if len(shapes) > 2:
        raise ValueError(f"reads {len(shapes)} values, not one or two")
    if len(shapes) == 2:
        axis = parameters.integer("axis", 1, -len(shape), len(shape) - 1) % len(shape)
        return Product(len(shape) - axis - len(shapes[1]), scales=scales)
    axis = axis_of(parameters, "axis", shape, 1)
    covered = parameters.integer("num_axes", 1, -1, len(shape) - axis)
    end = len(shape) if covered == -1 else axis + covered
    return Affine(shape[axis:end], len(shape) - end, scales=scales, shifts=shifts)
