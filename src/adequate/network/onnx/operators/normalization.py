"""Normalisations."""

import torch.nn.functional as F
from torch import Tensor


def batch_normalization(
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    *,
    epsilon: float = 1e-5,
    spatial: int = 1,
    training_mode: int = 0,
) -> Tensor:
    """BatchNormalization by the stored mean and variance."""
    if training_mode or not spatial:
        raise ValueError("training_mode = 1 and spatial = 0 are not supported")
    return F.batch_norm(x, running_mean, running_var, weight, bias, False, 0.0, epsilon)


def instance_normalization(x: Tensor, weight: Tensor, bias: Tensor, *, epsilon: float = 1e-5) -> Tensor:
    """InstanceNormalization: each channel of each image by its own mean and variance."""
    return F.instance_norm(x, None, None, weight, bias, True, 0.0, epsilon)


def layer_normalization(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, *, axis: int = -1, epsilon: float = 1e-5
) -> Tensor:
    """LayerNormalization over the dimensions from ``axis`` on."""
    shape = x.shape[axis if axis < 0 else axis - x.dim() :]
    weight = weight.expand(shape) if weight.shape != shape else weight
    bias = bias.expand(shape) if bias is not None and bias.shape != shape else bias
    return F.layer_norm(x, shape, weight, bias, epsilon)


def rms_normalization(x: Tensor, weight: Tensor, *, axis: int = -1, epsilon: float = 1e-5) -> Tensor:
    """RMSNormalization over the dimensions from ``axis`` on."""
    shape = x.shape[axis if axis < 0 else axis - x.dim() :]
    return F.rms_norm(x, list(shape), weight.expand(shape) if weight.shape != shape else weight, epsilon)


def group_normalization(x: Tensor, weight: Tensor, bias: Tensor, *, num_groups: int, epsilon: float = 1e-5) -> Tensor:
    """GroupNormalization: groups of channels by their mean and variance; before opset 21 a scale a group."""
    if len(weight) == num_groups != x.shape[1]:
        repeats = x.shape[1] // num_groups
        weight, bias = weight.repeat_interleave(repeats), bias.repeat_interleave(repeats)
    return F.group_norm(x, num_groups, weight, bias, epsilon)


def lrn(x: Tensor, *, size: int, alpha: float = 1e-4, beta: float = 0.75, bias: float = 1.0) -> Tensor:
    """LRN across channels."""
    if not 0 < size <= 2 * x.shape[1] + 1:
        raise ValueError(f"size = {size} for {x.shape[1]} channels")
    return F.local_response_norm(x, size, alpha, beta, bias)


def lp_normalization(x: Tensor, *, axis: int = -1, p: int = 2) -> Tensor:
    """LpNormalization: x / |x|_p along an axis."""
    return F.normalize(x, p, axis)


def mean_variance_normalization(x: Tensor, *, axes: tuple[int, ...] = (0, 2, 3)) -> Tensor:
    """MeanVarianceNormalization: (x - mean) / (standard deviation + 1e-9)."""
    centred = x - x.mean(axes, keepdim=True)
    return centred / (centred.square().mean(axes, keepdim=True).sqrt() + 1e-9)


NORMALIZATIONS = {
    "BatchNormalization": batch_normalization,
    "InstanceNormalization": instance_normalization,
    "LayerNormalization": layer_normalization,
    "RMSNormalization": rms_normalization,
    "GroupNormalization": group_normalization,
    "LRN": lrn,
    "LpNormalization": lp_normalization,
    "MeanVarianceNormalization": mean_variance_normalization,
}
