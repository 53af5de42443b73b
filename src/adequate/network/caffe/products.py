"""Caffe's layers that multiply by weights: convolution, transposed convolution, inner product."""

from collections.abc import Callable, Mapping
from math import prod

from torch import nn

from adequate.network.caffe.message import Message
from adequate.network.caffe.net import CaffeLayer

Shape = tuple[int, ...]
"""Sizes of a value, the batch first."""

SPATIAL = {3: 1, 4: 2, 5: 3}
"""Spatial dimensions of a value, by the number of all its dimensions."""
CONVOLUTIONS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
DECONVOLUTIONS = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}


def convolution(layer: CaffeLayer, shape: Shape) -> nn.Module:
    """Source: Caffe, ``base_conv_layer.cpp``."""
    return _convolution(layer, shape, CONVOLUTIONS)


def deconvolution(layer: CaffeLayer, shape: Shape) -> nn.Module:
    """Source: Caffe, ``deconv_layer.cpp``."""
    return _convolution(layer, shape, DECONVOLUTIONS)


def inner_product(layer: CaffeLayer, shape: Shape) -> nn.Module:
    """Source: Caffe, ``inner_product_layer.cpp``."""
    parameters = layer.message.message("inner_product_param")
    inputs = prod(shape[lumped_axis(layer, shape) :])
    return nn.Linear(inputs, outputs(parameters), bias=parameters.flag("bias_term", True))


def lumped_axis(layer: CaffeLayer, shape: Shape) -> int:
    """The first dimension of those that an inner product takes together."""
    return axis_of(layer.message.message("inner_product_param"), "axis", shape, 1)


def axis_of(parameters: Message, name: str, shape: Shape, default: int) -> int:
    """A dimension of ``shape``, counted from the end where negative; never the batch.

    Raises:
        ValueError: there is no such dimension, or it is the batch.
    """
    axis = parameters.integer(name, default, -len(shape), len(shape) - 1)
    axis = axis + len(shape) if axis < 0 else axis
    if axis == 0 or len(shape) == 1:
        raise ValueError(f"{name!r} is the batch, whose images are kept apart")
    return axis


def outputs(parameters: Message) -> int:
    """``num_output``, which has no default."""
    if not parameters.has("num_output"):
        raise ValueError("'num_output' is missing")
    return parameters.integer("num_output", 1, 1)


def kernel(parameters: Message, dimensions: int) -> tuple[int, ...]:
    """The window, which has no default."""
    if not any(map(parameters.has, ("kernel_size", "kernel_h", "kernel_w"))):
        raise ValueError("'kernel_size' is missing")
    return sizes(parameters, "kernel_size", "kernel", 1, dimensions)


def sizes(parameters: Message, name: str, short: str, default: int, dimensions: int, low: int = 1) -> tuple[int, ...]:
    """A size per spatial dimension: ``name`` once or once per dimension, or ``short_h`` and ``short_w``."""
    pair = [parameters.integers(f"{short}_{side}", low) for side in "hw"]
    if any(pair):
        if dimensions != 2 or parameters.has(name):
            raise ValueError(f"'{short}_h' and '{short}_w' are for two spatial dimensions, and in place of {name!r}")
        return tuple(given[-1] if given else default for given in pair)
    given = parameters.integers(name, low) or (default,)
    if len(given) not in (1, dimensions):
        raise ValueError(f"{len(given)} values of {name!r} for {dimensions} spatial dimensions")
    return given * dimensions if len(given) == 1 else given


def _convolution(layer: CaffeLayer, shape: Shape, kinds: Mapping[int, Callable[..., nn.Module]]) -> nn.Module:
    parameters = layer.message.message("convolution_param")
    if len(shape) not in SPATIAL or parameters.integer("axis", 1) != 1:
        raise ValueError(f"a value of shape {shape} has no channels with one to three spatial dimensions behind them")
    dimensions = SPATIAL[len(shape)]
    return kinds[dimensions](
        shape[1],
        outputs(parameters),
        kernel(parameters, dimensions),
        stride=sizes(parameters, "stride", "stride", 1, dimensions),
        padding=sizes(parameters, "pad", "pad", 0, dimensions, low=0),
        dilation=sizes(parameters, "dilation", "dilation", 1, dimensions),
        groups=parameters.integer("group", 1, 1),
        bias=parameters.flag("bias_term", True),
    )
