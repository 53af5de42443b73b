"""What the constant operands and attributes of quantising nodes say."""

from torch import Tensor

from adequate.network.onnx.graph import OnnxGraph, OnnxNode


def constant(graph: OnnxGraph, node: OnnxNode, place: int) -> Tensor:
    """The constant operand at ``place``.

    Raises:
        ValueError: it is absent, or computed.
    """
    name = node.inputs[place] if place < len(node.inputs) else ""
    if name not in graph.constants:
        raise ValueError(f"its operand {place} ({name!r}) is no constant")
    return graph.constants[name]


def given(node: OnnxNode, place: int) -> bool:
    """Whether there is an operand at ``place``."""
    return place < len(node.inputs) and node.inputs[place] != ""


def element_type(graph: OnnxGraph, name: str) -> str:
    """The element type of a constant in the file, ``int4`` say."""
    return graph.narrow.get(name) or str(graph.constants[name].dtype).removeprefix("torch.")


def integer(node: OnnxNode, attribute: str, default: int) -> int:
    """An integer attribute.

    Raises:
        ValueError: it is something else.
    """
    value = node.attributes.get(attribute, default)
    if not isinstance(value, int):
        raise ValueError(f"its {attribute} is {value!r}, no integer")
    return value
