"""Copies of graphs, and the arguments of their calls."""

import copy
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import SymInt, Tensor, nn
from torch.fx import GraphModule, Node


def copy_graph(graph: GraphModule) -> GraphModule:
    """A deep copy that shares no parameter with ``graph``."""
    return _copied(graph, {})


def empty_graph(graph: GraphModule) -> GraphModule:
    """A copy of the nodes of ``graph`` whose parameters and buffers have no elements."""
    return _copied(graph, {id(tensor): _emptied(tensor) for tensor in (*graph.parameters(), *graph.buffers())})


def share_graph(graph: GraphModule) -> GraphModule:
    """A copy of the nodes of ``graph`` over the very same parameters and buffers."""
    return _copied(graph, {id(tensor): tensor for tensor in (*graph.parameters(), *graph.buffers())})


def _emptied(tensor: Tensor) -> Tensor:
    empty = tensor.detach().new_empty(0)
    return nn.Parameter(empty, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else empty


@contextmanager
def leaf_specs_unmentioned() -> Iterator[None]:
    """torch warns about its own use of ``LeafSpec`` while it copies; nobody here can do anything about it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)
        yield


def _copied(graph: GraphModule, memo: dict[int, Any]) -> GraphModule:
    with leaf_specs_unmentioned():
        copied = copy.deepcopy(graph, memo)
    keep_state(graph, copied, memo)
    return copied


def keep_state(source: GraphModule, target: GraphModule, copies: Mapping[int, Tensor] | None = None) -> None:
    """Gives a graph made from ``source`` the same state, in place: fx keeps what calls read, constants included.

    ``copies`` has the copy of each tensor by its identity, where they are not shared.
    """
    state: dict[str, Tensor] = source.state_dict(keep_vars=True)
    own = target.state_dict().keys()
    for name, tensor in state.items():
        if name not in own:
            _put(target, name, tensor if copies is None else copies[id(tensor)])
    make_constant(target, {name for name, _ in source.named_buffers()} - state.keys())


def _put(graph: GraphModule, name: str, tensor: Tensor) -> None:
    *path, leaf = name.split(".")
    owner: nn.Module = graph
    for part in path:
        if part not in owner._modules:
            owner.add_module(part, nn.Module())
        owner = owner.get_submodule(part)
    if isinstance(tensor, nn.Parameter):
        owner.register_parameter(leaf, tensor)
    else:
        owner.register_buffer(leaf, tensor)


def make_constant(graph: GraphModule, names: Collection[str]) -> None:
    """Buffers that are no state: ``state_dict`` has them not."""
    for name in names:
        path, _, leaf = name.rpartition(".")
        graph.get_submodule(path)._non_persistent_buffers_set.add(leaf)


def tensor_of(graph: GraphModule, name: str) -> Tensor:
    """A parameter, buffer or constant by the name that a ``get_attr`` node has for it, without its gradient."""
    path, _, leaf = name.rpartition(".")
    return getattr(graph.get_submodule(path), leaf).detach()


def shape_of(value: object) -> tuple[int | None, ...]:
    """Sizes of a tensor for one image: None is the batch itself, k a dimension that has k elements for each image."""
    return tuple(map(_per_image, value.shape)) if isinstance(value, Tensor) else ()


def _per_image(size: int | SymInt) -> int | None:
    if isinstance(size, int):
        return size
    factor, _ = size.node.expr.as_coeff_Mul()
    return int(factor) if factor.is_Integer and factor > 1 else None


def fixed_batch(graph: GraphModule) -> int | None:
    """The only size of batch a graph takes; None where it takes any."""
    inputs = (node.meta.get("val") for node in graph.graph.nodes if node.op == "placeholder")
    sizes = {shape[0] for shape in map(shape_of, inputs) if shape}
    return sizes.pop() if len(sizes) == 1 else None


def results_of(node: Node) -> list[Node]:
    """The nodes that hold what a call gives: itself, or one for each of several tensors that is read."""
    if isinstance(node.meta.get("val"), Tensor):
        return [node]
    return [user for user in node.users if function_of(user) == "getitem"]


def function_of(node: Node) -> str:
    """Name of the function a node calls, without its overload (``conv2d``)."""
    return getattr(node.target, "__name__", str(node.target)).partition(".")[0]


def arguments(node: Node) -> Mapping[str, Any]:
    """The call's arguments under the names of its schema, defaults included."""
    schema = getattr(node.target, "_schema", None)
    if schema is None:
        return {f"argument_{i}": value for i, value in enumerate(node.args)} | dict(node.kwargs)
    given = {a.name: value for a, value in zip(schema.arguments, node.args, strict=False)}
    defaults = {a.name: a.default_value for a in schema.arguments if a.has_default_value()}
    return defaults | given | dict(node.kwargs)


def set_argument(node: Node, name: str, value: Any) -> None:
    """Writes the argument that the call's schema names so."""
    target: Any = node.target
    position = [argument.name for argument in target._schema.arguments].index(name)
    if position < len(node.args):
        node.update_arg(position, value)
    else:
        node.update_kwarg(name, value)
