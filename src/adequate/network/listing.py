"""From a graph to its layers: one for every call that computes something."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

import torch
from torch import Tensor
from torch.fx import GraphModule, Node

from adequate.network.graph import arguments, function_of, shape_of
from adequate.network.layer import MULTIPLYING, Layer, attributes
from adequate.network.network import Network
from adequate.network.normalization import response_attributes
from adequate.network.operands import operand_nodes, slots_of, weight_first

OPERATIONS = {
    "cat": "concat",
    "_softmax": "softmax",
    "_safe_softmax": "softmax",
    "masked_softmax": "softmax",
    "cudnn_batch_norm": "batch_norm",
    "native_batch_norm": "batch_norm",
    "bmm": "matmul",
    "mm": "matmul",
    "mv": "matmul",
    "dot": "matmul",
    "ger": "outer",
    "linalg_vecdot": "vecdot",
    "relu_": "relu",
    "add_": "add",
    "mul_": "mul",
    "sub_": "sub",
    "div_": "div",
    "hardtanh_": "hardtanh",
    "sigmoid_": "sigmoid",
    "hardsigmoid_": "hardsigmoid",
    "tanh_": "tanh",
    "hardswish_": "hardswish",
    "silu_": "silu",
    "mish_": "mish",
    "elu_": "elu",
    "celu_": "celu",
    "selu_": "selu",
    "leaky_relu_": "leaky_relu",
    "rrelu_": "rrelu",
    "threshold_": "threshold",
}
"""Names of the graph's functions that differ from the field's."""

OWNERS = ("torch.nn.modules.", "adequate.network.")
"""Packages of modules whose single call bears the module's name: torch's own, and those for a file's nodes."""

COMPOSITES = {"LocalResponseNorm": "lrn", "OnnxLRN": "lrn", "WithinChannelLRN": "lrn"}
"""Modules whose several calls are one layer."""

ASSERTIONS = frozenset({"_assert_scalar", "_assert_async", "_assert_tensor_metadata", "sym_constrain_range_for_size"})

BOOKKEEPING = ASSERTIONS | {"getitem", "alias", "detach", "detach_", "of_batch"}
"""Calls that move no numbers."""

CONSTANTS = frozenset(
    {"zeros", "ones", "full", "empty", "eye", "arange", "linspace", "scalar_tensor", "lift_fresh_copy"}
    | {f"new_{one}" for one in ("zeros", "ones", "full", "empty")}
    | {f"{one}_like" for one in ("zeros", "ones", "full", "empty")}
)
"""Calls that make a constant: they read at most the shape of a tensor."""


@dataclass(frozen=True, slots=True)
class _Call:
    """A layer to be: its name, what it computes, and the nodes of each of its calls."""

    name: str
    operation: str
    nodes: tuple[Node, ...]
    calls: int = 1


def network_of(graph: GraphModule, rewrites: tuple[str, ...] = ()) -> Network:
    """The network over a graph as ``trace`` makes it; rewrites call it again on the graph they changed."""
    network = Network((), graph, rewrites)
    nodes = network.expanded.graph.nodes
    names = {node: str(node.target) for node in nodes if node.op == "placeholder"}
    constants = _constants(network.expanded)
    names.update({node: node.name for node in constants if not _is_wire(node)})
    calls = list(_named(_units(network.expanded, constants)))
    for call in calls:
        names.update(dict.fromkeys(call.nodes, call.name))
    trained = {name: parameter.numel() for name, parameter in graph.named_parameters()}
    listed = replace(network, layers=tuple(_layer(call, names, trained) for call in calls))
    vars(listed)["expanded"] = network.expanded  # a cached property: nothing it depends on has changed
    return listed


def _units(graph: GraphModule, constants: Collection[Node]) -> Iterator[tuple[tuple[Node, ...], str, str]]:
    """Nodes of each call of the compact graph with its base name and operation, in execution order."""
    nodes = [node for node in graph.graph.nodes if _computes(node) and node not in constants]
    for (_, path, kind), group in groupby(nodes, key=_module):
        members = [tuple(unit) for _, unit in groupby(group, key=_whole)]
        short = kind.rpartition(".")[2]
        if short in COMPOSITES:
            yield tuple(node for unit in members for node in unit), path or COMPOSITES[short], COMPOSITES[short]
            continue
        alone = len(members) == 1 and kind.startswith(OWNERS)
        for unit in members:
            part = unit[0].meta.get("part")
            operation = _operation(unit[0]) if part is None else part.function
            base = path if alone else f"{path}.{operation}" if path else operation
            yield unit, base or operation, operation


def _named(units: Iterator[tuple[tuple[Node, ...], str, str]]) -> Iterator[_Call]:
    """The layers of each call under names of their own: ``base``, ``base#2``, and the parts behind a dot."""
    taken: set[str] = set()
    for nodes, base, operation in units:
        name = next(one for one in _numbered(base) if one not in taken)
        taken.add(name)
        if "part" not in nodes[0].meta:
            yield _Call(name, operation, nodes)
            continue
        parts: dict[str, list[Node]] = {}
        for node in nodes:
            parts.setdefault(node.meta["part"].name, []).append(node)
        for part, members in parts.items():
            yield _Call(f"{name}.{part}", _operation(members[0]), tuple(members), len(members))


def _numbered(base: str) -> Iterator[str]:
    yield base
    count = 2
    while True:
        yield f"{base}#{count}"
        count += 1


def _computes(node: Node) -> bool:
    """Whether a node computes with tensors."""
    return node.op == "call_function" and not (_is_wire(node) or _is_size(node))


def _is_wire(node: Node) -> bool:
    """Whether a node passes on what others computed."""
    part = node.meta.get("part")
    return (part is not None and part.name is None) or (node.op == "call_function" and function_of(node) in BOOKKEEPING)


def _constants(graph: GraphModule) -> set[Node]:
    """Nodes whose numbers are the same for every input, but those that parts of a call need for themselves.

    Where a constant is written into, only those that make one are told apart: the rest may read what was written.
    """
    made = {node for node in graph.graph.nodes if node.op == "call_function" and function_of(node) in CONSTANTS}
    found = set(made)
    for node in graph.graph.nodes:
        operands = [one for one in operand_nodes(node) if not _is_size(one)]
        if node.op != "call_function" or not operands or not found.issuperset(operands):
            if function_of(node).endswith("_") and not _is_wire(node) and not found.isdisjoint(operands):
                return made
            continue
        found.add(node)
    return found


def _is_size(node: Node) -> bool:
    """Whether a node computes with sizes (``x.shape[0] // 2``), not with tensors."""
    return isinstance(node.meta.get("val"), int | float | torch.SymInt | torch.SymFloat | torch.SymBool)


def _origins(node: Node, names: Mapping[Node, str]) -> tuple[str, ...]:
    """What computed the numbers that are read here: a part of a result is not another one."""
    if node in names:
        return (names[node],)
    if not _is_wire(node):
        return ()
    return tuple(dict.fromkeys(name for source in operand_nodes(node) for name in _origins(source, names)))


def _module(node: Node) -> tuple[str, str, str]:
    """The innermost module call a node belongs to: its instance key, path and class."""
    stack = node.meta.get("nn_module_stack") or {"": ("", "")}
    key, (path, kind) = list(stack.items())[-1]
    return key, path, kind if isinstance(kind, str) else f"{kind.__module__}.{kind.__qualname__}"


def _whole(node: Node) -> str:
    """The node of the compact graph this one is, or is a part of."""
    part = node.meta.get("part")
    return node.name if part is None else part.node


def _operation(node: Node) -> str:
    """An einsum of other than two operands says how many it has: it is no product of two."""
    name = function_of(node)
    if name == "einsum" and len(operand_nodes(node)) != 2:
        return f"einsum{len(operand_nodes(node))}"
    return OPERATIONS.get(name, name)


def _layer(call: _Call, names: Mapping[Node, str], trained: Mapping[str, int]) -> Layer:
    last = call.nodes[-1]
    composite = len(call.nodes) > call.calls
    given = response_attributes(call.nodes) if composite else dict(arguments(last))
    parameters = {key: node for key, node in given.items() if isinstance(node, Node) and node.op == "get_attr"}
    weight, bias = parameters.get("weight"), parameters.get("bias")
    sources = _sources(call.nodes, names)
    shaped = list(dict.fromkeys(sources)) if composite else _sources((last,), names)
    if call.operation in MULTIPLYING:
        first, second = slots_of(last, call.operation)
        weight = second if second.op == "get_attr" else None
        given |= {"weight_first": True} if weight_first(last, call.operation) else {}
        shaped = [first, *shaped] if first.op == "get_attr" else shaped
    read = [name for source in sources for name in _origins(source, names)]
    held = {str(node.target) for n in call.nodes for node in n.all_input_nodes if node.op == "get_attr"}
    return Layer(
        name=call.name,
        operation=call.operation,
        inputs=tuple(dict.fromkeys(read) if len(call.nodes) > 1 else read),
        input_shapes=tuple(shape_of(one.meta.get("val")) for one in shaped),
        output_shape=shape_of(last.meta.get("val")),
        weight=str(weight.target) if weight is not None else None,
        weight_shape=tuple(weight.meta["val"].shape) if weight is not None else None,
        bias=str(bias.target) if bias is not None else None,
        attributes=attributes({k: v for k, v in given.items() if isinstance(v, int | float | str | bool) or _plain(v)}),
        parameters=sum(trained.get(name, 0) for name in held),
        nodes=tuple(node.name for node in call.nodes),
        calls=call.calls,
    )


def _sources(nodes: tuple[Node, ...], names: Mapping[Node, str]) -> list[Node]:
    """Tensors a layer reads from outside itself that are not parameters."""
    inside = set(nodes)
    return [
        source
        for node in nodes
        for source in operand_nodes(node)
        if source not in inside
        and source.op != "get_attr"
        and isinstance(source.meta.get("val"), Tensor)
        and _origins(source, names)
    ]


def _plain(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(v, int | float) for v in value)
