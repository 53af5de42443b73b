"""Caffe's layers that treat every number alike, and those that combine values number by number."""

from collections.abc import Callable, Mapping

from torch import nn

from adequate.network.caffe.message import Message
from adequate.network.caffe.modules import Absolute, Maximum, Multiply, Power, Sum
from adequate.network.caffe.net import CaffeLayer
from adequate.network.caffe.products import Shape, axis_of


def _relu(layer: Message) -> nn.Module:
    slope = layer.message("relu_param").real("negative_slope", 0.0)
    return nn.LeakyReLU(slope) if slope else nn.ReLU()


def _power(layer: Message) -> nn.Module:
    parameters = layer.message("power_param")
    return Power(parameters.real("power", 1.0), parameters.real("scale", 1.0), parameters.real("shift", 0.0))


POINTWISE: Mapping[str, Callable[[Message], nn.Module]] = {
    "AbsVal": lambda _: Absolute(),
    "Dropout": lambda layer: nn.Dropout(layer.message("dropout_param").real("dropout_ratio", 0.5)),
    "ELU": lambda layer: nn.ELU(layer.message("elu_param").real("alpha", 1.0)),
    "Power": _power,
    "ReLU": _relu,
    "Sigmoid": lambda _: nn.Sigmoid(),
    "TanH": lambda _: nn.Tanh(),
}
"""Layers that are the same whatever they read."""


def prelu(layer: CaffeLayer, shape: Shape) -> nn.Module:
    """max(x, 0) + slope * min(x, 0), with a slope a channel, or one for all that are ``channel_shared``."""
    if len(shape) < 2:
        raise ValueError(f"a value of shape {shape} has no channels")
    shared = layer.message.message("prelu_param").flag("channel_shared", False)
    return nn.PReLU(1 if shared else shape[1])


def softmax(layer: CaffeLayer, shape: Shape) -> nn.Module:
    """Along ``axis``, channels if nothing else is said."""
    return nn.Softmax(axis_of(layer.message.message("softmax_param"), "axis", shape, 1))


def eltwise(layer: CaffeLayer, *shapes: Shape) -> nn.Module:
    """Operands of one shape; coefficients are for sums alone. Source: Caffe, ``eltwise_layer.cpp``."""
    parameters = layer.message.message("eltwise_param")
    operation, coefficients = parameters.choice("operation", "SUM", "PROD", "MAX"), parameters.reals("coeff")
    if len(shapes) < 2 or len(set(shapes)) > 1:
        raise ValueError(f"operands must be two or more of one shape, not {', '.join(map(str, shapes))}")
    if coefficients and (operation != "SUM" or len(coefficients) != len(shapes)):
        raise ValueError(f"{len(coefficients)} values of 'coeff' for {operation} of {len(shapes)} operands")
    if operation == "PROD":
        return Multiply()
    return Maximum() if operation == "MAX" else Sum(coefficients or (1.0,) * len(shapes))
