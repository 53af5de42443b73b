"""QuantizeLinear, Clip, DequantizeLinear: quantisers in up to three nodes, or stored integers and one (QDQ, QCDQ).

ONNX, operators QuantizeLinear-25 and DequantizeLinear-25: code = saturate(round(x / scale) + zero), half to even;
y = (code - zero) * scale.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from adequate.formats import Format
from adequate.network.onnx.graph import OnnxGraph, OnnxNode
from adequate.network.onnx.quantized.formats import clipped, element_of, format_of
from adequate.network.onnx.quantized.quantizer import Quantizer
from adequate.network.onnx.quantized.stored import constant, element_type, given, integer

REAL = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
"""Types of scales."""

BIASES = frozenset({"int32", "int64"})
"""Integers too wide to be operands: those that are dequantised are biases, on the grid of the products."""

ELEMENT_TYPES = {
    2: "uint8",
    3: "int8",
    4: "uint16",
    5: "int16",
    17: "float8_e4m3fn",
    18: "float8_e4m3fnuz",
    19: "float8_e5m2",
    20: "float8_e5m2fnuz",
    21: "uint4",
    22: "int4",
    25: "uint2",
    26: "int2",
}
"""Numbers of ONNX's ``TensorProto.DataType``, for the attribute ``output_dtype``."""


@dataclass(frozen=True, eq=False)
class Codes:
    """A value of codes: stored, or what QuantizeLinear ``origin`` makes of ``source``."""

    kind: str
    clip: tuple[int, int] | None = None
    stored: Tensor | None = None
    source: str = ""
    origin: OnnxNode | None = None


def quantized(graph: OnnxGraph, node: OnnxNode) -> Codes:
    """What a QuantizeLinear makes: codes of its zero point's type, else of ``output_dtype``, else uint8."""
    if given(node, 2):
        constant(graph, node, 2)
        kind = element_type(graph, node.inputs[2])
    else:
        number = integer(node, "output_dtype", 0) or 2
        if number not in ELEMENT_TYPES:
            raise ValueError(f"its output_dtype is {number}; those read are {', '.join(map(str, ELEMENT_TYPES))}")
        kind = ELEMENT_TYPES[number]
    return Codes(kind, source=node.inputs[0], origin=node)


def stored(graph: OnnxGraph, name: str) -> Codes | None:
    """The codes in a constant; None if it is one of numbers."""
    value = graph.constants.get(name)
    if value is None or (value.dtype.is_floating_point and value.dtype.itemsize > 1):
        return None
    return Codes(element_type(graph, name), stored=value)


def limits(graph: OnnxGraph, node: OnnxNode) -> tuple[int, int]:
    """The least and the greatest code a Clip leaves."""
    found = [-(2**31), 2**31]
    for place in (1, 2):
        if given(node, place):
            limit = constant(graph, node, place)
            if limit.numel() != 1 or limit.dtype.is_floating_point:
                raise ValueError(f"has no one integer for its limit {node.inputs[place]!r}")
            found[place - 1] = int(limit)
    return found[0], found[1]


def dequantized(graph: OnnxGraph, node: OnnxNode, codes: Codes) -> Quantizer:
    """The quantiser that ends in a DequantizeLinear of ``codes``.

    Raises:
        ValueError: no format stands for it.
    """
    result = node.outputs[0]
    if codes.stored is None:
        format = _format(graph, node, codes)
        assert codes.origin is not None
        if _format(graph, codes.origin, codes) != format:
            raise ValueError(f"its scale, zero point or axis is not that of {codes.origin}")
        return Quantizer(node.name, codes.source, result, format)
    format = None if codes.kind in BIASES else _format(graph, node, codes)
    kept = codes.stored if codes.clip is None else codes.stored.long().clamp(*codes.clip)
    return Quantizer(node.name, "", result, format, _numbers(graph, node, kept))


def _format(graph: OnnxGraph, node: OnnxNode, codes: Codes) -> Format:
    element = element_of(codes.kind)
    if codes.clip is not None:
        element = clipped(element, *codes.clip)
    if integer(node, "saturate", 1) != 1:
        raise ValueError("has saturate=0; formats saturate")
    scale, zero = _scale_and_zero(graph, node)
    return format_of(element, scale, zero, integer(node, "axis", 1))


def _scale_and_zero(graph: OnnxGraph, node: OnnxNode) -> tuple[Tensor, Tensor]:
    scale = constant(graph, node, 1)
    zero = constant(graph, node, 2) if given(node, 2) else scale.new_zeros(())
    if scale.dtype not in REAL:
        raise ValueError(f"has scales of {scale.dtype}; those read are {', '.join(map(str, REAL))}")
    if scale.dim() > 1 or zero.dim() > 1 or integer(node, "block_size", 0):
        raise ValueError(f"quantises in blocks (scales of shape {tuple(scale.shape)}), which is not read")
    return scale, zero


def _numbers(graph: OnnxGraph, node: OnnxNode, codes: Tensor) -> Tensor:
    """(code - zero) * scale, in the scale's type."""
    scale, zero = (_along(node, value, codes) for value in _scale_and_zero(graph, node))
    if codes.dtype.is_floating_point:
        return codes.to(scale.dtype) * scale + 0.0
    return (codes.long() - zero.long()).to(scale.dtype) * scale


def _along(node: OnnxNode, values: Tensor, codes: Tensor) -> Tensor:
    """One number, or as many as there are indices along the node's axis, shaped to broadcast against the codes."""
    if values.numel() == 1:
        return values.reshape(())
    axis = integer(node, "axis", 1)
    if not -codes.dim() <= axis < codes.dim() or codes.shape[axis] != values.numel():
        raise ValueError(f"has {values.numel()} scales along axis {axis} of a tensor of shape {tuple(codes.shape)}")
    shape = [1] * codes.dim()
    shape[axis] = -1
    return values.reshape(shape)
