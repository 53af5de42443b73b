"""Matrix products by a constant as linear layers, their weights turned once."""

from collections.abc import Mapping
from dataclasses import replace

from adequate.network.onnx.derived import Derived
from adequate.network.onnx.graph import OnnxGraph, OnnxNode


def linear_products(graph: OnnxGraph) -> OnnxGraph:
    """The graph with ``Linear`` nodes (x weight^T + bias) for ``Gemm`` and ``MatMul`` by a constant matrix.

    ``Gemm``'s factors alpha and beta go into the constants. A matrix that several products share stays shared.
    """
    derived = Derived(graph)
    return derived.graph(tuple(_linear(node, derived) for node in graph.nodes))


def _linear(node: OnnxNode, derived: Derived) -> OnnxNode:
    if node.domain or node.operator not in ("MatMul", "Gemm"):
        return node
    x, key, *rest = node.inputs
    weight = derived.constants.get(key)
    if weight is None or weight.dim() != 2 or not weight.is_floating_point() or x in derived.constants:
        return node
    if node.operator == "MatMul":
        key = derived.make(node, key, f"{key} transposed", weight, weight.t)
        return replace(node, operator="Linear", inputs=(x, key))
    if node.attributes.get("transA"):
        return node
    return _linear_gemm(node, x, key, rest[0] if rest else "", derived)


def _linear_gemm(node: OnnxNode, x: str, key: str, added: str, derived: Derived) -> OnnxNode:
    alpha, beta = _number(node.attributes, "alpha"), _number(node.attributes, "beta")
    weight = derived.constants[key]
    length = len(weight) if node.attributes.get("transB") else weight.shape[1]
    bias = derived.constants.get(added)
    if added and (bias is None or bias.shape[:-1].numel() != 1 or bias.numel() not in (1, length) or length == 0):
        return node
    if not node.attributes.get("transB"):
        key = derived.make(node, key, f"{key} transposed", weight, weight.t)
    key = _scaled(node, key, alpha, derived)
    if bias is None:
        return replace(node, operator="Linear", inputs=(x, key), attributes={})
    if bias.shape != (length,):
        whole = bias.reshape(-1).expand(length)
        added = derived.make(node, added, f"{added} for {length}", whole, lambda: whole)
    return replace(node, operator="Linear", inputs=(x, key, _scaled(node, added, beta, derived)), attributes={})


def _scaled(node: OnnxNode, key: str, factor: float, derived: Derived) -> str:
    if factor == 1:
        return key
    value = derived.constants[key]
    return derived.make(node, key, f"{key} times {factor}", value, lambda: value * factor)


def _number(attributes: Mapping[str, object], name: str) -> float:
    value = attributes.get(name, 1.0)
    return value if isinstance(value, float) else 1.0
