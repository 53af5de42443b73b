"""Reductions over axes, and what runs along one."""

from collections.abc import Callable

import torch
from torch import Tensor

from adequate.network.onnx.operator import Integers

Axes = tuple[int, ...]


def _reduction(compute: Callable[[Tensor, Axes, bool], Tensor]) -> Callable[..., Tensor]:
    """The operator that reduces by ``compute(x, axes, keepdim)``; no axes are all of them."""

    def reduced(x: Tensor, axes: Integers | None = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Tensor:
        if not axes and noop_with_empty_axes:
            return x
        chosen = tuple(axes) if axes else tuple(range(x.dim()))
        return compute(x, chosen, bool(keepdims))

    return reduced


def _product(x: Tensor, axes: Axes, keepdim: bool) -> Tensor:
    for axis in sorted((a % x.dim() for a in axes), reverse=True):
        x = x.prod(axis, keepdim)
    return x


def _sum(x: Tensor, axes: Axes, keepdim: bool) -> Tensor:
    return torch.sum(x, axes, keepdim, dtype=x.dtype)


def _sum_of_squares(x: Tensor, axes: Axes, keepdim: bool) -> Tensor:
    return torch.sum(torch.square(x), axes, keepdim, dtype=x.dtype)


def _mean(x: Tensor, axes: Axes, keepdim: bool) -> Tensor:
    return torch.mean(x, axes, keepdim)


def _position(first: Callable[[Tensor, int, bool], Tensor]) -> Callable[..., Tensor]:
    """Where along an axis the element is that ``first`` finds, or the last of its equals."""

    def found(x: Tensor, *, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> Tensor:
        if select_last_index:
            return x.shape[axis] - 1 - first(x.flip(axis), axis, bool(keepdims))
        return first(x, axis, bool(keepdims))

    return found


def top_k(x: Tensor, k: Integers, *, axis: int = -1, largest: int = 1, sorted: int = 1) -> tuple[Tensor, ...]:  # noqa: ARG001
    """TopK, in order whether or not that is asked; of equal elements the first."""
    values, indices = torch.sort(x, dim=axis, descending=bool(largest), stable=True)
    return values.narrow(axis, 0, k[0]), indices.narrow(axis, 0, k[0])


def cum_sum(x: Tensor, axis: Integers, *, exclusive: int = 0, reverse: int = 0) -> Tensor:
    """CumSum; ``exclusive`` leaves each element out of its own sum, ``reverse`` starts at the end."""
    along = axis[0]
    x = x.flip(along) if reverse else x
    summed = torch.cumsum(x, along, dtype=x.dtype)
    summed = summed - x if exclusive else summed
    return summed.flip(along) if reverse else summed


REDUCTIONS = {
    "ReduceSum": _reduction(_sum),
    "ReduceMean": _reduction(_mean),
    "ReduceMax": _reduction(torch.amax),
    "ReduceMin": _reduction(torch.amin),
    "ReduceProd": _reduction(_product),
    "ReduceSumSquare": _reduction(_sum_of_squares),
    "ReduceL1": _reduction(lambda x, axes, keepdim: _sum(x.abs(), axes, keepdim)),
    "ReduceL2": _reduction(lambda x, axes, keepdim: _sum_of_squares(x, axes, keepdim).sqrt()),
    "ReduceLogSum": _reduction(lambda x, axes, keepdim: _sum(x, axes, keepdim).log()),
    "ReduceLogSumExp": _reduction(torch.logsumexp),
    "ArgMax": _position(torch.argmax),
    "ArgMin": _position(torch.argmin),
    "TopK": top_k,
    "CumSum": cum_sum,
}
