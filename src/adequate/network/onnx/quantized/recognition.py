"""Which nodes quantise, what they read, and the format each stands for."""

from dataclasses import replace

from adequate.network.onnx.graph import OnnxGraph, OnnxNode
from adequate.network.onnx.quantized import linear, qonnx
from adequate.network.onnx.quantized.linear import Codes
from adequate.network.onnx.quantized.quantizer import Quantizer

STANDARD = frozenset({"", "com.microsoft"})
"""Domains of QuantizeLinear and DequantizeLinear: ONNX's own, and that of onnxruntime's further element types."""

OPERATORS = frozenset({"BipolarQuant", "DequantizeLinear", "FloatQuant", "IntQuant", "Quant", "QuantizeLinear"})
"""Operators that quantise; a Clip of codes does too."""

INTEGER_ARITHMETIC = frozenset({"ConvInteger", "DynamicQuantizeLinear", "MatMulInteger", "MatMulNBits", "QGemm"})
"""Operators that compute with codes, beside those named ``QLinear...``."""


def recognize(graph: OnnxGraph) -> tuple[dict[str, Quantizer], frozenset[str]]:
    """The quantisers by node name, in execution order, and the names of all nodes they are made of.

    Raises:
        ValueError: nodes that quantise in a way no format does, all of them, each with the reason.
    """
    codes: dict[str, Codes] = {}
    found: dict[str, Quantizer] = {}
    parts: set[str] = set()
    problems: list[str] = []
    for node in graph.nodes:
        try:
            one = _recognized(graph, node, codes)
        except ValueError as error:
            problems.append(f"{node} {error}")
            continue
        if isinstance(one, Quantizer):
            found[node.name] = one
        elif one is not None:
            codes[node.outputs[0]] = one
        else:
            problems += [f"{node} reads the codes {value!r}" for value in node.inputs if value in codes]
            continue
        parts.add(node.name)
    problems += [f"the codes {value!r} are an output" for value in graph.outputs if value in codes]
    if problems:
        raise ValueError(f"no formats for {'; '.join(problems)}")
    return found, frozenset(parts)


def _recognized(graph: OnnxGraph, node: OnnxNode, codes: dict[str, Codes]) -> Quantizer | Codes | None:
    """The quantiser that ends in ``node``, or the codes it makes on the way to one."""
    first = node.inputs[0] if node.inputs else ""
    read = codes.get(first) or linear.stored(graph, first)
    if node.operator in OPERATORS and (not first or len(node.outputs) != 1 or not node.outputs[0]):
        raise ValueError(f"has {len(node.inputs)} inputs and {len(node.outputs)} outputs")
    match node.operator:
        case "Quant" | "IntQuant" if node.domain in qonnx.DOMAINS:
            return qonnx.quant(graph, node)
        case "BipolarQuant" if node.domain in qonnx.DOMAINS:
            return qonnx.bipolar_quant(graph, node)
        case "FloatQuant" if node.domain in qonnx.DOMAINS:
            return qonnx.float_quant(graph, node)
        case "Trunc" if node.domain in qonnx.DOMAINS:
            raise ValueError("is not read; Quant, IntQuant, BipolarQuant and FloatQuant are")
        case "QuantizeLinear" if node.domain in STANDARD:
            return linear.quantized(graph, node)
        case "Clip" if node.domain in STANDARD and read is not None and read.kind not in linear.BIASES:
            return replace(read, clip=linear.limits(graph, node))
        case "DequantizeLinear" if node.domain in STANDARD:
            if read is None:
                raise ValueError(f"reads {node.inputs[0]!r}, neither stored codes nor those of a QuantizeLinear")
            return linear.dequantized(graph, node, read)
        case operator if operator in INTEGER_ARITHMETIC or operator.startswith("QLinear"):
            raise ValueError("computes with codes; export the model with QuantizeLinear and DequantizeLinear around it")
        case _:
            return None
