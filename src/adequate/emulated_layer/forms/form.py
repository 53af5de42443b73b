"""What a function that is no sum of products computes in integers."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import signature
from typing import Any

import torch
from torch import Tensor

from adequate.design import LayerDesign
from adequate.formats import Format
from adequate.network import Layer
from adequate.quantization import rounded


@dataclass(frozen=True, eq=False)
class Given:
    """A call: its function, and the arguments by their names, defaults included, but what the form computes with."""

    function: Callable[..., Tensor]
    arguments: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.arguments.get(name)


@dataclass(frozen=True, eq=False)
class IntegerForm(ABC):
    """A stated sequence of integer steps from numbers of the format ``input`` to numbers of ``output``.

    Called with real numbers it computes them in float64 tensors, every intermediate exact; ``lowering`` writes the same
    sequence as steps of a program.
    """

    layer: Layer
    input: Format
    output: Format

    @abstractmethod
    def __call__(self, x: Tensor, given: Given) -> Tensor:
        """The layer's output, in the dtype of x; x is not quantised yet."""

    def settled(self, y: Tensor, dtype: torch.dtype) -> Tensor:
        """Exact numbers, or such as were rounded to odd, rounded once by ``output``."""
        return rounded(y, self.output, self.what("output"), dtype)

    def what(self, slot: str) -> str:
        """How messages begin."""
        return f"{slot} of layer {self.layer.name!r}"


def formats_of(chosen: LayerDesign) -> tuple[Format, Format] | None:
    """Both formats of a layer, if it has both."""
    return None if chosen.input is None or chosen.output is None else (chosen.input, chosen.output)


def arguments_of(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a call by their names, in their order, defaults included."""
    schema: Any = getattr(function, "_schema", None)
    if schema is None:
        bound = signature(function).bind(*args, **kwargs)
        bound.apply_defaults()
        return dict(bound.arguments)
    given = dict(zip((one.name for one in schema.arguments), args, strict=False)) | dict(kwargs)
    return {one.name: given.get(one.name, one.default_value) for one in schema.arguments}
