"""Nodes that depend on constants alone, computed once, within a budget."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from adequate.network.onnx.binding import bound_nodes
from adequate.network.onnx.budget import Budget
from adequate.network.onnx.graph import OnnxGraph, OnnxNode
from adequate.network.onnx.layer import OnnxLayer, listed
from adequate.network.onnx.operators.convolution import CONVOLUTIONS
from adequate.network.onnx.operators.pooling import POOLINGS
from adequate.network.onnx.shapes import new_shells, shapes_only
from adequate.network.onnx.sizes import as_tensor

WINDOWED = frozenset({*CONVOLUTIONS, *POOLINGS, "LRN"})
"""Operators whose work grows with operand times window; on constants they are left to the model."""


def folded(graph: OnnxGraph) -> OnnxGraph:
    """The graph with constants for the nodes that depend on nothing else, without nodes that no output needs.

    Raises:
        ValueError: a constant node's operands do not fit, or the constants would grow beyond the budget.
    """
    constants, trained = dict(graph.constants), set(graph.trained)
    budget = Budget(constants.values())
    nodes = []
    for bound in bound_nodes(graph):
        node = bound.node
        if node.operator in WINDOWED or not all(value in constants for value in node.inputs if value):
            nodes.append(node)
            continue
        layer = bound.layer({value: constants[value] for value in node.inputs if value})
        _pay(budget, node, layer)
        with torch.no_grad():
            results = listed(layer())
        found = [name for name, result in zip(node.outputs, results, strict=False) if name]
        constants |= {name: as_tensor(result) for name, result in zip(node.outputs, results, strict=False) if name}
        if any(value in trained for value in node.inputs):
            trained.update(name for name in found if constants[name].is_floating_point())
    return _pruned(replace(graph, nodes=tuple(nodes), constants=constants, trained=frozenset(trained)))


class _Counting(TorchDispatchMode):
    """Adds up the bytes of all results, the elements of all operands, and the products of matrices."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0
        self.steps = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        self.bytes += sum(t.nbytes for t in tree_leaves(result) if isinstance(t, Tensor))
        self.steps += sum(t.numel() for t in tree_leaves((args, kwargs)) if isinstance(t, Tensor))
        if func._overloadpacket in flop_registry:
            self.steps += flop_registry[func._overloadpacket](*args, **kwargs, out_val=result)
        return result


def _pay(budget: Budget, node: OnnxNode, layer: OnnxLayer) -> None:
    """Takes off what calling a layer without operands costs, learned without computing."""
    with shapes_only(new_shells()), _Counting() as counting:
        layer()
    budget.spend(node, counting.bytes, counting.steps)


def _pruned(graph: OnnxGraph) -> OnnxGraph:
    """Without nodes and constants that lead to no output."""
    wanted = set(graph.outputs)
    nodes = []
    for node in reversed(graph.nodes):
        if wanted.intersection(filter(None, node.outputs)):
            wanted.update(node.inputs)
            nodes.append(node)
    constants = {name: value for name, value in graph.constants.items() if name in wanted}
    return graph.with_nodes(tuple(reversed(nodes)), constants)
