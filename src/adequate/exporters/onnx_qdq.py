"""Networks with their designs as plain ONNX: QuantizeLinear, perhaps Clip, and DequantizeLinear (QDQ, QCDQ)."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from adequate.design import Design
from adequate.exporters.onnx_dialect import Bias, Dialect
from adequate.exporters.onnx_file import Attribute, OnnxFile
from adequate.exporters.onnx_formats import Element, Parts
from adequate.exporters.onnx_graph import written
from adequate.formats import Binary, Fixed, Minifloat, Rounding
from adequate.network import Network
from adequate.network.onnx.quantized.formats import FLOATS
from adequate.storage import write_atomically

INTEGERS = {
    (8, True): torch.int8,
    (8, False): torch.uint8,
    (16, True): torch.int16,
    (16, False): torch.uint16,
}
"""Types of codes, by bits and whether they are signed; narrower words are clipped ones of 8 bits."""

FLOAT_TYPES = {format: getattr(torch, name) for name, format in FLOATS.items()}
"""Types of minifloats."""


def export_onnx(network: Network, design: Design, path: Path | str) -> None:
    """Writes the network as plain ONNX with the design's slots as QuantizeLinear and DequantizeLinear.

    Integers of up to 8 or of 16 bits that round to nearest even, and ONNX's 8-bit minifloats, under any scales and zero
    points. Words narrower than 8 bits are clipped between the two nodes. Weights are stored in codes. A bias between
    integers is stored in codes of 32 bits under the product of the two scales, as integer kernels want it, where these
    tell the emulation's bias; else in float32. A node has its layer's name. ``read`` gives the same design, its formats
    in their simplest form, and a network that computes the same under ``emulate``.

    Raises:
        OSError: the file cannot be written.
        ValueError: layers or formats that ONNX cannot say, all of them by name; or the design is not for the network.
    """
    write_atomically(Path(path), written(network, design, Qdq()))


class Qdq(Dialect):
    """Quantisers in two nodes or three, codes between them."""

    name: ClassVar[str] = "ONNX"
    domains: ClassVar[Mapping[str, int]] = {}

    def refuse(self, parts: Parts) -> None:
        element = parts.element
        if isinstance(element, Binary) or (isinstance(element, Minifloat) and element not in FLOAT_TYPES):
            raise ValueError(f"is no integer and none of {', '.join(map(str, FLOAT_TYPES))}; try QONNX")
        if isinstance(element, Fixed) and element.bits > 8 and element.bits != 16:
            raise ValueError(f"has {element.bits} bits; there are 1 to 8, and 16; try QONNX")
        if parts.rounding is not Rounding.NEAREST_EVEN:
            raise ValueError(f"rounds {parts.rounding.value}; there is nearest_even; try QONNX")

    def quantize(self, file: OnnxFile, name: str, value: str, parts: Parts, slot: str) -> str:
        operands, axis = self._scale(file, name, parts)
        codes = file.node(f"{name}/codes", "QuantizeLinear", [value, *operands], axis)
        codes = _clipped(file, name, codes, parts.element)
        return file.node(name, "DequantizeLinear", [codes, *operands], axis, slot=slot)

    def weight(self, file: OnnxFile, name: str, stored: str, numbers: Tensor, parts: Parts) -> str:
        elements = numbers.double() / parts.along(parts.scales).double() + parts.along(parts.zeros)
        codes = (elements.round() if isinstance(parts.element, Fixed) else elements).to(_type(parts.element))
        operands, axis = self._scale(file, name, parts)
        value = _clipped(file, name, file.constant(stored, codes), parts.element)
        return file.node(name, "DequantizeLinear", [value, *operands], axis, slot="weight")

    def bias(self, file: OnnxFile, name: str, stored: str, bias: Bias) -> str:
        if bias.codes is None or bias.steps is None:
            return file.constant(stored, bias.value)
        several = bias.steps.numel() > 1
        scale = file.constant(f"{name}/scale", bias.steps if several else bias.steps.reshape(()))
        return file.node(name, "DequantizeLinear", [file.constant(stored, bias.codes), scale], {"axis": 0})

    def _scale(self, file: OnnxFile, name: str, parts: Parts) -> tuple[list[str], dict[str, Attribute]]:
        """Scales and zero points, which tell the type of the codes, and the axis along which they lie."""
        scale = file.constant(f"{name}/scale", parts.scales)
        zero = file.constant(f"{name}/zero", parts.zeros.expand(parts.scales.shape).to(_type(parts.element)))
        return [scale, zero], {} if parts.axis is None else {"axis": parts.axis}


def _type(element: Element) -> torch.dtype:
    if isinstance(element, Fixed):
        return INTEGERS[max(element.bits, 8), element.signed]
    assert isinstance(element, Minifloat)
    return FLOAT_TYPES[element]


def _clipped(file: OnnxFile, name: str, codes: str, element: Element) -> str:
    """The codes within those of a narrower word, by a Clip; as they are where the type has no others."""
    if not isinstance(element, Fixed):
        return codes
    kind = _type(element)
    first, last = element.word[0], element.word[-1]
    whole = torch.iinfo(kind)
    if (first, last) == (whole.min, whole.max):
        return codes
    limits = [
        file.constant(f"{name}/{what}", torch.tensor(one, dtype=kind)) for what, one in (("min", first), ("max", last))
    ]
    return file.node(f"{name}/clip", "Clip", [codes, *limits])
