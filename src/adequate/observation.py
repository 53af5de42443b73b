"""What one layer reads and gives, on some images, in any graph that the layer is a node of."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule, Interpreter, Node

from adequate.emulated_layer import EmulatedProduct
from adequate.network.operands import slots_of


@dataclass(frozen=True)
class Call:
    """One call of a layer: the graph's node, the operand in the ``input`` slot, and the result."""

    node: Node
    input: Tensor
    output: Tensor


def observe(graph: GraphModule, nodes: Collection[Node], operation: str, x: Tensor) -> list[Call]:
    """The calls of sums of products at ``nodes`` on the images ``x``; the graph runs no further than it has to."""
    observer = _Observer(graph, nodes, operation)
    with torch.no_grad(), suppress(_AllSeen):
        observer.run(x)
    return observer.calls


def products(graph: GraphModule) -> dict[str, tuple[Node, ...]]:
    """The nodes of every layer of an emulated network that is a sum of products in the design's arithmetic."""
    found: dict[str, tuple[Node, ...]] = {}
    for node in graph.graph.nodes:
        module = graph.get_submodule(node.target) if node.op == "call_module" else None
        if isinstance(module, EmulatedProduct):
            found[module.layer.name] = (*found.get(module.layer.name, ()), node)
    return found


class _AllSeen(Exception):
    """Ends a run of the graph."""


class _Observer(Interpreter):
    def __init__(self, graph: GraphModule, nodes: Collection[Node], operation: str) -> None:
        super().__init__(graph)
        self.extra_traceback = False
        self.nodes, self.operation = set(nodes), operation
        self.calls: list[Call] = []

    def run_node(self, n: Node) -> Any:
        result = super().run_node(n)
        if n in self.nodes:
            self.calls.append(Call(n, self.env[slots_of(n, self.operation)[0]], result))
            if len(self.calls) == len(self.nodes):
                raise _AllSeen
        return result
