"""A network in the arithmetic of a design, as integers and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from adequate.program.interpret import interpret
from adequate.program.steps import Array, Input, Step
from adequate.program.value import Value


@dataclass(frozen=True, eq=False)
class Program:
    """Steps on integer tensors, each made from those before it; ``docs/program.md`` says what every step means.

    ``outputs`` are names of values. ``layers`` has the value of each layer's output, of its last call where there are
    several.
    """

    steps: tuple[Step, ...]
    outputs: tuple[str, ...]
    layers: Mapping[str, str]

    @cached_property
    def values(self) -> Mapping[str, Value]:
        """The values by their names, in the order of the steps."""
        return {step.value.name: step.value for step in self.steps}

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What a run is given."""
        return tuple(step for step in self.steps if isinstance(step, Input))

    def encode(self, *images: Tensor) -> tuple[Array, ...]:
        """One image's inputs as integers, an array for each of ``inputs``; an argument for each of the network's.

        Raises:
            ValueError: another number or shape of tensors than the network takes, or they are not finite.
        """
        sources = list(dict.fromkeys(step.source for step in self.inputs))
        if len(images) != len(sources):
            raise ValueError(f"the program reads {', '.join(sources)}, not {len(images)} tensors")
        given = dict(zip(sources, images, strict=True))
        return tuple(_integers(given[step.source], step) for step in self.inputs)

    def trace(self, *integers: Array) -> dict[str, Array]:
        """Every value of a run on one image, by its name.

        Raises:
            ValueError: arrays of other shapes, or integers outside the inputs' ranges.
        """
        if len(integers) != len(self.inputs):
            raise ValueError(f"the program has {len(self.inputs)} inputs, not {len(integers)}")
        values: dict[str, Array] = {}
        low = {name: value.low for name, value in self.values.items()}
        given = iter(integers)
        for step in self.steps:
            name = step.value.name
            values[name] = _checked(next(given), step) if isinstance(step, Input) else interpret(step, values, low)
        return values

    def run(self, *integers: Array) -> tuple[Array, ...]:
        """The outputs for one image, in Python integers.

        Raises:
            ValueError: as ``trace``.
        """
        values = self.trace(*integers)
        return tuple(values[name] for name in self.outputs)

    def decode(self, name: str, integers: Array) -> Tensor:
        """The real numbers that a value's integers stand for, float64."""
        value = self.values[name]
        unit = np.array([float(one) for one in value.unit])
        if value.axis is not None:
            unit = unit.reshape([-1 if d == value.axis else 1 for d in range(len(value.shape))])
        return torch.from_numpy(np.asarray(integers, dtype=np.float64) * unit)


def _integers(image: Tensor, step: Input) -> Array:
    if tuple(image.shape) != step.value.shape:
        raise ValueError(f"input {step.source!r} has the shape {step.value.shape}, not {tuple(image.shape)}")
    codes = step.format.encode(image.detach())
    number = {c: int(step.format.decode(c) / step.value.unit[0]) for c in codes.unique().tolist()}
    return np.vectorize(number.__getitem__, otypes=[object])(codes.numpy())


def _checked(integers: Array, step: Input) -> Array:
    given, value = np.asarray(integers, dtype=object), step.value
    if given.shape != value.shape:
        raise ValueError(f"input {step.source!r} has the shape {value.shape}, not {given.shape}")
    if given.size and not value.low <= given.min() <= given.max() <= value.high:
        raise ValueError(
            f"input {step.source!r} has integers from {value.low} to {value.high}, not {given.min()} to {given.max()}"
        )
    return given
