"""Sums of products that are rounded, added to and rectified in one pass over memory."""

from typing import Any

import torch
from torch import Tensor
from torch.fx import Graph, GraphModule, Node

from adequate.emulated_layer.product import EmulatedProduct
from adequate.formats.epilogue import Epilogue

RELU = (torch.ops.aten.relu.default, torch.ops.aten.relu_.default)
ADD = (torch.ops.aten.add.Tensor, torch.ops.aten.add_.Tensor)


def finished(product: EmulatedProduct, addend: Tensor | None, rectified: bool, *args: Any, **kwargs: Any) -> Tensor:
    """max(product(*args, **kwargs) + addend, 0); in evaluation the sums are rounded and all the rest in one pass.

    In training, and where somebody watches the product's calls, it is called as any module.
    """
    epilogue = Epilogue(addend, rectified)
    watched = product._forward_hooks or product._forward_pre_hooks
    summed = None if watched else product.summed(*args, **kwargs)
    if summed is None:
        return epilogue(product(*args, **kwargs))
    if addend is not None and (addend.shape, addend.dtype) != (summed.values.shape, summed.dtype):
        return epilogue(product.rounded(summed))
    return product.rounded(summed, epilogue)


def with_finished_products(graph: GraphModule) -> Graph:
    """A copy of the nodes in which every product is one with the addition and the ReLU that alone follow it."""
    copied = Graph()
    copied.output(copied.graph_copy(graph.graph, {}))
    copied.set_codegen(graph.graph._codegen)
    for node in list(copied.nodes):
        if node.op == "call_module" and isinstance(graph.get_submodule(str(node.target)), EmulatedProduct):
            _finish(copied, node)
    return copied


def _finish(graph: Graph, product: Node) -> None:
    chain, addend = [product], _addend(product)
    if addend is not None:
        chain += product.users
    user = _only_user(chain[-1])
    rectified = user is not None and user.target in RELU
    if user is not None and rectified:
        chain.append(user)
    if len(chain) == 1:
        return
    with graph.inserting_before(product if addend is None else chain[1]):
        module = graph.get_attr(str(product.target))
        made = graph.call_function(finished, (module, addend, rectified, *product.args), product.kwargs)
    made.meta = chain[-1].meta
    chain[-1].replace_all_uses_with(made)
    for node in reversed(chain):
        graph.erase_node(node)


def _addend(product: Node) -> Node | None:
    """What alone is added to the product, if nothing is written in place before that is done."""
    user = _only_user(product)
    if user is None or user.target not in ADD or user.kwargs:
        return None
    a, b = user.args
    if not isinstance(a, Node) or not isinstance(b, Node) or a is b or (user.target is ADD[1] and a is not product):
        return None
    between = product.next
    while between is not user:
        if getattr(getattr(between.target, "_schema", None), "is_mutable", False):
            return None
        between = between.next
    return b if a is product else a


def _only_user(node: Node) -> Node | None:
    return next(iter(node.users)) if len(node.users) == 1 else None
