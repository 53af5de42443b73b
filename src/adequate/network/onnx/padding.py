"""Padding that a convolution or a maximum cannot do itself, as a node of its own."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from adequate.network.onnx.graph import Attribute, OnnxGraph, OnnxNode

FILLING = {"Conv": 0.0, "MaxPool": -torch.inf}
"""What is padded with, for the operators whose padding may be done before them."""


def separate_padding(graph: OnnxGraph) -> OnnxGraph:
    """The graph with a ``Pad`` or ``SamePad`` node ``<name>/pad`` where padding differs at the two ends.

    Torch's convolution and pooling pad alike at both ends. ``SAME_UPPER`` and ``SAME_LOWER`` are so for windows of odd
    extent moving by one; otherwise they depend on the size of the input.
    """
    taken = {node.name for node in graph.nodes} | set(graph.producers) | set(graph.constants)
    constants = dict(graph.constants)
    nodes: list[OnnxNode] = []
    for node in graph.nodes:
        nodes += _separated(node, constants, taken)
    return graph.with_nodes(tuple(nodes), constants)


def _separated(node: OnnxNode, constants: dict[str, Tensor], taken: set[str]) -> list[OnnxNode]:
    kernel = _kernel(node, constants)
    if node.operator not in FILLING or not kernel:
        return [node]
    count, auto = len(kernel), node.attributes.get("auto_pad", "NOTSET")
    strides, dilations = (_numbers(node.attributes, name, (1,) * count) for name in ("strides", "dilations"))
    if len(strides) != count or len(dilations) != count or node.attributes.get("ceil_mode"):
        return [node]
    own: dict[str, Attribute] = {k: v for k, v in node.attributes.items() if k not in ("auto_pad", "pads")}
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        extents = [(k - 1) * d for k, d in zip(kernel, dilations, strict=True)]
        if set(strides) == {1} and all(extent % 2 == 0 for extent in extents) and _fits(node, extents, kernel):
            return [replace(node, attributes=own | {"pads": 2 * tuple(extent // 2 for extent in extents)})]
        steps: dict[str, Attribute] = {"kernel": kernel, "strides": strides, "dilations": dilations}
        value = {"mode": str(auto), "fill": FILLING[node.operator]}
        return _both(node, "SamePad", (), steps | value, own, taken)
    pads = _numbers(node.attributes, "pads", (0,) * 2 * count)
    if auto != "NOTSET" or len(pads) != 2 * count or pads[:count] == pads[count:]:
        return [node]
    around = (0, 0, *pads[:count], 0, 0, *pads[count:])
    operands = []
    for what, value in (("pads", torch.tensor(around)), ("value", torch.tensor(FILLING[node.operator]))):
        key = _unused(f"{node.name}/{what}", taken)
        constants[key] = value
        operands.append(key)
    return _both(node, "Pad", tuple(operands), {}, own, taken)


def _both(
    node: OnnxNode,
    operator: str,
    operands: tuple[str, ...],
    attributes: Mapping[str, Attribute],
    own: Mapping[str, Attribute],
    taken: set[str],
) -> list[OnnxNode]:
    name = _unused(f"{node.name}/pad", taken)
    padding = OnnxNode(name, operator, "", (node.inputs[0], *operands), (name,), attributes)
    return [padding, replace(node, inputs=(name, *node.inputs[1:]), attributes=own)]


def _fits(node: OnnxNode, extents: list[int], kernel: tuple[int, ...]) -> bool:
    """Whether torch pads so much itself: a pooling at most half its window."""
    return node.operator == "Conv" or all(extent <= k for extent, k in zip(extents, kernel, strict=True))


def _kernel(node: OnnxNode, constants: Mapping[str, Tensor]) -> tuple[int, ...]:
    weight = constants.get(node.inputs[1]) if node.operator == "Conv" and len(node.inputs) > 1 else None
    return tuple(weight.shape[2:]) if weight is not None else _numbers(node.attributes, "kernel_shape", ())


def _numbers(attributes: Mapping[str, Attribute], name: str, default: tuple[int, ...]) -> tuple[int, ...]:
    value = attributes.get(name, default)
    return tuple(v for v in value if isinstance(v, int)) if isinstance(value, tuple) else default


def _unused(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    taken.add(name)
    return name
