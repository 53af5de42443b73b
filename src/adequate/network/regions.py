"""What a graph may hold beside calls: regions that change a mode of torch, and control flow."""

from typing import Any, cast

import torch
from torch.fx import Graph, GraphModule, Node

from adequate.network.graph import function_of

GRAD_REGION = "wrap_with_set_grad_enabled"
AUTOCAST_REGION = "wrap_with_autocast"


def inline_regions(graph: GraphModule) -> None:
    """The calls inside ``torch.no_grad`` regions put into the graph itself, in place, their results detached.

    Raises:
        ValueError: a region under autocast, or control flow that depends on data.
    """
    for node in [one for one in graph.graph.nodes if _holds_graph(one)]:
        kind = function_of(node)
        if kind == AUTOCAST_REGION:
            raise ValueError("it has a torch.autocast region; trace it without, or cast its tensors explicitly")
        if kind != GRAD_REGION:
            raise ValueError(f"it has control flow that depends on data ({kind}), which no fixed hardware has")
        _inline(graph.graph, node)
    graph.delete_all_unused_submodules()
    graph.recompile()


def _holds_graph(node: Node) -> bool:
    return node.op == "call_function" and any(_body(one) is not None for one in node.all_input_nodes)


def _body(node: Node) -> GraphModule | None:
    """The graph that a node fetches, if it is one."""
    owner = node.graph.owning_module
    if node.op != "get_attr" or owner is None:
        return None
    path, _, name = str(node.target).rpartition(".")
    found = getattr(owner.get_submodule(path), name)
    return found if isinstance(found, GraphModule) else None


def _inline(graph: Graph, region: Node) -> None:
    enabled, fetched, *operands = cast(tuple[Any, ...], region.args)
    body = _body(fetched)
    assert body is not None
    inline_regions(body)
    inner = dict(zip(body.graph.find_nodes(op="placeholder"), operands, strict=True))
    with graph.inserting_before(region):
        results = cast(tuple[Node, ...], graph.graph_copy(body.graph, inner))
        for item in list(region.users):
            result = results[cast(int, item.args[1])]
            if not enabled:
                detached = graph.call_function(torch.ops.aten.detach.default, (result,))
                detached.meta = {key: result.meta[key] for key in ("val", "nn_module_stack") if key in result.meta}
                result = detached
            item.replace_all_uses_with(result)
            graph.erase_node(item)
    graph.erase_node(region)
    if not fetched.users:
        graph.erase_node(fetched)
