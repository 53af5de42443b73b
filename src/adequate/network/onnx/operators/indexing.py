"""Elements chosen by index, and tensors made from numbers."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from adequate.network.onnx.operator import Integers, Numbers, Operand
from adequate.network.onnx.sizes import Sizes


def gather(x: Tensor, indices: Operand, *, axis: int = 0) -> Tensor:
    """Gather slices along an axis; one number takes the axis away; rows of a matrix are an embedding."""
    if not isinstance(indices, Tensor):
        return torch.select(x, axis, int(indices))
    axis = axis % x.dim()
    if axis == 0 and x.dim() == 2 and x.is_floating_point():
        return F.embedding(indices.long(), x)
    return x[(slice(None),) * axis + (indices.long(),)]


def gather_elements(x: Tensor, indices: Tensor, *, axis: int = 0) -> Tensor:
    """GatherElements: each index chooses one element, at its own place but for the axis."""
    return torch.gather(x, axis, _positive(indices, x.shape[axis]))


def gather_nd(x: Tensor, indices: Tensor, *, batch_dims: int = 0) -> Tensor:
    """GatherND: each vector of indices chooses a slice, within its batch."""
    return x[_coordinates(x, indices, batch_dims)]


def scatter_elements(
    x: Tensor,
    indices: Tensor,
    updates: Tensor,
    *,
    axis: int = 0,
    reduction: Literal["none", "add", "mul", "max", "min"] = "none",
) -> Tensor:
    """ScatterElements: each update goes where its index says along the axis, instead of what is there or onto it."""
    positions = _positive(indices, x.shape[axis])
    if reduction == "none":
        return torch.scatter(x, axis, positions, updates)
    names = {"add": "sum", "mul": "prod", "max": "amax", "min": "amin"}
    return torch.scatter_reduce(x, axis, positions, updates, names[reduction])


def scatter_nd(x: Tensor, indices: Tensor, updates: Tensor, *, reduction: Literal["none", "add"] = "none") -> Tensor:
    """ScatterND: each vector of indices says which slice its update replaces or is added to."""
    return torch.index_put(x, _coordinates(x, indices, 0), updates, accumulate=reduction == "add")


def _positive(indices: Tensor, length: int) -> Tensor:
    return torch.where(indices < 0, indices + length, indices).long()


def _coordinates(x: Tensor, indices: Tensor, batch_dims: int) -> tuple[Tensor, ...]:
    """One index tensor for each leading dimension of ``x``."""
    if not 0 <= batch_dims < indices.dim() or indices.shape[-1] + batch_dims > x.dim():
        raise ValueError(f"indices of shape {list(indices.shape)} into {list(x.shape)} with batch_dims = {batch_dims}")
    chosen = tuple(_positive(part, x.shape[batch_dims + i]) for i, part in enumerate(indices.unbind(-1)))
    batches = tuple(torch.arange(x.shape[i]).reshape(-1, *(1,) * (indices.dim() - 2 - i)) for i in range(batch_dims))
    return (*batches, *chosen)


def one_hot(indices: Tensor, depth: Numbers, values: Tensor, *, axis: int = -1) -> Tensor:
    """OneHot: values[1] where the index is, values[0] elsewhere; a negative index counts from the end."""
    count = int(depth[0])
    wanted = torch.where(indices < 0, indices + count, indices).unsqueeze(axis)
    shape = [1] * wanted.dim()
    shape[axis] = count
    return torch.where(wanted == torch.arange(count, dtype=wanted.dtype).reshape(shape), values[1], values[0])


def trilu(x: Tensor, k: Integers | None = None, *, upper: int = 1) -> Tensor:
    """Trilu: the triangle on one side of the k-th diagonal, zeros on the other."""
    diagonal = k[0] if k else 0
    return torch.triu(x, diagonal) if upper else torch.tril(x, diagonal)


def range_(start: Sizes, limit: Sizes, delta: Sizes) -> Tensor:
    """Range, as Python's, of known numbers."""
    return torch.arange(start.values.item(), limit.values.item(), delta.values.item(), dtype=start.dtype)


def constant_of_shape(shape: Integers, value: Sizes | None = None) -> Tensor:
    """ConstantOfShape: zeros of float32, or the given number in its type."""
    if value is None:
        return torch.zeros(shape)
    return torch.full(shape, value.values.item(), dtype=value.dtype)


def eye_like(x: Tensor, *, dtype: torch.dtype | None = None, k: int = 0) -> Tensor:
    """EyeLike: ones on the k-th diagonal of a matrix of the input's shape."""
    rows, columns = x.shape
    ones = torch.arange(columns) - torch.arange(rows)[:, None] == k
    return ones.to(dtype or x.dtype)


INDEXINGS = {
    "Gather": gather,
    "GatherElements": gather_elements,
    "GatherND": gather_nd,
    "ScatterElements": scatter_elements,
    "Scatter": scatter_elements,
    "ScatterND": scatter_nd,
    "OneHot": one_hot,
    "Trilu": trilu,
    "Range": range_,
    "ConstantOfShape": constant_of_shape,
    "EyeLike": eye_like,
}
