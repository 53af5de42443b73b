"""Every node of a graph matched with its operator, or all that cannot be named at once."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from adequate.network.onnx.graph import OnnxGraph, OnnxNode
from adequate.network.onnx.layer import OnnxLayer, OnnxLRN
from adequate.network.onnx.operator import bind
from adequate.network.onnx.operators import IGNORED, ON_SIZES, OPERATORS

LISTED = 20
"""The most nodes an error names; it counts the others."""


@dataclass(frozen=True)
class Bound:
    """A node whose attributes are checked."""

    node: OnnxNode
    attributes: Mapping[str, object]

    def layer(self, constants: Mapping[str, Tensor]) -> OnnxLayer:
        """The submodule that computes it."""
        name = self.node.operator
        kind = OnnxLRN if name == "LRN" else OnnxLayer
        return kind(self.node, OPERATORS[name], self.attributes, constants, ON_SIZES.get(name))


def bound_nodes(graph: OnnxGraph) -> list[Bound]:
    """All nodes with their checked attributes.

    Raises:
        ValueError: some node's operator is not supported, or not with these attributes, inputs or outputs; it lists
            them all.
    """
    found: list[Bound] = []
    wrong: list[str] = []
    wanted = {*graph.readers, *graph.outputs}
    for node in graph.nodes:
        try:
            found.append(_bound(node, wanted))
        except ValueError as error:
            wrong.append(str(error))
    if wrong:
        more = f" and {len(wrong) - LISTED} more" if len(wrong) > LISTED else ""
        raise ValueError(f"{len(wrong)} of {len(graph.nodes)} nodes: {'; '.join(wrong[:LISTED])}{more}")
    return found


def _bound(node: OnnxNode, wanted: set[str]) -> Bound:
    if node.domain or node.operator not in OPERATORS:
        raise ValueError(f"{node} is not supported")
    operator = OPERATORS[node.operator]
    attributes = bind(node, operator, IGNORED.get(node.operator, ()))
    extra = [value for value in node.outputs[operator.outputs :] if value in wanted] if operator.outputs else []
    if extra:
        raise ValueError(f"{node} has outputs {', '.join(map(repr, extra))} that are not supported")
    return Bound(node, attributes)
