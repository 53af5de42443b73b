"""Sums of products that are rounded, added to and rectified in one pass over memory."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.fx import Graph, GraphModule, Node
from torch.nn.modules.module import _has_any_global_hook

from adequate.emulated_layer.product import EmulatedProduct, Summed
from adequate.formats.epilogue import Epilogue

RELU = (torch.ops.aten.relu.default, torch.ops.aten.relu_.default)
ADD = (torch.ops.aten.add.Tensor, torch.ops.aten.add_.Tensor)


def with_epilogue(
    product: nn.Module, addend: Tensor | float | None, rectified: bool, *args: Any, **kwargs: Any
) -> Tensor:
    """max(product(*args, **kwargs) + addend, 0), the addend a tensor, a number or None.

    In evaluation the sums are rounded and all the rest done in one pass. In training, and where somebody watches the
    product's calls or has put another module in its place, it is called as any module.
    """
    epilogue = Epilogue(addend, rectified)
    if not isinstance(product, EmulatedProduct) or _watched(product):
        return epilogue(product(*args, **kwargs))
    summed = product.summed(*args, **kwargs)
    if summed is None:
        return epilogue(product(*args, **kwargs))
    if addend is None or _alike(addend, summed):
        return product.rounded(summed, epilogue)
    return epilogue(product.rounded(summed))


def with_epilogues(graph: GraphModule) -> Graph:
    """A copy of the nodes in which every product is one with the addition and the ReLU that alone follow it."""
    copied = Graph()
    copied.output(copied.graph_copy(graph.graph, {}))
    copied.set_codegen(graph.graph._codegen)
    for node in list(copied.nodes):
        if node.op == "call_module" and isinstance(graph.get_submodule(str(node.target)), EmulatedProduct):
            _join(copied, node)
    return copied


def _watched(product: nn.Module) -> bool:
    return bool(product._forward_hooks or product._forward_pre_hooks or _has_any_global_hook())


def _alike(addend: object, summed: Summed) -> bool:
    return isinstance(addend, Tensor) and (addend.shape, addend.dtype) == (summed.values.shape, summed.dtype)


def _join(graph: Graph, product: Node) -> None:
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
        made = graph.call_function(with_epilogue, (module, addend, rectified, *product.args), product.kwargs)
    made.meta = chain[-1].meta
    chain[-1].replace_all_uses_with(made)
    for node in reversed(chain):
        graph.erase_node(node)


def _addend(product: Node) -> Node | None:
    """What alone is added to the product, if it makes no difference that the product waits for the addition."""
    user = _only_user(product)
    if user is None or user.target not in ADD or user.kwargs:
        return None
    a, b = user.args
    if not isinstance(a, Node) or not isinstance(b, Node) or a is b or (user.target is ADD[1] and a is not product):
        return None
    between = product.next
    while between is not user:
        if not _is_pure(between):
            return None
        between = between.next
    return b if a is product else a


def _is_pure(node: Node) -> bool:
    """Whether a node neither writes to memory nor draws random numbers, as far as it says so."""
    schema = getattr(node.target, "_schema", None)
    return node.op == "get_attr" or (schema is not None and not schema.is_mutable and not _draws(node))


def _draws(node: Node) -> bool:
    return torch.Tag.nondeterministic_seeded in getattr(node.target, "tags", ())


def _only_user(node: Node) -> Node | None:
    return next(iter(node.users)) if len(node.users) == 1 else None
