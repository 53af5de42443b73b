"""What every step means, on arrays of Python integers: slow and obviously right."""

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from adequate.kernels.columns import Window
from adequate.program.rounding import clamp
from adequate.program.steps import (
    Add,
    Array,
    Choose,
    Clamp,
    Concat,
    Constant,
    Contract,
    Convolve,
    Divide,
    Multiply,
    Pool,
    Product,
    Rearrange,
    Reduce,
    Round,
    Scale,
    Step,
    Table,
    Threshold,
)


def interpret(step: Step, values: Mapping[str, Array], low: Mapping[str, int]) -> Array:
    """The integers of a step's value, from those it reads; ``low`` has the lowest integer of each value."""
    x: Any = values[step.operands[0]] if step.operands else None
    match step:
        case Constant():
            return step.integers
        case Convolve():
            return _convolve(step, x, values[step.w])
        case Contract():
            return _contract(step, x, values[step.w])
        case Round():
            numerators = _along([one.numerator for one in step.factor], step.axis, x)
            return step.to(x * numerators, _along([one.denominator for one in step.factor], step.axis, x))
        case Threshold():
            passed = np.zeros(x.shape, dtype=object)
            for thresholds in zip(*step.thresholds, strict=True):
                passed = passed + 1 * (x >= _along(list(thresholds), step.axis, x))
            return np.array(step.levels, dtype=object)[passed.astype(np.int64)]
        case Add():
            return step.factors[0] * x + step.factors[1] * values[step.y]
        case Multiply():
            return x * values[step.y]
        case Divide():
            y = values[step.y]
            return step.to(x * step.factor.numerator * np.sign(y), abs(y) * step.factor.denominator)
        case Scale():
            return x * step.factor
        case Clamp():
            return clamp(x, step.low, step.high)
        case Choose():
            return np.maximum(x, values[step.y]) if step.largest else np.minimum(x, values[step.y])
        case Pool():
            windows = _windows(x, step.kernel, step.window, None)
            return _reduced(windows, (-1,), step.largest).reshape(step.value.shape)
        case Reduce():
            return _reduced(x, step.axes, step.largest)
        case Table():
            return _looked_up(step, x, low[step.x])
        case Concat():
            return np.concatenate([values[one] for one in step.parts], axis=step.along)
        case Rearrange(index=None):
            return x.reshape(step.value.shape)
        case Rearrange():
            return np.append(x.reshape(-1), 0)[step.index.astype(np.int64)]
        case _:
            raise TypeError(f"no meaning is given to {type(step).__name__}")


def _looked_up(step: Table, x: Array, low: int) -> Array:
    if step.numbers is None:
        return step.entries[(x - low).astype(np.int64)]
    entries = dict(zip(step.numbers, step.entries, strict=True))
    return np.array([entries[n] for n in x.reshape(-1)], dtype=object).reshape(x.shape)


def _along(numbers: list[int], axis: int | None, x: Array) -> Any:
    """One number, or one per index of a dimension, broadcastable against x."""
    if axis is None:
        return numbers[0]
    return np.array(numbers, dtype=object).reshape([-1 if d == axis % x.ndim else 1 for d in range(x.ndim)])


def _reduced(x: Array, axes: tuple[int, ...], largest: bool) -> Array:
    """Over some dimensions; None is no number."""
    first = np.frompyfunc(lambda a, b: b if a is None else a if b is None else max(a, b) if largest else a + b, 2, 1)
    for axis in axes:
        x = first.reduce(x, axis=axis, keepdims=True)
    return x


def _windows(x: Array, kernel: tuple[int, ...], window: Window, beyond: int | None) -> Array:
    """The elements of each window: (*outer dimensions, *places, prod(kernel)); ``beyond`` stands outside the edges."""
    dims = len(kernel)
    outer = x.ndim - dims
    padded = np.full((*x.shape[:outer], *_padded(x.shape[outer:], window)), beyond, dtype=object)
    inside = (slice(before, before + size) for size, (before, _) in zip(x.shape[outer:], window.padding, strict=True))
    padded[(..., *inside)] = x
    x = padded
    places = [
        (size - (k - 1) * gap - 1) // step + 1
        for size, k, gap, step in zip(x.shape[outer:], kernel, window.dilation, window.stride, strict=True)
    ]
    shifted = [
        x[
            (
                ...,
                *(
                    slice(at * gap, at * gap + (count - 1) * step + 1, step)
                    for at, gap, count, step in zip(offset, window.dilation, places, window.stride, strict=True)
                ),
            )
        ]
        for offset in np.ndindex(*kernel)
    ]
    return np.stack(shifted, axis=-1)


def _padded(sizes: tuple[int, ...], window: Window) -> tuple[int, ...]:
    return tuple(size + sum(pad) for size, pad in zip(sizes, window.padding, strict=True))


def _convolve(step: Convolve, x: Array, w: Array) -> Array:
    kernel, groups = w.shape[2:], step.window.groups
    windows = _windows(x, kernel, step.window, 0)
    places = windows.shape[2:-1]
    split = windows.reshape(groups, x.shape[1] // groups, prod(places), -1)
    left = split.transpose(0, 2, 1, 3).reshape(groups, prod(places), -1)
    sums = _sums(step, left, w.reshape(groups, w.shape[0] // groups, -1))
    return _with_bias(step, sums.transpose(0, 2, 1).reshape(step.value.shape))


def _contract(step: Contract, x: Array, w: Array) -> Array:
    one, sizes = step.contraction, step.contraction.sizes(x.shape, w.shape)
    left = _matrices(x, one.left, (one.batch, one.rows, one.summed), sizes)
    right = _matrices(w, one.right, (one.batch, one.columns, one.summed), sizes)
    labels = (*one.batch, *one.rows, *one.columns)
    sums = _sums(step, left, right).reshape([sizes[label] for label in labels])
    return _with_bias(step, sums.transpose([labels.index(label) for label in one.output]))


def _matrices(x: Array, labels: tuple[str, ...], order: tuple[tuple[str, ...], ...], sizes: Mapping[str, int]) -> Array:
    """The operand with its labels in three groups, each one dimension; those it has not are repeated."""
    wanted = [label for group in order for label in group]
    own = [label for label in wanted if label in labels]
    x = x.transpose([labels.index(label) for label in own])
    x = x.reshape([x.shape[own.index(label)] if label in own else 1 for label in wanted])
    x = np.broadcast_to(x, [sizes[label] for label in wanted])
    return x.reshape([prod(sizes[label] for label in group) for group in order])


def _sums(step: Product, left: Array, right: Array) -> Array:
    """(B, R, K) and (B, C, K) to (B, R, C)."""
    if step.products is None and step.register is None:
        return left @ right.transpose(0, 2, 1)
    k = left.shape[-1]
    terms = np.zeros((k, left.shape[0], left.shape[1], right.shape[1]), dtype=object)
    for at in range(k):
        a, b = left[:, :, None, at], right[:, None, :, at]
        terms[at] = a * b if step.products is None else step.products(a, b)
    return terms.sum(axis=0) if step.register is None else step.register.sum(terms)


def _with_bias(step: Product, sums: Array) -> Array:
    if step.bias is None:
        return sums
    return sums + step.bias if step.register is None else step.register.add(sums, step.bias, step.register.bias)
