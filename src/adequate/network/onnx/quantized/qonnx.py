"""Quant, IntQuant and BipolarQuant of QONNX: quantisers in one node (Pappalardo et al. 2022, arXiv:2206.07527)."""

from dataclasses import replace

import torch

from adequate.formats import Binary, Format, Rounding
from adequate.network.onnx.graph import OnnxGraph, OnnxNode
from adequate.network.onnx.quantized.formats import format_of, word_of
from adequate.network.onnx.quantized.quantizer import Quantizer
from adequate.network.onnx.quantized.stored import constant, integer

DOMAINS = frozenset({"qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general"})

ROUNDINGS = {
    "ROUND": Rounding.NEAREST_EVEN,
    "HALF_EVEN": Rounding.NEAREST_EVEN,
    "HALF_UP": Rounding.NEAREST_AWAY,
    "FLOOR": Rounding.DOWN,
    "DOWN": Rounding.TOWARD_ZERO,
}
"""Values of ``rounding_mode``; UP, CEIL and HALF_DOWN have no counterpart."""


def quant(graph: OnnxGraph, node: OnnxNode) -> Quantizer:
    """Quant: y = scale * (round(clamp(x / scale + zero)) - zero), or the sign of x where there is one signed bit.

    Formats round before they add the zero point: with an odd one, exact ties go to the other neighbour.

    Raises:
        ValueError: no format stands for it.
    """
    scale, zero, width = (constant(graph, node, place) for place in (1, 2, 3))
    widths = sorted(set(width.flatten().tolist()))
    if len(widths) != 1 or widths[0] not in range(1, 33):
        raise ValueError(f"has the bit widths {widths[:4]}; a format has one, a whole number from 1 to 32")
    element = _element(node, int(widths[0]))
    if zero.any() and getattr(element, "rounding", None) in (Rounding.NEAREST_AWAY, Rounding.TOWARD_ZERO):
        raise ValueError("has a zero point and a rounding_mode that depends on the sign after it is added")
    return Quantizer(node.name, node.inputs[0], node.outputs[0], format_of(element, scale, zero))


def bipolar_quant(graph: OnnxGraph, node: OnnxNode) -> Quantizer:
    """BipolarQuant: y = scale where x >= 0, else -scale.

    Raises:
        ValueError: the scale is no constant.
    """
    format = format_of(Binary(), constant(graph, node, 1), torch.tensor(0))
    return Quantizer(node.name, node.inputs[0], node.outputs[0], format)


def _element(node: OnnxNode, bits: int) -> Format:
    signed, narrow = bool(integer(node, "signed", 1)), bool(integer(node, "narrow", 0))
    if signed and bits == 1:
        return Binary()
    mode = str(node.attributes.get("rounding_mode", "ROUND")).upper()
    if mode not in ROUNDINGS:
        raise ValueError(f"has the rounding_mode {mode!r}; formats have {', '.join(ROUNDINGS)}")
    low = narrow - 2 ** (bits - 1) if signed else 0
    high = 2 ** (bits - 1) - 1 if signed else 2**bits - 1 - narrow
    return replace(word_of(low, high), rounding=ROUNDINGS[mode])
