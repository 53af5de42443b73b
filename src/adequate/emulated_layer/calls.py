"""The nodes of a layer's calls, and what they read."""

from collections.abc import Mapping, Sequence

from torch import Tensor
from torch.fx import Node

from adequate.network import Layer
from adequate.network.operands import operand_nodes


def calls_of(layer: Layer, nodes: Mapping[str, Node]) -> list[list[Node]]:
    """The nodes of each call, in order; ``nodes`` has those of the graph by their names."""
    members = [nodes[name] for name in layer.nodes]
    size = len(members) // layer.calls
    return [members[start : start + size] for start in range(0, len(members), size)]


def outside(call: Sequence[Node]) -> list[Node]:
    """The nodes with real numbers that a call reads, parameters not counted."""
    return list(dict.fromkeys(s for n in call for s in operand_nodes(n) if s not in call and carries_data(s)))


def carries_data(node: Node) -> bool:
    """Whether a node gives real numbers that formats apply to."""
    value = node.meta.get("val")
    return node.op != "get_attr" and isinstance(value, Tensor) and value.is_floating_point()
