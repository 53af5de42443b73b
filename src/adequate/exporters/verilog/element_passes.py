"""Steps outside the array as passes over elements."""

from dataclasses import replace
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from adequate.exporters.verilog.float_table import float_table
from adequate.exporters.verilog.hardware import Function, RoundingKind, mantissa_of
from adequate.exporters.verilog.instruction import Instruction, Place
from adequate.exporters.verilog.places import Indices, broadcast, places, strides
from adequate.exporters.verilog.pools import Pools
from adequate.exporters.verilog.refusal import Refusal
from adequate.kernels.columns import Window
from adequate.program import Rounder
from adequate.program.steps import (
    Add,
    Choose,
    Clamp,
    Divide,
    Multiply,
    Pool,
    Rearrange,
    Reduce,
    Round,
    Scale,
    Step,
    Table,
    Threshold,
)
from adequate.program.value import Value

Values = dict[str, Value]


def element_pass(step: Step, values: Values, buffers: tuple[str, ...], z: str, pools: Pools) -> Instruction:
    """The pass of a step that reads the tensors in ``buffers``; a pool finds its x with the padding around it.

    Raises:
        Refusal: the function unit cannot do it.
    """
    x = values[step.operands[0]]
    base = Instruction(Function.MOVE, Place(buffers[0]), Place(z), outer=prod(step.value.shape))
    match step:
        case Round():
            return replace(
                base,
                function=Function.ROUND,
                **_rounding(step.to),
                parameters=pools.records(step.factor),
                **_channels(step.axis, x.shape),
            )
        case Threshold():
            inner = max(len(step.thresholds[0]), 1)
            records = tuple(one for thresholds in step.thresholds for one in _rises(thresholds, step.levels))
            return replace(
                base,
                function=Function.THRESHOLD,
                inner=inner,
                terms=pools.table(np.zeros(inner, dtype=np.int64)),
                first=step.levels[0],
                parameters=pools.records(records),
                **_channels(step.axis, x.shape),
            )
        case Table(numbers=None):
            return replace(base, function=Function.TABLE, parameters=pools.records(tuple(step.entries)), low=x.low)
        case Table():
            return float_table(step, base, pools)
        case Divide():
            size, told = max(-x.low, x.high) * step.factor.numerator, _rounding(step.to)
            steps = max(size.bit_length(), 1)
            base = replace(base, function=Function.DIVIDE, y=Place(buffers[1]), inner=steps, **told)
            base = replace(base, parameters=pools.records((step.factor,) * steps))  # one for each bit of the quotient
            return _pairs(step, base, values, pools)
        case Scale():
            return replace(base, function=Function.COMBINE, y=base.x, factors=(step.factor, 0))
        case Clamp():
            low, high = (x.low if step.low is None else step.low), (x.high if step.high is None else step.high)
            return replace(base, function=Function.CLAMP, low=low, high=high)
        case Add() | Multiply() | Choose():
            function, factors = _binary(step)
            base = replace(base, function=function, y=Place(buffers[1]), factors=factors)
            return _pairs(step, base, values, pools)
        case Pool():
            shape, inside = padded(x.shape, step.window, len(step.kernel)), len(x.shape) - len(step.kernel)
            steps = strides(shape)
            moved = (*steps[:inside], *(a * b for a, b in zip(step.window.stride, steps[inside:], strict=True)))
            terms = places(step.kernel, [a * b for a, b in zip(step.window.dilation, steps[inside:], strict=True)])
            return _gathered(base, step.largest, places(step.value.shape, moved), terms, pools)
        case Reduce():
            axes, steps = [axis % len(x.shape) for axis in step.axes], strides(x.shape)
            kept = [0 if d in axes else stride for d, stride in enumerate(steps)]
            terms = places([x.shape[d] for d in axes], [steps[d] for d in axes])
            return _gathered(base, step.largest, places(step.value.shape, kept), terms, pools)
        case Rearrange():
            return move(buffers[0], z, np.asarray(step.index, dtype=np.int64).reshape(-1), pools)
        case _:
            raise Refusal(step, "the machine has no such function")


def move(x: str, z: str, index: Indices, pools: Pools, *, offset: int = 0, first: int = 0) -> Instruction:
    """The elements ``index`` of x, one after the other; ``first`` where the index is -1."""
    place = pools.table(index)
    return Instruction(Function.MOVE, Place(x), Place(z, offset), outer=len(index), places=place, first=first)


def padding(shape: tuple[int, ...], window: Window, dims: int) -> Indices:
    """The element at each place of a tensor with its padding around it, -1 in the padding."""
    inner = np.arange(prod(shape), dtype=np.int64).reshape(shape)
    return np.pad(inner, [(0, 0)] * (len(shape) - dims) + list(window.padding), constant_values=-1).reshape(-1)


def padded(shape: tuple[int, ...], window: Window, dims: int) -> tuple[int, ...]:
    """The shape of a tensor with its padding around it."""
    inside = len(shape) - dims
    return (*shape[:inside], *(n + sum(pad) for n, pad in zip(shape[inside:], window.padding, strict=True)))


def _binary(step: Add | Multiply | Choose) -> tuple[Function, tuple[int, int]]:
    match step:
        case Add():
            return Function.COMBINE, step.factors
        case Multiply():
            return Function.MULTIPLY, (0, 0)
        case Choose():
            return (Function.LARGER if step.largest else Function.SMALLER), (0, 0)


def _gathered(base: Instruction, largest: bool, outer: Indices, inner: Indices, pools: Pools) -> Instruction:
    function = Function.LARGEST if largest else Function.SUM
    return replace(base, function=function, places=pools.table(outer), terms=pools.table(inner), inner=len(inner))


def _pairs(step: Step, base: Instruction, values: Values, pools: Pools) -> Instruction:
    """A pass over the elements of two tensors that meet."""
    places_x, places_y = (broadcast(values[one].shape, step.value.shape) for one in step.operands)
    return replace(base, places=pools.table(places_x), terms=pools.table(places_y))


def _rounding(to: Rounder) -> dict[str, Any]:
    return {"rounding": RoundingKind.of(to), "low": to.low, "high": to.high, "mantissa": mantissa_of(to)}


def _channels(axis: int | None, shape: tuple[int, ...]) -> dict[str, int]:
    if axis is None:
        return {}
    return {"channel_size": strides(shape)[axis % len(shape)], "channels": shape[axis]}


def _rises(thresholds: tuple[int, ...], levels: tuple[int, ...]) -> list[tuple[int, int]]:
    if not thresholds:
        return [(0, 0)]
    return [(t, high - low) for t, (low, high) in zip(thresholds, pairwise(levels), strict=True)]
