"""Quantisers in ONNX files become formats in a design."""

from adequate.network.onnx.quantized.slots import NodeFormats, design_of
from adequate.network.onnx.quantized.taking import QuantizedGraph, take_formats

__all__ = ["NodeFormats", "QuantizedGraph", "design_of", "take_formats"]
