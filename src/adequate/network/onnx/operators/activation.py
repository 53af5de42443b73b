"""Activations: functions of one tensor, element by element or along an axis."""

from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from adequate.network.onnx.operator import Operand


def _with_alpha(function: Callable[[Tensor, float], Tensor], default: float) -> Callable[..., Tensor]:
    """A torch function of a tensor and a number, which ONNX calls ``alpha``."""

    def activation(x: Tensor, *, alpha: float = default) -> Tensor:
        return function(x, alpha)

    return activation


def _along(function: Callable[[Tensor, int], Tensor]) -> Callable[..., Tensor]:
    """A function of a tensor and one of its axes, the last one if nothing else is said."""

    def activation(x: Tensor, *, axis: int = -1) -> Tensor:
        return function(x, axis)

    return activation


def _as_rows(function: Callable[[Tensor, int], Tensor]) -> Callable[..., Tensor]:
    """The same before opset 13: over all the dimensions from ``axis`` on, taken as one."""

    def activation(x: Tensor, *, axis: int = 1) -> Tensor:
        axis = axis % x.dim()
        if axis == x.dim() - 1:
            return function(x, -1)
        return function(x.flatten(axis), -1).reshape(x.shape)

    return activation


def p_relu(x: Tensor, weight: Tensor) -> Tensor:
    """PRelu: max(x, 0) + slope * min(x, 0); torch's own where there is one slope, or one a channel."""
    if weight.numel() == 1 or (x.dim() > 1 and _is_channels(weight, x)):
        return F.prelu(x, weight.reshape(-1) if weight.dim() != 1 else weight)
    return torch.where(x < 0, x * weight, x)


def _is_channels(weight: Tensor, x: Tensor) -> bool:
    return weight.dim() == x.dim() - 1 and weight.numel() == weight.shape[0] == x.shape[1]


def clip(x: Tensor, min: Operand | None = None, max: Operand | None = None) -> Tensor:
    """Clip; of limits that are tensors torch wants both so."""
    if min is None and max is None:
        return x
    if isinstance(min, Tensor) or isinstance(max, Tensor):
        return torch.clamp(x, _limit(min, x), _limit(max, x))
    return torch.clamp(x, min, max)


def _limit(limit: Operand | None, x: Tensor) -> Tensor | None:
    return (
        limit if limit is None or isinstance(limit, Tensor) else torch.full((), limit, dtype=x.dtype, device=x.device)
    )


def selu(x: Tensor, *, alpha: float = 1.6732632423543772, gamma: float = 1.0507009873554805) -> Tensor:
    """Selu: gamma * (x if x > 0 else alpha * (exp(x) - 1)); the defaults, in float32, are torch's constants."""
    return F.selu(x) if (round(alpha, 6), round(gamma, 6)) == (1.673263, 1.050701) else gamma * F.elu(x, alpha)


def hard_sigmoid(x: Tensor, *, alpha: float = 0.2, beta: float = 0.5) -> Tensor:
    """HardSigmoid: alpha * x + beta, clipped to [0, 1]; torch's own has alpha 1/6."""
    if abs(alpha - 1 / 6) < 1e-6 and beta == 0.5:
        return F.hardsigmoid(x)
    return torch.clamp(x * alpha + beta, 0, 1)


def gelu(x: Tensor, *, approximate: Literal["none", "tanh"] = "none") -> Tensor:
    """Gelu: x times the normal distribution's probability of less than x, or that by way of tanh."""
    return F.gelu(x, approximate=approximate)


def swish(x: Tensor, *, alpha: float = 1.0) -> Tensor:
    """Swish: x / (1 + exp(-alpha x))."""
    return F.silu(x) if alpha == 1 else x * torch.sigmoid(x * alpha)


def softplus(x: Tensor) -> Tensor:
    """Softplus: log(1 + exp(x)); torch takes x itself beyond a threshold, which lies where they are the same number."""
    return F.softplus(x, threshold=20.0 if x.dtype != torch.float64 else 40.0)


def shrink(x: Tensor, *, bias: float = 0.0, lambd: float = 0.5) -> Tensor:
    """Shrink: x + bias below -lambd, x - bias above lambd, 0 between."""
    if bias == lambd:
        return F.softshrink(x, lambd)
    return torch.where(x < -lambd, x + bias, torch.where(x > lambd, x - bias, torch.zeros_like(x)))


def _hardmax(x: Tensor, axis: int) -> Tensor:
    """1 at the first largest along the axis, 0 elsewhere."""
    return F.one_hot(x.argmax(axis), x.shape[axis]).movedim(-1, axis).to(x.dtype)


ACTIVATIONS = {
    "LeakyRelu": _with_alpha(F.leaky_relu, 0.01),
    "PRelu": p_relu,
    "Clip": clip,
    "Elu": _with_alpha(F.elu, 1.0),
    "Selu": selu,
    "Celu": _with_alpha(F.celu, 1.0),
    "ThresholdedRelu": _with_alpha(lambda x, alpha: F.threshold(x, alpha, 0.0), 1.0),
    "HardSigmoid": hard_sigmoid,
    "Gelu": gelu,
    "Swish": swish,
    "Softplus": softplus,
    "Shrink": shrink,
    "Softmax": _along(torch.softmax),
    "Softmax-1": _as_rows(torch.softmax),
    "LogSoftmax": _along(torch.log_softmax),
    "LogSoftmax-1": _as_rows(torch.log_softmax),
    "Hardmax": _along(_hardmax),
    "Hardmax-1": _as_rows(_hardmax),
}
