"""What operators do to sizes: the same arithmetic on arrays of Python numbers, none of it a layer.

A function that answers ``NotImplemented`` leaves the work to the operator on tensors.
"""

import math
import operator
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
import torch

from adequate.network.onnx.sizes import LONGEST, Sizes

MOST = 64
"""The longest range taken for one of axes or sizes; a longer one is a tensor."""


def _elementwise(function: Callable[[Any, Any], Any], dtype: torch.dtype | None = None) -> Callable[..., Sizes]:
    """A function of two numbers, or more from left to right, on all elements of broadcast arrays."""
    over = np.frompyfunc(function, 2, 1)

    def computed(first: Sizes, *rest: Sizes) -> Any:
        if not _is_short(np.broadcast_shapes(first.values.shape, *(r.values.shape for r in rest))):
            return NotImplemented
        return Sizes(np.asarray(reduce(over, [r.values for r in rest], first.values), object), dtype or first.dtype)

    return computed


def _is_short(shape: tuple[int, ...]) -> bool:
    return math.prod(shape) <= LONGEST


def _each(function: Callable[[Any], Any], dtype: torch.dtype | None = None) -> Callable[[Sizes], Sizes]:
    over = np.frompyfunc(function, 1, 1)
    return lambda x: Sizes(np.asarray(over(x.values), object), dtype or x.dtype)


def _divided(a: Any, b: Any) -> Any:
    """Integers towards zero; a free size is never negative, and a divisor of one hardly."""
    if isinstance(a, float) or isinstance(b, float):
        return a / b
    if isinstance(a, int) and isinstance(b, int):
        return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    return a // b


def _cast(x: Sizes, *, to: torch.dtype) -> Sizes:
    if to == torch.bool:
        return _each(lambda v: bool(v), to)(x)
    if to.is_floating_point:
        return _each(lambda v: float(v) if isinstance(v, int | float) else torch.sym_float(v), to)(x)
    return _each(lambda v: int(v) if isinstance(v, int | float) else torch.sym_int(v), to)(x)


def _where(condition: Sizes, input: Sizes, other: Sizes) -> Any:
    if not _is_short(np.broadcast_shapes(condition.values.shape, input.values.shape, other.values.shape)):
        return NotImplemented
    chosen = np.frompyfunc(lambda c, a, b: a if c else b, 3, 1)(condition.values, input.values, other.values)
    return Sizes(np.asarray(chosen, object), input.dtype)


def _shape(x: Sizes, *, start: int = 0, end: int | None = None) -> Sizes:
    return Sizes.of(x.values.shape[start:end])


def _gather(x: Sizes, indices: Sizes, *, axis: int = 0) -> Any:
    if not _is_short((x.values.size // max(x.values.shape[axis], 1), indices.values.size)):
        return NotImplemented
    return Sizes(np.asarray(np.take(x.values, indices.values.astype(int), axis), object), x.dtype)


def _slice(x: Sizes, starts: Sizes, ends: Sizes, axes: Sizes | None = None, steps: Sizes | None = None) -> Sizes:
    values = x.values
    chosen = axes.numbers if axes else range(len(starts.numbers))
    strides = steps.numbers if steps else [1] * len(starts.numbers)
    for axis, start, end, step in zip(chosen, starts.numbers, ends.numbers, strides, strict=True):
        end = None if step < 0 and end < -values.shape[axis] else end
        values = values[(slice(None),) * (axis % values.ndim) + (slice(start, end, step),)]
    return Sizes(values, x.dtype)


def _concat(*inputs: Sizes, axis: int) -> Sizes:
    return Sizes(np.concatenate([x.values for x in inputs], axis), inputs[0].dtype)


def _unsqueeze(x: Sizes, axes: Sizes) -> Sizes:
    return Sizes(np.expand_dims(x.values, tuple(axes.numbers)), x.dtype)


def _squeeze(x: Sizes, axes: Sizes | None = None) -> Sizes:
    return Sizes(np.asarray(np.squeeze(x.values, tuple(axes.numbers) if axes else None), object), x.dtype)


def _reshape(x: Sizes, shape: Sizes, *, allowzero: int = 0) -> Sizes:
    wanted = [x.values.shape[i] if s == 0 and not allowzero else s for i, s in enumerate(shape.numbers)]
    return Sizes(x.values.reshape(wanted), x.dtype)


def _transpose(x: Sizes, *, perm: tuple[int, ...] = ()) -> Sizes:
    return Sizes(np.transpose(x.values, perm or None), x.dtype)


def _split(x: Sizes, split: Sizes | None = None, *, axis: int = 0, num_outputs: int | None = None) -> tuple[Sizes, ...]:
    length, count = x.values.shape[axis], num_outputs or 1
    if not 0 < count <= LONGEST:
        raise ValueError(f"num_outputs = {count}")
    lengths = split.numbers if split else [-(-length // count)] * (count - 1)
    parts = np.split(x.values, np.cumsum(lengths)[: len(lengths) - bool(split)].astype(int), axis)
    return tuple(Sizes(part, x.dtype) for part in parts)


def _reduction(function: Callable[[Any, Any], Any]) -> Callable[..., Sizes]:
    """Over all axes or over the only one: sizes come as vectors."""

    def reduced(x: Sizes, axes: Sizes | None = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Sizes:
        if axes is None and noop_with_empty_axes:
            return x
        if x.values.ndim > 1:
            raise ValueError(f"a reduction of sizes of shape {x.values.shape}")
        value = Sizes.scalar(reduce(function, x.numbers), x.dtype)
        return Sizes(value.values.reshape((1,) * x.values.ndim), x.dtype) if keepdims else value

    return reduced


def _expand(x: Sizes, shape: Sizes) -> Any:
    if x.dtype.is_floating_point or not all(_is_count(n) for n in shape.numbers):
        return NotImplemented
    both = np.broadcast_shapes(x.values.shape, tuple(shape.numbers))
    return NotImplemented if math.prod(both) > MOST else Sizes(np.broadcast_to(x.values, both), x.dtype)


def _range(start: Sizes, limit: Sizes, delta: Sizes) -> Any:
    ends = (*start.numbers, *limit.numbers, *delta.numbers)
    if not all(isinstance(v, int) for v in ends) or len(range(*ends)) > MOST:
        return NotImplemented
    return Sizes.of(range(*ends), start.dtype)


def _constant_of_shape(shape: Sizes, value: Sizes | None = None) -> Any:
    """Of one dimension, as masks of shapes are; anything else is a tensor."""
    counts = shape.numbers
    if value is None or value.dtype.is_floating_point or len(counts) != 1 or not _is_count(counts[0]):
        return NotImplemented
    return Sizes.of(value.numbers * counts[0], value.dtype)


def _is_count(number: object) -> bool:
    return isinstance(number, int) and number <= MOST


ON_SIZES: dict[str, Callable[..., Sizes | tuple[Sizes, ...]]] = {
    "Add": _elementwise(operator.add),
    "Sub": _elementwise(operator.sub),
    "Mul": _elementwise(operator.mul),
    "Div": _elementwise(_divided),
    "Mod": _elementwise(operator.mod),
    "Min": _elementwise(lambda a, b: torch.sym_min(a, b)),
    "Max": _elementwise(lambda a, b: torch.sym_max(a, b)),
    "Equal": _elementwise(operator.eq, torch.bool),
    "Greater": _elementwise(operator.gt, torch.bool),
    "GreaterOrEqual": _elementwise(operator.ge, torch.bool),
    "Less": _elementwise(operator.lt, torch.bool),
    "LessOrEqual": _elementwise(operator.le, torch.bool),
    "And": _elementwise(lambda a, b: bool(a) and bool(b)),
    "Or": _elementwise(lambda a, b: bool(a) or bool(b)),
    "Not": _each(operator.not_),
    "Neg": _each(operator.neg),
    "Abs": _each(abs),
    "Floor": _each(lambda v: float(math.floor(v)) if isinstance(v, float) else math.floor(v)),
    "Ceil": _each(lambda v: float(math.ceil(v)) if isinstance(v, float) else math.ceil(v)),
    "Sqrt": _each(torch.sym_sqrt),
    "Identity": lambda x: x,
    "Cast": _cast,
    "Where": _where,
    "Shape": _shape,
    "Gather": _gather,
    "Slice": _slice,
    "Concat": _concat,
    "Unsqueeze": _unsqueeze,
    "Squeeze": _squeeze,
    "Reshape": _reshape,
    "Transpose": _transpose,
    "Split": _split,
    "Expand": _expand,
    "Range": _range,
    "ConstantOfShape": _constant_of_shape,
    "ReduceProd": _reduction(operator.mul),
    "ReduceSum": _reduction(operator.add),
    "ReduceMax": _reduction(lambda a, b: torch.sym_max(a, b)),
    "ReduceMin": _reduction(lambda a, b: torch.sym_min(a, b)),
}
