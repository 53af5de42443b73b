"""Layers that only move numbers: where each element of the output comes from."""

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import torch
from torch import Tensor

from adequate.lowering.builder import Builder, NotLowered, Raw
from adequate.program.value import Value

JOINING = frozenset({"concat", "stack"})
"""Layers that put several values side by side."""


def moved(
    builder: Builder, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], x: Value | Raw
) -> Any:
    """The layer's own function on the places of its operand's elements: a value, or several.

    Raises:
        NotLowered: it brings in numbers other than those of its operand and 0.
    """
    places = torch.arange(1, prod(x.shape) + 1, dtype=torch.float64).reshape(x.shape)
    found = function(*(places if one is x else one for one in args), **kwargs)
    results = [found] if isinstance(found, Tensor) else list(found)
    values: list[Value | Raw] = []
    for result in results:
        index = result.long() - 1
        if not torch.equal(index.double() + 1, result) or (index < -1).any() or (index >= prod(x.shape)).any():
            raise NotLowered("it brings in numbers that are not its operand's")
        values.append(builder.rearrange(x, index.numpy()))
    return values[0] if isinstance(found, Tensor) else values


def joined(builder: Builder, operation: str, parts: list[Value], along: int) -> Value:
    """concat or stack."""
    if operation == "stack":
        along %= len(parts[0].shape) + 1
        parts = [_opened(builder, one, along) for one in parts]
    return builder.concat(parts, along)


def _opened(builder: Builder, x: Value, along: int) -> Value:
    places = torch.arange(prod(x.shape)).reshape(x.shape).unsqueeze(along)
    opened = builder.rearrange(x, places.numpy())
    assert isinstance(opened, Value)
    return opened
