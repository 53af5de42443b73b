"""Calls that are several layers, taken apart into them: attention, recurrent networks, fused products."""

from collections.abc import Callable, Collection

import torch
from torch.fx import GraphModule, Node

from adequate.network.parts.assembly import Assembly, Part
from adequate.network.parts.attention import attention
from adequate.network.parts.fused import addbmm, addmm
from adequate.network.parts.recurrent import (
    gru_step,
    lstm_step,
    obstacle,
    relu_step,
    sequence,
    single,
    tanh_step,
)

__all__ = ["Part", "cannot_be_taken_apart", "has_parts", "take_apart"]

aten = torch.ops.aten

SEQUENCES = {
    aten.lstm.input: sequence(lstm_step),
    aten.gru.input: sequence(gru_step),
    aten.rnn_tanh.input: sequence(tanh_step),
    aten.rnn_relu.input: sequence(relu_step),
}

FAMILIES: dict[object, Callable[[Assembly], Node | tuple[Node, ...]]] = {
    aten.scaled_dot_product_attention.default: attention,
    **SEQUENCES,
    aten.lstm_cell.default: single(lstm_step),
    aten.gru_cell.default: single(gru_step),
    aten.rnn_tanh_cell.default: single(tanh_step),
    aten.rnn_relu_cell.default: single(relu_step),
    aten.addmm.default: addmm,
    aten.baddbmm.default: addmm,
    aten.addmv.default: addmm,
    aten.addbmm.default: addbmm,
}
"""What writes the parts of each function, and gives its results."""


def has_parts(node: Node) -> bool:
    """Whether a node is one call of several layers."""
    return node.op == "call_function" and node.target in FAMILIES


def cannot_be_taken_apart(graph: GraphModule, node: Node) -> str | None:
    """Why a node that has parts cannot be taken apart; None if it can."""
    return obstacle(Assembly(graph.graph, node)) if node.target in SEQUENCES else None


def take_apart(graph: GraphModule, nodes: Collection[str] | None = None) -> None:
    """Replaces calls by their parts, in place: those named, or all that can be.

    Raises:
        ValueError: a call that was named cannot be taken apart.
    """
    for node in list(graph.graph.nodes):
        if not has_parts(node) or (nodes is not None and node.name not in nodes):
            continue
        reason = cannot_be_taken_apart(graph, node)
        if reason is None:
            _replace(graph, node)
        elif nodes is not None:
            raise ValueError(f"{node.name!r} ({node.target}) cannot be taken apart: {reason}")
    graph.graph.lint()
    graph.recompile()


def _replace(graph: GraphModule, node: Node) -> None:
    with graph.graph.inserting_before(node):
        results = FAMILIES[node.target](Assembly(graph.graph, node))
    if isinstance(results, Node):
        node.replace_all_uses_with(results)
    else:
        for item in list(node.users):
            item.replace_all_uses_with(results[item.args[1]])  # type: ignore[index]
            graph.graph.erase_node(item)
        for result in results:
            if not result.users and result.meta["part"].name is None:
                graph.graph.erase_node(result)
    graph.graph.erase_node(node)
