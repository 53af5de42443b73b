"""Steps outside the array as passes over elements."""

from dataclasses import replace
from itertools import pairwise
from math import prod

import numpy as np

from adequate.exporters.verilog.hardware import Function, RoundingKind, mantissa_of
from adequate.exporters.verilog.instruction import Instruction, Place
from adequate.exporters.verilog.places import Indices, broadcast, places, strides
from adequate.exporters.verilog.pools import Pools
from adequate.exporters.verilog.refusal import Refusal
from adequate.kernels.columns import Window
from adequate.program.steps import (
    Add,
    Choose,
    Clamp,
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

LONGEST_TABLE = 2**16
"""Entries of a table with one for each integer between its ends."""


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
                rounding=RoundingKind.of(step.to),
                low=step.to.low,
                high=step.to.high,
                mantissa=mantissa_of(step.to),
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
        case Table():
            return replace(base, function=Function.TABLE, parameters=pools.records(_entries(step, x)), low=x.low)
        case Scale():
            return replace(base, function=Function.COMBINE, y=base.x, factors=(step.factor, 0))
        case Clamp():
            low, high = (x.low if step.low is None else step.low), (x.high if step.high is None else step.high)
            return replace(base, function=Function.CLAMP, low=low, high=high)
        case Add() | Multiply() | Choose():
            function, factors = _binary(step)
            places_x, places_y = (broadcast(values[one].shape, step.value.shape) for one in step.operands)
            tables = {"places": pools.table(places_x), "terms": pools.table(places_y)}
            return replace(base, function=function, y=Place(buffers[1]), factors=factors, **tables)
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


def _entries(step: Table, x: Value) -> tuple[int, ...]:
    """An entry for every integer from the lowest to the highest that x may be; 0 for those that x never is."""
    if step.numbers is None:
        return tuple(step.entries)
    if x.high - x.low >= LONGEST_TABLE:
        raise Refusal(step, f"a table of {x.high - x.low + 1} entries; the longest has {LONGEST_TABLE}")
    known = dict(zip(step.numbers.tolist(), step.entries.tolist(), strict=True))
    return tuple(known.get(n, 0) for n in range(x.low, x.high + 1))


def _channels(axis: int | None, shape: tuple[int, ...]) -> dict[str, int]:
    if axis is None:
        return {}
    return {"channel_size": strides(shape)[axis % len(shape)], "channels": shape[axis]}


def _rises(thresholds: tuple[int, ...], levels: tuple[int, ...]) -> list[tuple[int, int]]:
    if not thresholds:
        return [(0, 0)]
    return [(t, high - low) for t, (low, high) in zip(thresholds, pairwise(levels), strict=True)]
