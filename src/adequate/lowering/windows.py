"""Pooling and reductions."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from math import prod
from typing import Any

import torch

from adequate.kernels.columns import Window, output_size
from adequate.lowering.builder import Builder, NotLowered, one_unit
from adequate.network.layer import Shape
from adequate.program.steps import Pool, Reduce
from adequate.program.value import Value


def pooled(builder: Builder, operation: str, x: Value, given: Mapping[str, Any], shape: Shape) -> Value:
    """max_pool, avg_pool or an adaptive one; an average is a sum in units divided by the number of elements.

    Raises:
        NotLowered: windows of several sizes.
    """
    dims, largest = int(operation[-2]), "max" in operation
    sizes, out = x.shape[-dims:], tuple(size or 1 for size in shape[-dims:])
    if operation.startswith("adaptive"):
        if any(size % count for size, count in zip(sizes, out, strict=True)):
            raise NotLowered(f"it pools {sizes} to {out} with windows of several sizes")
        kernel = tuple(size // count for size, count in zip(sizes, out, strict=True))
        return _pool(builder, x, kernel, Window(kernel, ((0, 0),) * dims, (1,) * dims), largest, prod(kernel))
    kernel = _sizes(given["kernel_size"], dims)
    stride = _sizes(given["stride"] or kernel, dims)
    padding = _sizes(given["padding"], dims)
    dilation = _sizes(given.get("dilation", 1), dims)
    reach = [
        (count - 1) * step + (k - 1) * gap + 1 - size - pad
        for count, step, k, gap, size, pad in zip(out, stride, kernel, dilation, sizes, padding, strict=True)
    ]
    beyond = any(more > pad for more, pad in zip(reach, padding, strict=True))
    if not largest and (beyond or (any(padding) and not given["count_include_pad"])):
        raise NotLowered("its averages at the edges are over fewer elements")
    pads = tuple((pad, max(more, 0)) for pad, more in zip(padding, reach, strict=True))
    divisor = given.get("divisor_override") or prod(kernel)
    return _pool(builder, x, kernel, Window(stride, pads, dilation), largest, divisor)


def reduced(builder: Builder, x: Value, axes: Sequence[int], keep: bool, largest: bool) -> Value:
    """The largest element or the mean over some dimensions."""
    if x.axis is not None:
        one_unit(x)
    along = tuple(sorted(axis % len(x.shape) for axis in axes)) or tuple(range(len(x.shape)))
    divisor = 1 if largest else prod(x.shape[axis] for axis in along)
    value = over(builder, x, along, largest, divisor)
    if keep:
        return value
    kept = [size for d, size in enumerate(value.shape) if d not in along]
    moved = builder.rearrange(value, torch.arange(prod(kept)).reshape(kept).numpy())
    assert isinstance(moved, Value)
    return moved


def over(builder: Builder, x: Value, axes: Sequence[int], largest: bool, divisor: int = 1) -> Value:
    """The largest element, or the sum in units divided by ``divisor``, over some dimensions, which stay with size 1."""
    along = tuple(sorted(axis % len(x.shape) for axis in axes))
    shape = tuple(1 if d in along else size for d, size in enumerate(x.shape))
    ends = x.range if largest else _sum_ends(x, prod(x.shape[axis] for axis in along))
    unit = x.unit if largest else (one_unit(x) / divisor,)
    return builder.append(
        Reduce(Value(builder.named("reduced"), shape, unit, *ends), builder.layer, x.name, along, largest)
    )


def _pool(builder: Builder, x: Value, kernel: tuple[int, ...], window: Window, largest: bool, divisor: int) -> Value:
    shape = (*x.shape[: -len(kernel)], *output_size(x.shape[-len(kernel) :], kernel, window))
    name = builder.named("pooled")
    if largest:
        value = replace(x, name=name, shape=shape)
        if x.name in builder.formats:
            builder.formats[name] = builder.formats[x.name]
    else:
        unit: tuple[Fraction, ...] = (one_unit(x) / divisor,)
        value = Value(name, shape, unit, *_sum_ends(x, prod(kernel)))
    return builder.append(Pool(value, builder.layer, x.name, kernel, window, largest))


def _sum_ends(x: Value, count: int) -> tuple[int, int]:
    """Of a sum of up to so many numbers and each of its parts."""
    return min(x.low * count, 0), max(x.high * count, 0)


def _sizes(given: Any, dims: int) -> tuple[int, ...]:
    sizes = tuple(given) if isinstance(given, list | tuple) else (given,)
    return sizes * (dims if len(sizes) == 1 else 1)
