"""Programs made by hand, one step after the other."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np
import torch
from torch import Tensor

from adequate.formats import Fixed
from adequate.program import Program, Value
from adequate.program.steps import Constant, Input, Step


@dataclass
class Building:
    """Integers in, steps, and in the end a program of which every value is a layer's output."""

    steps: list[Step] = field(default_factory=list[Step])

    def input(self, shape: tuple[int, ...], bits: int = 8) -> str:
        value = self._value("x", shape, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        return self._kept(Input(value, "x", "x", Fixed(bits, 0)))

    def constant(self, integers: Any) -> str:
        array = np.asarray(integers).astype(object)
        value = self._value("constant", array.shape, int(array.min()), int(array.max()))
        return self._kept(Constant(value, "constant", array))

    def add(self, kind: type[Step], shape: tuple[int, ...], ends: tuple[int, int], **fields: Any) -> str:
        value = self._value(kind.__name__.lower(), shape, *ends)
        return self._kept(kind(value, f"layer {value.name}", **fields))

    def program(self, *outputs: str) -> Program:
        layers = {step.layer: step.value.name for step in self.steps if not isinstance(step, Input | Constant)}
        return Program(tuple(self.steps), outputs or (self.steps[-1].value.name,), layers)

    def _value(self, name: str, shape: tuple[int, ...], low: int, high: int) -> Value:
        return Value(f"{name} {len(self.steps)}", shape, (Fraction(1),), low, high)

    def _kept(self, step: Step) -> str:
        self.steps.append(step)
        return step.value.name


def everything(bits: int) -> Tensor:
    """Every integer of a width, as an image of one row."""
    return torch.arange(-(2 ** (bits - 1)), 2 ** (bits - 1), dtype=torch.float64)[None]


def integers(shape: Sequence[int], bits: int, seed: int) -> Any:
    """Random integers of a width, both ends among them."""
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    drawn = np.random.default_rng(seed).integers(low, high + 1, size=tuple(shape))
    drawn.reshape(-1)[:2] = (low, high)[: drawn.size]
    return drawn.astype(object)


def image(shape: Sequence[int], bits: int, seed: int) -> Tensor:
    """Random integers as an image."""
    return torch.from_numpy(integers(shape, bits, seed).astype(np.float64))


def narrowed(program: Program) -> Program:
    """The program with the layers' names changed to hostile ones."""
    names = ["*/ $finish; /*", "a\nb", "`include", "module", "a b", "a\\b"]
    new = {one: f"{names[i % len(names)]}{i}" for i, one in enumerate(program.layers)}
    steps = tuple(replace(step, layer=new.get(step.layer, step.layer)) for step in program.steps)
    return Program(steps, program.outputs, {new[one]: value for one, value in program.layers.items()})
