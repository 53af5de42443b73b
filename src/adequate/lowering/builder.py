"""The program that is being written: values with their proven ranges."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from adequate.formats import Format
from adequate.program.steps import (
    Add,
    Array,
    Choose,
    Clamp,
    Concat,
    Constant,
    Input,
    Multiply,
    Rearrange,
    Scale,
    Step,
    Table,
)
from adequate.program.value import Value, exponent


class NotLowered(ValueError):
    """Why a layer has no integer form; the message follows the layer's name."""


@dataclass(frozen=True)
class Raw:
    """An input of the network, or its elements moved, before any format: real numbers, no integers yet."""

    source: str
    whole: tuple[int, ...]
    index: Any = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape as moved; ``whole`` is that of the input."""
        return self.whole if self.index is None else self.index.shape


class Builder:
    """Collects steps. Every method adds one and returns its value; ``layer`` is the layer being lowered."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.layer = ""
        self.formats: dict[str, Format] = {}
        """What a value was last rounded to."""
        self._names: set[str] = set()

    def named(self, suffix: str = "") -> str:
        """A name that no value has, after the layer's."""
        base = f"{self.layer}:{suffix}" if suffix else self.layer
        name, count = base, 1
        while name in self._names:
            count += 1
            name = f"{base}#{count}"
        self._names.add(name)
        return name

    def append(self, step: Step) -> Value:
        """The value of a step that is now part of the program."""
        self.steps.append(step)
        return step.value

    def known(self, x: Value, low: int | None = None, high: int | None = None) -> Value:
        """The value made last, of which more is known than its operands' ranges say."""
        ends = x.low if low is None else max(low, x.low), x.high if high is None else min(high, x.high)
        step = replace(self.steps[-1], value=replace(x, low=ends[0], high=ends[1]))
        assert self.steps[-1].value == x
        self.steps[-1] = step
        return step.value

    def input(self, source: str, shape: tuple[int, ...], format: Format, unit: Fraction) -> Value:
        """An input of the network in a format; the same one again is the same value."""
        for step in self.steps:
            if isinstance(step, Input) and (step.source, step.format) == (source, format):
                return step.value
        ends = int(format.minimum / unit), int(format.maximum / unit)
        before, self.layer = self.layer, source
        value = Value(self.named(), shape, (unit,), *ends)
        self.layer = before
        self.formats[value.name] = format
        return self.append(Input(value, "", source, format))

    def constant(
        self, integers: Array, unit: Sequence[Fraction], axis: int | None, format: Format | None, suffix: str
    ) -> Value:
        """Integers that the program holds."""
        ends = (int(integers.min()), int(integers.max())) if integers.size else (0, 0)
        value = Value(self.named(suffix), integers.shape, tuple(unit), *ends, axis)
        return self.append(Constant(value, self.layer, integers, format))

    def scale(self, x: Value, factor: int) -> Value:
        """factor * x, which stands for the same numbers where the factor is positive, else for their negatives."""
        if factor == 1:
            return x
        low, high = sorted((x.low * factor, x.high * factor))
        unit = tuple(one / abs(factor) for one in x.unit)
        return self.append(
            Scale(replace(x, name=self.named("scaled"), unit=unit, low=low, high=high), self.layer, x.name, factor)
        )

    def negative(self, x: Value) -> Value:
        """-x."""
        return self.scale(x, -1)

    def clamp(self, x: Value, low: int | None, high: int | None) -> Value:
        """x between two ends; itself where it is there already."""
        low = None if low is None or low <= x.low else low
        high = None if high is None or high >= x.high else high
        if low is None and high is None:
            return x
        bounds = x.low if low is None else low, x.high if high is None else high
        ends = (min(max(n, bounds[0]), bounds[1]) for n in x.range)
        value = replace(x, name=self.named("clamped"), low=next(ends), high=next(ends))
        return self.append(Clamp(value, self.layer, x.name, low, high))

    def add(self, x: Value, y: Value, signs: tuple[int, int] = (1, 1)) -> Value:
        """x + y, or with other signs."""
        unit = min(one_unit(x), one_unit(y))
        a, b = (sign * int(one_unit(one) / unit) for sign, one in zip(signs, (x, y), strict=True))
        ends = [sorted((factor * one.low, factor * one.high)) for factor, one in ((a, x), (b, y))]
        shape = np.broadcast_shapes(x.shape, y.shape)
        value = Value(self.named("sum"), shape, (unit,), ends[0][0] + ends[1][0], ends[0][1] + ends[1][1])
        return self.append(Add(value, self.layer, x.name, y.name, (a, b)))

    def multiply(self, x: Value, y: Value) -> Value:
        """x y."""
        ends = sorted(a * b for a in x.range for b in y.range)
        unit = one_unit(x) * one_unit(y)
        value = Value(self.named("product"), np.broadcast_shapes(x.shape, y.shape), (unit,), ends[0], ends[-1])
        return self.append(Multiply(value, self.layer, x.name, y.name))

    def square(self, x: Value) -> Value:
        """x^2."""
        ends = sorted(n * n for n in x.range)
        low = 0 if x.low <= 0 <= x.high else ends[0]
        value = Value(self.named("square"), x.shape, (one_unit(x) ** 2,), low, ends[1])
        return self.append(Multiply(value, self.layer, x.name, x.name))

    def table(self, x: Value, entries: Sequence[int], unit: Fraction, numbers: Sequence[int] | None = None) -> Value:
        """The entry of x, counted from its lowest integer, or of the number of ``numbers`` that it is."""
        arrays = (None if one is None else np.array(one, dtype=object) for one in (entries, numbers))
        value = Value(self.named("table"), x.shape, (unit,), min(entries), max(entries))
        return self.append(Table(value, self.layer, x.name, *arrays))

    def choose(self, x: Value, y: Value, largest: bool) -> Value:
        """The larger or the smaller of x and y."""
        x, y = self.alike([x, y])
        pick = max if largest else min
        ends = pick(x.low, y.low), pick(x.high, y.high)
        value = Value(self.named("chosen"), np.broadcast_shapes(x.shape, y.shape), x.unit, *ends, x.axis)
        return self.append(Choose(value, self.layer, x.name, y.name, largest))

    def alike(self, values: Sequence[Value]) -> list[Value]:
        """The values in one unit.

        Raises:
            NotLowered: they have units that differ and are no powers of two.
        """
        if len({(one.unit, one.axis) for one in values}) == 1:
            return list(values)
        unit = min(map(one_unit, values))
        return [self.scale(one, int(one_unit(one) / unit)) for one in values]

    def concat(self, parts: Sequence[Value], along: int) -> Value:
        """Values one after the other."""
        parts = self.alike(parts)
        along %= len(parts[0].shape)
        if parts[0].axis == along:
            raise NotLowered("values with a scale per index are joined along it; give them formats of one scale")
        shape = list(parts[0].shape)
        shape[along] = sum(one.shape[along] for one in parts)
        ends = min(one.low for one in parts), max(one.high for one in parts)
        value = Value(self.named("joined"), tuple(shape), parts[0].unit, *ends, parts[0].axis)
        return self.append(Concat(value, self.layer, tuple(one.name for one in parts), along))

    def rearrange(self, x: "Value | Raw", index: Any) -> "Value | Raw":
        """The elements of x by their places in it, -1 for 0."""
        index = np.asarray(index)
        if isinstance(x, Raw):
            flat = np.arange(prod(x.whole)) if x.index is None else x.index.reshape(-1)
            return Raw(x.source, x.whole, np.append(flat, -1)[index])
        same = index.size == prod(x.shape) and np.array_equal(index.reshape(-1), np.arange(index.size))
        if same and index.shape == x.shape:
            return x
        if x.axis is not None:
            raise NotLowered("a value with a scale per index is moved; give it an output format of one scale")
        low, high = (min(x.low, 0), max(x.high, 0)) if (index < 0).any() else x.range
        value = Value(self.named("moved"), index.shape, x.unit, low, high)
        moved = self.append(Rearrange(value, self.layer, x.name, None if same else index))
        if x.name in self.formats and not (index < 0).any():
            self.formats[moved.name] = self.formats[x.name]
        return moved


def one_unit(x: Value) -> Fraction:
    """The unit of a value, a power of two.

    Raises:
        NotLowered: it has several, or another.
    """
    if len(x.unit) != 1 or exponent(x.unit[0]) is None:
        raise NotLowered(
            "it computes with numbers under a scale that is no power of two, or one per channel; "
            "round them to a format with one dyadic scale before"
        )
    return x.unit[0]
