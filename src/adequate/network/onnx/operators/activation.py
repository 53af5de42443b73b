"""Activations: functions of one tensor, element by element or along an axis."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from adequate.network.onnx.operator import Operand


def leaky_relu(x: Tensor, *, alpha: float = 0.01) -> Tensor:
    return F.leaky_relu(x, alpha)


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


def elu(x: Tensor, *, alpha: float = 1.0) -> Tensor:
    return F.elu(x, alpha)


def selu(x: Tensor, *, alpha: float = 1.6732632423543772, gamma: float = 1.0507009873554805) -> Tensor:
    """Selu: gamma * (x if x > 0 else alpha * (exp(x) - 1)); the defaults, in float32, are torch's constants."""
    return F.selu(x) if (round(alpha, 6), round(gamma, 6)) == (1.673263, 1.050701) else gamma * F.elu(x, alpha)


def celu(x: Tensor, *, alpha: float = 1.0) -> Tensor:
    return F.celu(x, alpha)


def thresholded_relu(x: Tensor, *, alpha: float = 1.0) -> Tensor:
    return F.threshold(x, alpha, 0.0)


def hard_sigmoid(x: Tensor, *, alpha: float = 0.2, beta: float = 0.5) -> Tensor:
    """HardSigmoid: alpha * x + beta, clipped to [0, 1]; torch's own has alpha 1/6."""
    if abs(alpha - 1 / 6) < 1e-6 and beta == 0.5:
        return F.hardsigmoid(x)
    return torch.clamp(x * alpha + beta, 0, 1)


def hard_swish(x: Tensor) -> Tensor:
    return F.hardswish(x)


def gelu(x: Tensor, *, approximate: Literal["none", "tanh"] = "none") -> Tensor:
    return F.gelu(x, approximate=approximate)


def swish(x: Tensor, *, alpha: float = 1.0) -> Tensor:
    return F.silu(x) if alpha == 1 else x * torch.sigmoid(x * alpha)


def mish(x: Tensor) -> Tensor:
    return F.mish(x)


def softplus(x: Tensor) -> Tensor:
    return F.softplus(x, threshold=20.0 if x.dtype != torch.float64 else 40.0)


def softsign(x: Tensor) -> Tensor:
    return F.softsign(x)


def shrink(x: Tensor, *, bias: float = 0.0, lambd: float = 0.5) -> Tensor:
    """Shrink: x + bias below -lambd, x - bias above lambd, 0 between."""
    if bias == lambd:
        return F.softshrink(x, lambd)
    return torch.where(x < -lambd, x + bias, torch.where(x > lambd, x - bias, torch.zeros_like(x)))


def softmax(x: Tensor, *, axis: int = -1) -> Tensor:
    return torch.softmax(x, axis)


def log_softmax(x: Tensor, *, axis: int = -1) -> Tensor:
    return torch.log_softmax(x, axis)


def hardmax(x: Tensor, *, axis: int = -1) -> Tensor:
    """Hardmax: 1 at the first largest along the axis, 0 elsewhere."""
    return F.one_hot(x.argmax(axis), x.shape[axis]).movedim(-1, axis).to(x.dtype)


def softmax_1(x: Tensor, *, axis: int = 1) -> Tensor:
    """Softmax before opset 13: over all the dimensions from ``axis`` on, taken as one."""
    return _as_rows(x, axis, softmax)


def log_softmax_1(x: Tensor, *, axis: int = 1) -> Tensor:
    """LogSoftmax before opset 13: over all the dimensions from ``axis`` on, taken as one."""
    return _as_rows(x, axis, log_softmax)


def hardmax_1(x: Tensor, *, axis: int = 1) -> Tensor:
    """Hardmax before opset 13: over all the dimensions from ``axis`` on, taken as one."""
    return _as_rows(x, axis, hardmax)


def _as_rows(x: Tensor, axis: int, function) -> Tensor:
    axis = axis % x.dim()
    if axis == x.dim() - 1:
        return function(x, axis=-1)
    return function(x.flatten(axis), axis=-1).reshape(x.shape)


ACTIVATIONS = {
    "LeakyRelu": leaky_relu,
    "PRelu": p_relu,
    "Clip": clip,
    "Elu": elu,
    "Selu": selu,
    "Celu": celu,
    "ThresholdedRelu": thresholded_relu,
    "HardSigmoid": hard_sigmoid,
    "HardSwish": hard_swish,
    "Gelu": gelu,
    "Swish": swish,
    "Mish": mish,
    "Softplus": softplus,
    "Softsign": softsign,
    "Shrink": shrink,
    "Softmax": softmax,
    "Softmax-1": softmax_1,
    "LogSoftmax": log_softmax,
    "LogSoftmax-1": log_softmax_1,
    "Hardmax": hardmax,
    "Hardmax-1": hardmax_1,
}
