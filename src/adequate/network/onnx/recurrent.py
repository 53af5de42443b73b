"""LSTM, GRU and RNN nodes over weights in torch's order."""

from dataclasses import dataclass, replace

import torch

from adequate.network.onnx.derived import Derived
from adequate.network.onnx.graph import Attribute, OnnxGraph, OnnxNode


@dataclass(frozen=True)
class _Family:
    """Which of ONNX's gates stand where torch's do, the functions of one direction, and how many states there are."""

    gates: tuple[int, ...]
    functions: tuple[str, ...]
    states: int


FAMILIES = {
    "LSTM": _Family((0, 2, 3, 1), ("sigmoid", "tanh", "tanh"), 2),
    "GRU": _Family((1, 0, 2), ("sigmoid", "tanh"), 1),
    "RNN": _Family((0,), ("tanh",), 1),
}
"""ONNX stacks the gates as i, o, f, c and as z, r, h; torch as i, f, c, o and as r, z, h."""


def torch_recurrent(graph: OnnxGraph) -> OnnxGraph:
    """The graph with ``Recurrent`` nodes for ``LSTM``, ``GRU`` and ``RNN``, their weights split as torch has them.

    Raises:
        ValueError: some node's weights are not constants, or it does what torch's layer does not.
    """
    derived = Derived(graph)
    return derived.graph(
        tuple(
            _converted(node, derived) if node.operator in FAMILIES and not node.domain else node for node in graph.nodes
        )
    )


def _converted(node: OnnxNode, derived: Derived) -> OnnxNode:
    family = FAMILIES[node.operator]
    x, w, r, b, lengths, *states = (*node.inputs, *[""] * 8)[: 5 + family.states]
    direction = node.attributes.get("direction", "forward")
    directions = 2 if direction == "bidirectional" else 1
    function = _check(node, family, directions)
    if lengths or (len(node.inputs) > 7 and node.inputs[7]):
        raise ValueError(f"{node} has sequence lengths or peepholes, which are not supported")
    parts: list[str] = []
    for d in range(directions):
        for key, rows in ((w, "input"), (r, "hidden")):
            parts.append(_part(node, family, key, d, slice(None), rows, derived))
        for half in range(2):
            parts.append(_bias(node, family, b, d, half, derived) if b else "")
    parts += [""] * (8 - len(parts))
    kind = f"RNN_{function.upper()}" if node.operator == "RNN" else node.operator
    layout = node.attributes.get("layout", 0)
    attributes: dict[str, Attribute] = {"kind": kind, "direction": direction, "layout": layout}
    return replace(node, operator="Recurrent", inputs=(x, *parts, *states), attributes=attributes)


def _check(node: OnnxNode, family: _Family, directions: int) -> str:
    """The (first) activation function, if the node does what torch's layer does."""
    named = node.attributes.get("activations") or family.functions * directions
    functions = [f.lower() for f in named if isinstance(f, str)] if isinstance(named, tuple) else []
    relu = node.operator == "RNN" and functions == ["relu"] * directions
    if functions != [*family.functions * directions] and not relu:
        raise ValueError(f"{node} has activations {functions}; {family.functions} are supported")
    if node.operator == "GRU" and not node.attributes.get("linear_before_reset"):
        raise ValueError(f"{node} has linear_before_reset = 0; only 1, torch's, is supported")
    for name in ("clip", "input_forget"):
        if node.attributes.get(name):
            raise ValueError(f"{node} has {name} = {node.attributes[name]!r}, which is not supported")
    return functions[0]


def _part(
    node: OnnxNode,
    family: _Family,
    key: str,
    direction: int,
    columns: slice,
    what: str,
    derived: Derived,
) -> str:
    """The name of one direction's rows of a constant, its gates in torch's order."""
    stacked = derived.constants.get(key)
    if stacked is None or stacked.dim() not in (2, 3) or direction >= len(stacked):
        raise ValueError(f"{node} has weights that are not constants of its directions, gates and sizes")
    rows = stacked[direction][columns]
    if len(rows) == 0 or len(rows) % len(family.gates):
        raise ValueError(f"{node} has weights of {len(rows)} rows for {len(family.gates)} gates")
    gates = rows.chunk(len(family.gates))
    name = f"{node.name}/{what} {direction}"
    return derived.make(node, key, name, rows, lambda: torch.cat([gates[gate] for gate in family.gates]))


def _bias(node: OnnxNode, family: _Family, key: str, direction: int, half: int, derived: Derived) -> str:
    stacked = derived.constants.get(key)
    count = stacked.shape[-1] // 2 if stacked is not None and stacked.dim() else 0
    columns = slice(half * count, (half + 1) * count)
    return _part(node, family, key, direction, columns, f"bias {half}", derived)
