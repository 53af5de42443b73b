"""Functions defined in an ONNX file put in the place of their calls."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import onnx
from onnx import AttributeProto, ModelProto, NodeProto, inliner

MOST_NODES = 50_000
"""Nodes a file may have once its functions are inlined: nested calls multiply (assumed)."""

MOST_BYTES = 2**26
"""Bytes of those nodes beyond sixteen times the file's: each call copies the constants within (assumed)."""

DEEPEST = 100
"""Calls within one another."""

Name = tuple[str, str]


@dataclass(frozen=True)
class _Extent:
    nodes: int = 0
    bytes: int = 0

    def __add__(self, other: "_Extent") -> "_Extent":
        return _Extent(self.nodes + other.nodes, self.bytes + other.bytes)


def inlined(model: ModelProto) -> ModelProto:
    """The model without functions.

    Raises:
        ValueError: a function calls itself or holds control flow, or the whole would be too large.
    """
    if not model.functions:
        return model
    bodies = {(f.domain, f.name): f.node for f in model.functions}
    whole = _extent(model.graph.node, bodies, {}, ())
    if whole.nodes > MOST_NODES or whole.bytes > MOST_BYTES + 16 * model.ByteSize():
        raise ValueError(f"its functions would be inlined to more than {MOST_NODES} nodes, or too large ones")
    try:
        return inliner.inline_local_functions(model)
    except (RuntimeError, onnx.checker.ValidationError) as error:
        raise ValueError(f"its functions cannot be inlined: {error}") from error


def _extent(
    nodes: Iterable[NodeProto],
    bodies: Mapping[Name, Iterable[NodeProto]],
    known: dict[Name, _Extent],
    within: tuple[Name, ...],
) -> _Extent:
    """That of nodes, those of the functions they call instead of the calls; ``known`` are those of functions."""
    total = _Extent()
    for node in nodes:
        name = (node.domain, node.op_type)
        if any(a.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS) for a in node.attribute):
            raise ValueError(f"{node.op_type!r} {node.name!r} holds a graph: control flow is not supported")
        if name not in bodies:
            total += _Extent(1, node.ByteSize())
            continue
        if name in within or len(within) > DEEPEST:
            raise ValueError(f"function {node.op_type!r} calls itself, or functions are nested too deeply")
        if name not in known:
            known[name] = _extent(bodies[name], bodies, known, (*within, name))
        total += known[name] + _Extent(0, node.ByteSize())
    return total
