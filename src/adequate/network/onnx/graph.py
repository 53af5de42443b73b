"""An ONNX file as plain values: nodes, constants, inputs and outputs, without protobuf and without modules."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from torch import Tensor

Attribute = int | float | str | Tensor | tuple[int, ...] | tuple[float, ...] | tuple[str, ...]
"""What an attribute may hold."""


SLOT = "adequate.slot"
"""The key, in a node's ``metadata_props``, of the slot of a design that a quantiser's format belongs to."""

SAID = ("input", "weight", "output", "layer")
"""What may be said: of the layers that read the result, of the layer that computes the source, or itself a layer."""


@dataclass(frozen=True, eq=False)
class OnnxNode:
    """One call of an operator.

    ``name`` is unique in the graph and valid as a module path: it will be the layer's name. ``domain`` is empty for the
    standard operators. ``inputs`` and ``outputs`` are names of values; an absent optional one is the empty string.
    ``slot`` is where in a design the file says a quantiser's format belongs, often nothing: one of ``SAID``.
    """

    name: str
    operator: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    slot: str = ""

    def __str__(self) -> str:
        """What errors say of it: ``Conv 'features.0'``."""
        kind = f"{self.domain}.{self.operator}" if self.domain else self.operator
        return f"{kind if kind.isprintable() else repr(kind)} {self.name!r}"


@dataclass(frozen=True)
class OnnxInput:
    """What a graph wants to be given. A free size is its name, or None without one; an unknown rank has no shape."""

    name: str
    dtype: torch.dtype
    shape: tuple[int | str | None, ...] | None


@dataclass(frozen=True, eq=False)
class OnnxGraph:
    """Nodes in execution order, over named values.

    ``constants`` are the initializers and the values of ``Constant`` nodes. ``narrow`` names those whose element type
    torch has not and says which it is (``"int4"``, ``"uint2"``): they are held in a wider one. ``trained`` are the
    constants that the file keeps as initializers. ``opset`` is the version of the standard operators.
    """

    nodes: tuple[OnnxNode, ...]
    constants: Mapping[str, Tensor]
    inputs: tuple[OnnxInput, ...]
    outputs: tuple[str, ...]
    opset: int
    narrow: Mapping[str, str] = field(default_factory=dict)
    trained: frozenset[str] = frozenset()

    @cached_property
    def producers(self) -> Mapping[str, OnnxNode]:
        """The node that computes each value; graph inputs and constants have none."""
        return {value: node for node in self.nodes for value in node.outputs if value}

    @cached_property
    def readers(self) -> Mapping[str, tuple[OnnxNode, ...]]:
        """The nodes that read each value, in order; a node that reads it twice is there once."""
        found: dict[str, list[OnnxNode]] = defaultdict(list)
        for node in self.nodes:
            for value in dict.fromkeys(node.inputs):
                if value:
                    found[value].append(node)
        return {value: tuple(nodes) for value, nodes in found.items()}

    def with_nodes(self, nodes: tuple[OnnxNode, ...], constants: Mapping[str, Tensor] | None = None) -> "OnnxGraph":
        """The same graph with other nodes, and other constants where given."""
        return replace(self, nodes=nodes, constants=self.constants if constants is None else constants)
