"""Writing the parts of one call into a graph in its place."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.fx import Graph, Node
from torch.fx.node import map_arg

from adequate.network.graph import arguments, function_of
from adequate.network.modes import Mode


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of which call of the compact graph a node is: ``node.meta["part"]``.

    ``node`` and ``function`` are the call's node and the function it calls. ``name`` is the part's, shared by all its
    calls; None for a wire, which only moves numbers.
    """

    node: str
    function: str
    name: str | None


class Assembly:
    """Builds the parts of one call, in front of it.

    The nodes' names follow from the call's and the parts' alone, so that a part has the same name whichever other
    calls are taken apart. ``layer`` adds a call of a part, ``wire`` a node that only moves numbers.
    """

    def __init__(self, graph: Graph, node: Node) -> None:
        self.arguments = arguments(node)
        self.mode: Mode | None = node.meta.get("mode")
        self._graph, self._node = graph, node
        self._calls: Counter[str | None] = Counter()
        self._values: dict[str, Any] = {}

    def layer(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Node:
        """A call of the part ``name``; every call of a part has the shape of its first."""
        node = self._call(name, function, args, kwargs)
        if name not in self._values:
            self._values[name] = _value(node)
        node.meta["val"] = self._values[name]
        return node

    def dropout(self, name: str, x: Node, probability: float, on: bool) -> Node:
        """A dropout that has two modes if the whole call has."""
        node = self.layer(name, torch.ops.aten.dropout.default, x, probability, on)
        if self.mode is not None:
            node.meta["mode"] = Mode("train", False, True)
        return node

    def wire(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Node:
        """A call that only moves numbers, or makes a constant."""
        node = self._call(None, function, args, kwargs)
        node.meta["val"] = _value(node)
        return node

    def _call(self, name: str | None, function: Callable[..., Any], args: Any, kwargs: Any) -> Node:
        count = self._calls[name]
        self._calls[name] += 1
        full = f"{self._node.name}__{name or 'wire'}" + (f"__{count}" if count or name is None else "")
        node = self._graph.create_node("call_function", function, args, kwargs, name=full)
        node.meta["part"] = Part(self._node.name, function_of(self._node), name)
        if "nn_module_stack" in self._node.meta:
            node.meta["nn_module_stack"] = self._node.meta["nn_module_stack"]
        return node


def _value(node: Node) -> Any:
    """What the call gives for the operands' shapes."""
    assert callable(node.target)
    args, kwargs = map_arg((node.args, node.kwargs), lambda one: one.meta["val"])  # type: ignore[misc]
    return node.target(*args, **kwargs)
