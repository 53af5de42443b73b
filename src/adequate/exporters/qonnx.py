"""Networks with their designs as QONNX: each quantiser one node, of any width (Pappalardo et al. 2022, 2206.07527)."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from adequate.design import Design
from adequate.exporters.onnx_dialect import Bias, Dialect
from adequate.exporters.onnx_file import Attribute, OnnxFile
from adequate.exporters.onnx_formats import Parts, is_float32
from adequate.exporters.onnx_graph import written
from adequate.formats import Binary, Fixed, Rounding, Underflow
from adequate.network import Network
from adequate.network.onnx.quantized.qonnx import ROUNDINGS, SPECIALS
from adequate.storage import write_atomically

DOMAIN = "qonnx.custom_op.general"

MODES = {rounding: mode for mode, rounding in ROUNDINGS.items() if mode != "HALF_EVEN"}
"""Values of ``rounding_mode``; ROUND is half to even."""

FLAGS = {specials: flags for flags, specials in SPECIALS.items()}
"""What ``has_inf`` and ``has_nan`` of a FloatQuant say."""

WIDEST = 24
"""Bits of the widest integers: quantisers compute in float32."""


def export_qonnx(network: Network, design: Design, path: Path | str) -> None:
    """Writes the network as QONNX: ``Quant``, ``BipolarQuant`` and ``FloatQuant`` in the places of the design's slots.

    A node has its layer's name. Weights are stored quantised, biases rounded to the grid of the products, all in
    float32. ``read`` gives the same design, its formats in their simplest form, and a network that computes the same
    under ``emulate``. Scales that are powers of two make other readers do so too, bit for bit, as long as sums are
    below 2**24 steps; else they round in float32 where the emulation is exact. An odd zero point moves exact ties to
    the other neighbour, since QONNX adds it before it rounds.

    Raises:
        OSError: the file cannot be written.
        ValueError: layers or formats that QONNX cannot say, all of them by name; or the design is not for the network.
    """
    write_atomically(Path(path), written(network, design, Qonnx()))


class Qonnx(Dialect):
    """Quantisers in one node each, of numbers in float32."""

    name: ClassVar[str] = "QONNX"
    domains: ClassVar[Mapping[str, int]] = {DOMAIN: 1}

    def refuse(self, parts: Parts) -> None:
        element, rounding = parts.element, parts.rounding
        if rounding not in MODES:
            raise ValueError(f"rounds {rounding.value}; there are {', '.join(one.value for one in MODES)}")
        if isinstance(element, Fixed):
            if (element.signed and element.bits == 1) or element.bits > WIDEST:
                raise ValueError(f"has {element.bits} bits; there are 2 to {WIDEST}, and 1 unsigned")
            if bool(parts.zeros.any()) and rounding not in (Rounding.NEAREST_EVEN, Rounding.DOWN):
                raise ValueError(f"rounds {rounding.value} with a zero point, which is added before that")
        elif not isinstance(element, Binary):
            if element.underflow is not Underflow.GRADUAL or element.man == 0:
                raise ValueError("has no subnormal numbers or no mantissa; there are minifloats with both")
            if not is_float32(element.maximum):
                raise ValueError("has values that are no float32 numbers")

    def quantize(self, file: OnnxFile, name: str, value: str, parts: Parts, slot: str) -> str:
        scale = file.constant(f"{name}/scale", parts.along(parts.scales))
        element, mode = parts.element, {"rounding_mode": MODES[parts.rounding]}
        if isinstance(element, Binary):
            operator, operands, attributes = "BipolarQuant", [scale], {}
        elif isinstance(element, Fixed):
            zero = file.constant(f"{name}/zero", parts.along(parts.zeros).float())
            operands = [scale, zero, _number(file, name, "bits", element.bits)]
            flags = {"signed": int(element.signed), "narrow": int(element.narrow)}
            operator, attributes = "Quant", flags | mode
        else:
            bias = 1 - element.min_exponent
            given = {"exponent": element.exp, "mantissa": element.man, "bias": bias, "max": float(element.maximum)}
            operands = [scale, *(_number(file, name, what, number) for what, number in given.items())]
            has_inf, has_nan = FLAGS[element.specials]
            flags = {"has_inf": int(has_inf), "has_nan": int(has_nan), "has_subnormal": 1, "saturation": 1}
            operator, attributes = "FloatQuant", flags | mode
        named: dict[str, Attribute] = dict(attributes)
        return file.node(name, operator, [value, *operands], named, domain=DOMAIN, slot=slot)

    def weight(self, file: OnnxFile, name: str, stored: str, numbers: Tensor, parts: Parts) -> str:
        return self.quantize(file, name, file.constant(stored, numbers), parts, "weight")

    def bias(self, file: OnnxFile, name: str, stored: str, bias: Bias) -> str:
        del name
        return file.constant(stored, bias.value)


def _number(file: OnnxFile, name: str, what: str, number: float) -> str:
    return file.constant(f"{name}/{what}", torch.tensor(float(number)))
