"""Formats followed through a graph to the products that compute with them."""

from collections.abc import Mapping
from dataclasses import replace

from adequate.formats import Binary, Format, Scaled
from adequate.network.onnx.graph import OnnxGraph, OnnxNode
from adequate.network.onnx.quantized.slots import NodeFormats

PRODUCTS = frozenset({"Conv", "ConvTranspose", "Einsum", "Gemm", "MatMul"})
"""Operators whose operands 0 and 1 are multiplied and summed."""

RESHAPING = frozenset({"Flatten", "Relu", "Reshape", "Squeeze", "Transpose", "Unsqueeze"})
"""Operators that are one layer whose results are values of its first operand, or zero."""

MOVING = RESHAPING | {
    "DepthToSpace",
    "Dropout",
    "GlobalMaxPool",
    "Identity",
    "MaxPool",
    "Slice",
    "SpaceToDepth",
    "Split",
}
"""All operators whose results are values of their first operand, or zero."""


def arriving(
    graph: OnnxGraph,
    weights: Mapping[str, Format],
    outputs: Mapping[str, Format],
    operands: Mapping[tuple[str, int], Format],
) -> NodeFormats:
    """Formats followed through the nodes that move values, to the products."""
    known, found = dict(weights), dict(operands)
    for node in graph.nodes:
        if node.operator in PRODUCTS:
            for place, value in enumerate(node.inputs[:2]):
                format = _as_operand(graph, node, place, known[value]) if value in known else None
                if format is not None:
                    found.setdefault((node.name, place), format)
        elif node.operator in MOVING and node.inputs:
            before = found.get((node.name, 0), known.get(node.inputs[0]))
            after = None if before is None else moved(node, before)
            known |= {} if after is None else dict.fromkeys(node.outputs, after)
        if node.name in outputs:
            known[node.outputs[0]] = outputs[node.name]
    return NodeFormats(dict(outputs), found)


def moved(node: OnnxNode, format: Format) -> Format | None:
    """The format of what a moving node makes of values of ``format``; None where it is not one format any more."""
    if node.operator == "Relu" and not has_zero(format):
        return None
    if not isinstance(format, Scaled) or format.axis is None or node.operator in ("Dropout", "Identity", "MaxPool"):
        return format
    if node.operator != "Transpose":
        return None
    if "perm" not in node.attributes:  # dimensions reversed
        return replace(format, axis=-1 - format.axis)
    perm = node.attributes["perm"]
    order = permutation(node, len(perm) if isinstance(perm, tuple) else 0)
    return replace(format, axis=order.index(format.axis % len(order))) if order else None


def permutation(node: OnnxNode, dims: int) -> tuple[int, ...]:
    """The order in which a Transpose puts ``dims`` dimensions; none if it says nonsense."""
    given = node.attributes.get("perm", tuple(reversed(range(dims))))
    order = tuple(d for d in given if isinstance(d, int)) if isinstance(given, tuple) else ()
    return order if sorted(order) == list(range(dims)) else ()


def takes(graph: OnnxGraph, node: OnnxNode, place: int, format: Format) -> bool:
    """Whether an operand of a product can be computed with in ``format``, as it is."""
    return node.operator in PRODUCTS and place < 2 and _as_operand(graph, node, place, format) is not None


def _as_operand(graph: OnnxGraph, node: OnnxNode, place: int, format: Format) -> Format | None:
    """The format of operand ``place`` of a product, its axis that of the layer's weight; None if no sum can have it.

    A layer that is linear has its weight outputs by inputs, which MatMul and Gemm have the other way round.
    """
    if not _has(node, "transA", 0) or not _has(node, "alpha", 1.0):
        return None  # the layer's operands are others
    if _is_padded_before(node) and not has_zero(format):
        return None
    if not isinstance(format, Scaled) or format.axis is None:
        return format
    weight = graph.constants.get(node.inputs[place]) if place == 1 and node.operator != "Einsum" else None
    if weight is None:
        return format if format.dyadic else None
    axis = format.axis % weight.dim()
    if weight.dim() == 2 and node.operator in ("Gemm", "MatMul") and _has(node, "transB", 0):
        axis = 1 - axis
    outputs = {"ConvTranspose": 1, "MatMul": weight.dim() - 1 if weight.dim() > 2 else 0}.get(node.operator, 0)
    return replace(format, axis=axis) if format.dyadic or axis == outputs else None


def _is_padded_before(node: OnnxNode) -> bool:
    """Whether zeros may be put around the first operand of a convolution before it."""
    pads = node.attributes.get("pads", ())
    half = len(pads) // 2 if isinstance(pads, tuple) else 0
    alike = isinstance(pads, tuple) and pads[:half] == pads[half:]
    return not alike or node.attributes.get("auto_pad", "NOTSET") not in ("NOTSET", "VALID")


def _has(node: OnnxNode, attribute: str, default: float) -> bool:
    """Whether an attribute is absent or has its default."""
    value = node.attributes.get(attribute, default)
    return isinstance(value, int | float) and value == default


def has_zero(format: Format) -> bool:
    """Whether zero is a value of a format that files have."""
    return not isinstance(format.element if isinstance(format, Scaled) else format, Binary)
