"""Nodes of older opsets as the latest one writes them."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from adequate.network.onnx.graph import Attribute, OnnxGraph, OnnxNode

BECAME_INPUTS: Mapping[str, tuple[str | None, ...]] = {
    "ConstantOfShape": (None, "value"),
    "Clip": (None, "min", "max"),
    "Dropout": (None, "ratio"),
    "Pad": (None, "pads", "value"),
    "Slice": (None, "starts", "ends", "axes"),
    "Split": (None, "split"),
    "Squeeze": (None, "axes"),
    "TopK": (None, "k"),
    "Unsqueeze": (None, "axes"),
    "Upsample": (None, "scales"),
    **{
        f"Reduce{kind}": (None, "axes")
        for kind in ("L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "Sum", "SumSquare")
    },
}
"""Attributes that a later opset made inputs, at their positions (ONNX, Operators changelog).

The value of ``ConstantOfShape`` is still one; here it is wanted as a number.
"""

OLD_MEANING = {"Softmax": 13, "LogSoftmax": 13, "Hardmax": 13}
"""Operators whose meaning changed, and the opset that changed it: before it they are ``<name>-1`` here."""


def latest(graph: OnnxGraph) -> OnnxGraph:
    """The graph in the forms of the latest opset; ``Upsample`` and the first ``Resize`` are today's ``Resize``."""
    constants = dict(graph.constants)
    nodes = tuple(_latest(node, graph.opset, constants) for node in graph.nodes)
    return graph.with_nodes(nodes, constants)


def _latest(node: OnnxNode, opset: int, constants: dict[str, Tensor]) -> OnnxNode:
    if node.domain:
        return node
    node = _with_inputs(node, constants)
    if opset < OLD_MEANING.get(node.operator, 0):
        return replace(node, operator=f"{node.operator}-1")
    if node.operator == "Split" and len(node.inputs) == 1:
        wanted = node.attributes.get("num_outputs", len(node.outputs))
        if wanted != len(node.outputs):
            raise ValueError(f"{node} has num_outputs = {wanted!r} and {len(node.outputs)} outputs")
        return replace(node, attributes={**node.attributes, "num_outputs": len(node.outputs)})
    if node.operator == "Upsample" or (node.operator == "Resize" and opset < 11):
        steps = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        inputs = (node.inputs[0], "", *node.inputs[1:])
        return replace(node, operator="Resize", inputs=inputs, attributes={**node.attributes, **steps})
    return node


def _with_inputs(node: OnnxNode, constants: dict[str, Tensor]) -> OnnxNode:
    """The node with constants in the place of attributes that are inputs now."""
    attributes, inputs = dict(node.attributes), list(node.inputs)
    for position, name in enumerate(BECAME_INPUTS.get(node.operator, ())):
        if name is None or name not in attributes or len(inputs) > position:
            continue
        inputs += [""] * (position - len(inputs))
        value = _constant(attributes.pop(name))
        if value is None:
            raise ValueError(f"{node} has {name} = {node.attributes[name]!r}, not a number or a list of them")
        key = f"{node.outputs[0] if node.outputs else node.name}/{name}"
        while key in constants:
            key += "_"
        constants[key] = value
        inputs.append(key)
    return replace(node, inputs=tuple(inputs), attributes=attributes)


def _constant(value: Attribute) -> Tensor | None:
    if isinstance(value, Tensor):
        return value
    numbers = value if isinstance(value, tuple) else (value,)
    if any(isinstance(v, str) for v in numbers):
        return None
    kind = torch.float32 if any(isinstance(v, float) for v in numbers) else torch.int64
    return torch.tensor(value, dtype=kind)
