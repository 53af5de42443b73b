"""From a module to its network: one graph by ``torch.export``, one layer per call."""

import copy
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram, export
from torch.fx import GraphModule, Node

from adequate.network.graph import copy_graph
from adequate.network.layer import Layer, Shape, attributes
from adequate.network.network import Network

OPERATIONS = {
    "cat": "concat",
    "_softmax": "softmax",
    "cudnn_batch_norm": "batch_norm",
    "native_batch_norm": "batch_norm",
    "bmm": "matmul",
    "mm": "matmul",
    "relu_": "relu",
    "add_": "add",
    "mul_": "mul",
}
"""Names of the graph's functions that differ from the field's."""

COMPOSITES = {"LocalResponseNorm": "lrn", "WithinChannelLRN": "lrn"}
"""Modules whose several calls are one layer."""

BOOKKEEPING = frozenset({"getitem", "_assert_tensor_metadata", "_guards_fn", "alias", "detach_"})
"""Calls that move no numbers."""


def trace(model: nn.Module | ExportedProgram, example: Tensor | Sequence[Tensor]) -> Network:
    """The network of a model, by one symbolic run on ``example`` (a batch, or one batch per input).

    The model is copied, put into evaluation and never touched. The batch stays free where the model allows it.

    Raises:
        ValueError: ``torch.export`` cannot follow the model (control flow that depends on data, say).
    """
    inputs = (example,) if isinstance(example, Tensor) else tuple(example)
    program = model if isinstance(model, ExportedProgram) else _export(copy.deepcopy(model).eval(), inputs)
    graph = copy_graph(program.module())
    _tidy(graph)
    return network_of(graph)


def network_of(graph: GraphModule, rewrites: tuple[str, ...] = ()) -> Network:
    """The network over a graph as ``trace`` makes it; rewrites call it again on the graph they changed."""
    names: dict[Node, str] = {n: str(n.target) for n in graph.graph.nodes if n.op == "placeholder"}
    taken: set[str] = set()
    layers = []
    for nodes, base, operation in _calls(graph):
        name = base
        for count in range(2, len(taken) + 3):
            if name not in taken:
                break
            name = f"{base}#{count}"
        taken.add(name)
        layers.append(_layer(graph, name, operation, nodes, names))
        names.update(dict.fromkeys(nodes, name))
    return Network(tuple(layers), graph, rewrites)


def _export(model: nn.Module, inputs: tuple[Tensor, ...]) -> ExportedProgram:
    """A batch of one would be taken for a constant, so it is doubled."""
    doubled = tuple(torch.cat([x, x]) if x.dim() and len(x) == 1 else x for x in inputs)
    free = tuple({0: Dim.AUTO} if x.dim() else None for x in doubled)
    try:
        return export(model, doubled, dynamic_shapes=(free,) if _variadic(model) else free)
    except (RuntimeError, ValueError, TypeError, AttributeError, NotImplementedError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ValueError(f"cannot trace {type(model).__name__}: {reason}") from error


def _variadic(model: nn.Module) -> bool:
    """Whether forward takes ``*inputs``, which torch.export wants described as one argument."""
    code = getattr(type(model).forward, "__code__", None)
    return code is not None and bool(code.co_flags & 0x04) and code.co_argcount == 1


def _tidy(graph: GraphModule) -> None:
    for node in list(graph.graph.nodes):
        if node.op == "call_module" and node.target == "_guards_fn":
            graph.graph.erase_node(node)
    graph.graph.eliminate_dead_code()
    for node in list(graph.graph.nodes):
        if node.op == "get_attr" and not node.users:
            graph.graph.erase_node(node)
    graph.delete_submodule("_guards_fn")
    graph.recompile()


def _calls(graph: GraphModule) -> Iterable[tuple[tuple[Node, ...], str, str]]:
    """Nodes of each layer with its base name and operation, in execution order."""
    nodes = [n for n in graph.graph.nodes if n.op == "call_function" and not (_is_bookkeeping(n) or _is_size(n))]
    for (_, path, kind), group in groupby(nodes, key=_module):
        members = tuple(group)
        short = kind.rpartition(".")[2]
        if short in COMPOSITES:
            yield members, path, COMPOSITES[short]
        elif len(members) == 1 and kind.startswith("torch.nn.modules."):
            operation = _operation(members[0])
            yield members, path or operation, operation
        else:
            for node in members:
                operation = _operation(node)
                yield (node,), f"{path}.{operation}" if path else operation, operation


def _is_bookkeeping(node: Node) -> bool:
    return node.op == "call_function" and _function(node) in BOOKKEEPING


def _is_size(node: Node) -> bool:
    """Whether a node computes with sizes (``x.shape[0] // 2``), not with tensors."""
    return isinstance(node.meta.get("val"), int | float | torch.SymInt | torch.SymFloat | torch.SymBool)


def _origin(node: Node) -> Node:
    """The node that computed what is read here: a part of its result is not another one."""
    while _is_bookkeeping(node):
        node = node.all_input_nodes[0]
    return node


def _module(node: Node) -> tuple[str, str, str]:
    """The innermost module call a node belongs to: its instance key, path and class."""
    stack = node.meta.get("nn_module_stack") or {"": ("", "")}
    key, (path, kind) = list(stack.items())[-1]
    return key, path, kind if isinstance(kind, str) else f"{kind.__module__}.{kind.__qualname__}"


def _function(node: Node) -> str:
    name = getattr(node.target, "__name__", str(node.target))
    return name.partition(".")[0]


def _operation(node: Node) -> str:
    name = _function(node)
    return OPERATIONS.get(name, name)


def _layer(graph: GraphModule, name: str, operation: str, nodes: tuple[Node, ...], names: dict[Node, str]) -> Layer:
    *before, last = nodes
    arguments = {} if before else _arguments(last)
    parameters = {key: node for key, node in arguments.items() if isinstance(node, Node) and node.op == "get_attr"}
    weight, bias = parameters.get("weight"), parameters.get("bias")
    sources = [source for source in _sources(nodes) if _origin(source) in names]
    if before:
        sources = list(dict.fromkeys(sources))
    held = {node.target for n in nodes for node in n.all_input_nodes if node.op == "get_attr"}
    trained = dict(graph.named_parameters())
    return Layer(
        name=name,
        operation=operation,
        inputs=tuple(names[_origin(source)] for source in sources),
        input_shapes=tuple(map(_shape, sources)),
        output_shape=_shape(last),
        weight=str(weight.target) if weight is not None else None,
        weight_shape=tuple(weight.meta["val"].shape) if weight is not None else None,
        bias=str(bias.target) if bias is not None else None,
        attributes=attributes(
            {k: v for k, v in arguments.items() if isinstance(v, int | float | str | bool) or _plain(v)}
        ),
        parameters=sum(trained[str(p)].numel() for p in held if str(p) in trained),
        nodes=tuple(node.name for node in nodes),
    )


def _sources(nodes: tuple[Node, ...]) -> list[Node]:
    """Tensors a layer reads from outside itself that are not parameters."""
    inside = set(nodes)
    return [
        source
        for node in nodes
        for source in _operand_nodes(node)
        if source not in inside and source.op != "get_attr" and isinstance(source.meta.get("val"), Tensor)
    ]


def _operand_nodes(node: Node) -> list[Node]:
    """Tensor operands in order, a repeated one as often as it occurs (``x + x``)."""
    found: list[Node] = []
    for value in (*node.args, *node.kwargs.values()):
        found += [v for v in (value if isinstance(value, list | tuple) else (value,)) if isinstance(v, Node)]
    return found


def _arguments(node: Node) -> Mapping[str, object]:
    """The call's arguments under the names of its schema, defaults included."""
    schema = getattr(node.target, "_schema", None)
    if schema is None:
        return dict(_positions(node.args)) | dict(node.kwargs)
    given = {a.name: value for a, value in zip(schema.arguments, node.args, strict=False)}
    defaults = {a.name: a.default_value for a in schema.arguments if a.has_default_value()}
    return defaults | given | dict(node.kwargs)


def _positions(values: Sequence[object]) -> Iterable[tuple[str, object]]:
    return ((f"argument_{i}", value) for i, value in enumerate(values))


def _plain(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(v, int | float) for v in value)


def _shape(node: Node) -> Shape:
    value = node.meta.get("val")
    if not isinstance(value, Tensor):
        return ()
    return tuple(size if isinstance(size, int) else None for size in value.shape)
