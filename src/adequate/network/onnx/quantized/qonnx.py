"""The quantisers of QONNX, each in one node (Pappalardo et al. 2022, arXiv:2206.07527)."""

from dataclasses import replace

import torch

from adequate.formats import Binary, Format, Minifloat, Rounding, Specials
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

SPECIALS = {
    (False, False): Specials.NONE,
    (False, True): Specials.NAN,
    (True, True): Specials.IEEE,
}
"""What ``has_inf`` and ``has_nan`` of a FloatQuant say."""


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


def float_quant(graph: OnnxGraph, node: OnnxNode) -> Quantizer:
    """FloatQuant: x / scale rounded to so many bits of exponent and mantissa, with subnormal numbers; it saturates.

    Raises:
        ValueError: no format stands for it.
    """
    scale = constant(graph, node, 1)
    exponent, mantissa, bias, largest = (_number(graph, node, place) for place in range(2, 6))
    if not all(map(float.is_integer, (exponent, mantissa, bias))):
        raise ValueError(f"has {exponent} bits of exponent, {mantissa} of mantissa and a bias of {bias}")
    if integer(node, "saturation", 1) != 1 or integer(node, "has_subnormal", 0) != 1 or mantissa < 1:
        raise ValueError("does not saturate, has no subnormal numbers or no mantissa, which is not read")
    special = bool(integer(node, "has_inf", 0)), bool(integer(node, "has_nan", 0))
    if special not in SPECIALS:
        raise ValueError("has infinities, but no NaN")
    element = Minifloat(int(exponent), int(mantissa), int(bias), specials=SPECIALS[special], rounding=_rounding(node))
    if largest != element.maximum:
        raise ValueError(f"has the largest value {largest}; that of {element} is {float(element.maximum)}")
    return Quantizer(node.name, node.inputs[0], node.outputs[0], format_of(element, scale, torch.tensor(0)))


def _number(graph: OnnxGraph, node: OnnxNode, place: int) -> float:
    value = constant(graph, node, place)
    if value.numel() != 1:
        raise ValueError(f"has {value.numel()} numbers for its operand {place}")
    return float(value)


def _rounding(node: OnnxNode) -> Rounding:
    mode = str(node.attributes.get("rounding_mode", "ROUND")).upper()
    if mode not in ROUNDINGS:
        raise ValueError(f"has the rounding_mode {mode!r}; formats have {', '.join(ROUNDINGS)}")
    return ROUNDINGS[mode]


def _element(node: OnnxNode, bits: int) -> Format:
    signed, narrow = bool(integer(node, "signed", 1)), bool(integer(node, "narrow", 0))
    if signed and bits == 1:
        return Binary()
    low = narrow - 2 ** (bits - 1) if signed else 0
    high = 2 ** (bits - 1) - 1 if signed else 2**bits - 1 - narrow
    return replace(word_of(low, high), rounding=_rounding(node))
