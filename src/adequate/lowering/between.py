"""What lies between the layers: sizes, parts of results, constants, and results that could not be made."""

from collections.abc import Iterator
from typing import Any

import torch
from torch.fx import Node

from adequate.lowering.builder import Raw
from adequate.network.graph import function_of, shape_of
from adequate.network.listing import ASSERTIONS, CONSTANTS
from adequate.program.value import Value


class Refused:
    """Stands for a value that could not be made, so that every layer with a reason of its own is named."""


def of_shapes(node: Node, args: Any, kwargs: dict[str, Any]) -> Any:
    """A call between the layers: a size, a part of a result, a constant."""
    operands = list(flat((args, kwargs)))
    refused = next((one for one in operands if isinstance(one, Refused)), None)
    if refused is not None:
        return refused
    values = [one for one in operands if isinstance(one, Value | Raw)]
    name = function_of(node)
    if not values or name == "getitem":
        return node.target(*args, **kwargs)  # type: ignore[operator]
    if name == "sym_size":
        return values[0].shape[args[1]]
    if name in ("alias", "detach", "detach_", "of_batch"):
        return args[0]
    if name in CONSTANTS:
        meta = torch.empty(values[0].shape)
        return node.target(*(meta if one is values[0] else one for one in args), **kwargs)  # type: ignore[operator]
    if name in ASSERTIONS:
        return None
    raise ValueError(f"{name} between the layers has no integer form (node {node.name!r})")


def placeholder_shape(node: Node) -> tuple[int, ...]:
    """The shape of an input for one image."""
    return tuple(1 if size is None else size for size in shape_of(node.meta.get("val")))


def flat(value: Any) -> Iterator[Any]:
    """What is in nested lists, tuples and mappings, in order."""
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, list | tuple):
        for one in value:
            yield from flat(one)
    else:
        yield value
