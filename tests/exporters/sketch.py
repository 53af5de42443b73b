"""Programs written by hand: a few inputs, and steps on them, each a layer of its own."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any

import numpy as np

from adequate.formats import Fixed, Format
from adequate.kernels.columns import Window, output_size
from adequate.kernels.contraction import parse
from adequate.lowering.product_range import sum_range
from adequate.program import Approximate, Program, Register, Value
from adequate.program.rounding import Rounder
from adequate.program.steps import (
    Add,
    Choose,
    Clamp,
    Concat,
    Constant,
    Contract,
    Convolve,
    Divide,
    Input,
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

PLAIN = Window((1, 1), ((0, 0), (0, 0)), (1, 1))


class Sketch:
    """Collects steps; ranges are worked out by interval arithmetic. Every method returns the value it makes."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.layers: dict[str, str] = {}
        self.integers: dict[str, Any] = {}

    def program(self, *outputs: Value) -> Program:
        return Program(tuple(self.steps), tuple(one.name for one in outputs), self.layers)

    def _named(self, name: str, shape: Sequence[int], low: int, high: int) -> Value:
        assert name not in self.layers, name
        self.layers[name] = f"{name}:y"
        return Value(f"{name}:y", tuple(shape), (Fraction(1),), low, high)

    def _made(self, step: Step) -> Value:
        self.steps.append(step)
        return step.value

    def input(self, name: str, shape: Sequence[int], low: int, high: int) -> Value:
        value = Value(name, tuple(shape), (Fraction(1),), low, high)
        return self._made(Input(value, "", name, Fixed(32, 0)))

    def constant(self, name: str, integers: Any, format: Format | None = None) -> Value:
        flat = np.asarray(integers).astype(object)
        value = Value(name, flat.shape, (Fraction(1),), int(flat.min()), int(flat.max()))
        self.integers[name] = flat
        return self._made(Constant(value, name, flat, format))

    def convolve(
        self,
        name: str,
        x: Value,
        w: Value,
        window: Window = PLAIN,
        bias: Any = None,
        products: Approximate | None = None,
        register: Register | None = None,
    ) -> Value:
        places = output_size(x.shape[2:], w.shape[2:], window)
        added = None if bias is None else np.array(bias, dtype=object).reshape(1, -1, *(1 for _ in places))
        padded, w_dims = replace(x, low=min(x.low, 0), high=max(x.high, 0)), len(w.shape)
        low, high = self._sums(padded, w, tuple(range(1, w_dims)), prod(w.shape[1:]), added, products, register)
        value = self._named(name, (1, w.shape[0], *places), low, high)
        return self._made(Convolve(value, name, x.name, w.name, added, products, register, window))

    def contract(
        self,
        name: str,
        equation: str,
        x: Value,
        w: Value,
        bias: Any = None,
        products: Approximate | None = None,
        register: Register | None = None,
    ) -> Value:
        one = parse(equation, len(x.shape), len(w.shape))
        sizes = one.sizes(x.shape, w.shape)
        added = None if bias is None else np.array(bias, dtype=object)
        summed = tuple(d for d, label in enumerate(one.right) if label in one.summed)
        low, high = self._sums(x, w, summed, prod(sizes[label] for label in one.summed), added, products, register)
        value = self._named(name, [sizes[label] for label in one.output], low, high)
        return self._made(Contract(value, name, x.name, w.name, added, products, register, one))

    def _sums(
        self,
        x: Value,
        w: Value,
        summed: tuple[int, ...],
        count: int,
        bias: Any,
        products: Approximate | None,
        register: Register | None,
    ) -> tuple[int, int]:
        if register is not None:
            return register.rounder.low, register.rounder.high
        low, high = sum_range(x, w, self.integers.get(w.name), products, summed, count)
        added = [0] if bias is None else [0, *bias.reshape(-1).tolist()]
        return low + min(added), high + max(added)

    def round(self, name: str, x: Value, factor: Sequence[Fraction], to: Rounder, axis: int | None = None) -> Value:
        return self._made(Round(self._named(name, x.shape, to.low, to.high), name, x.name, tuple(factor), to, axis))

    def threshold(
        self,
        name: str,
        x: Value,
        thresholds: Sequence[Sequence[int]],
        levels: Sequence[int],
        axis: int | None = None,
    ) -> Value:
        value = self._named(name, x.shape, min(levels), max(levels))
        return self._made(Threshold(value, name, x.name, tuple(map(tuple, thresholds)), tuple(levels), axis))

    def add(self, name: str, x: Value, y: Value, factors: tuple[int, int] = (1, 1)) -> Value:
        ends = [sorted((n * one.low, n * one.high)) for n, one in zip(factors, (x, y), strict=True)]
        shape = np.broadcast_shapes(x.shape, y.shape)
        value = self._named(name, shape, ends[0][0] + ends[1][0], ends[0][1] + ends[1][1])
        return self._made(Add(value, name, x.name, y.name, factors))

    def multiply(self, name: str, x: Value, y: Value) -> Value:
        ends = [a * b for a, b in product(x.range, y.range)]
        value = self._named(name, np.broadcast_shapes(x.shape, y.shape), min(ends), max(ends))
        return self._made(Multiply(value, name, x.name, y.name))

    def divide(self, name: str, x: Value, y: Value, factor: Fraction, to: Rounder) -> Value:
        value = self._named(name, np.broadcast_shapes(x.shape, y.shape), to.low, to.high)
        return self._made(Divide(value, name, x.name, y.name, factor, to))

    def scale(self, name: str, x: Value, factor: int) -> Value:
        low, high = sorted((x.low * factor, x.high * factor))
        return self._made(Scale(self._named(name, x.shape, low, high), name, x.name, factor))

    def clamp(self, name: str, x: Value, low: int | None, high: int | None) -> Value:
        ends = x.low if low is None else low, x.high if high is None else high
        return self._made(Clamp(self._named(name, x.shape, *ends), name, x.name, low, high))

    def choose(self, name: str, x: Value, y: Value, largest: bool) -> Value:
        pick = max if largest else min
        shape = np.broadcast_shapes(x.shape, y.shape)
        value = self._named(name, shape, pick(x.low, y.low), pick(x.high, y.high))
        return self._made(Choose(value, name, x.name, y.name, largest))

    def pool(self, name: str, x: Value, kernel: tuple[int, ...], window: Window, largest: bool) -> Value:
        first = len(x.shape) - len(kernel)
        shape = (*x.shape[:first], *output_size(x.shape[first:], kernel, window))
        times = 1 if largest else prod(kernel)
        ends = (x.low, x.high) if largest else (times * min(x.low, 0), times * max(x.high, 0))
        return self._made(Pool(self._named(name, shape, *ends), name, x.name, kernel, window, largest))

    def reduce(self, name: str, x: Value, axes: tuple[int, ...], largest: bool) -> Value:
        gone = {axis % len(x.shape) for axis in axes}
        shape = [1 if d in gone else size for d, size in enumerate(x.shape)]
        times = 1 if largest else prod(x.shape[d] for d in gone)
        return self._made(Reduce(self._named(name, shape, times * x.low, times * x.high), name, x.name, axes, largest))

    def table(self, name: str, x: Value, entries: Sequence[int], numbers: Sequence[int] | None = None) -> Value:
        value = self._named(name, x.shape, min(entries), max(entries))
        some = None if numbers is None else np.array(numbers, dtype=object)
        return self._made(Table(value, name, x.name, np.array(entries, dtype=object), some))

    def concat(self, name: str, parts: Sequence[Value], along: int) -> Value:
        shape = list(parts[0].shape)
        shape[along] = sum(one.shape[along] for one in parts)
        value = self._named(name, shape, min(one.low for one in parts), max(one.high for one in parts))
        return self._made(Concat(value, name, tuple(one.name for one in parts), along))

    def rearrange(self, name: str, x: Value, shape: Sequence[int], index: Any = None) -> Value:
        value = self._named(name, shape, min(x.low, 0), max(x.high, 0))
        return self._made(Rearrange(value, name, x.name, index))


def images(program: Program, count: int, seed: int = 0) -> list[tuple[Any, ...]]:
    """Integers for every input: for the first image its extremes, else random ones."""
    random = np.random.default_rng(seed)

    def one(step: Input, extreme: bool) -> Any:
        low, high = step.value.range
        if extreme:
            choices = np.array([low, high, min(max(0, low), high), min(max(-1, low), high)], dtype=object)
            return choices[random.integers(len(choices), size=step.value.shape)]
        span = high - low + 1
        drawn = [
            int(random.integers(2**32)) * 2**32 + int(random.integers(2**32)) for _ in range(prod(step.value.shape))
        ]
        return np.array([low + n % span for n in drawn], dtype=object).reshape(step.value.shape)

    return [tuple(one(step, at == 0) for step in program.inputs) for at in range(count)]
