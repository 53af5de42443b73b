"""ONNX files as modules."""

from adequate.network.onnx.example import example_inputs
from adequate.network.onnx.file import read_onnx
from adequate.network.onnx.graph import OnnxGraph, OnnxInput, OnnxNode
from adequate.network.onnx.module import module_of
from adequate.network.onnx.reading import read_graph

__all__ = ["OnnxGraph", "OnnxInput", "OnnxNode", "example_inputs", "module_of", "read_graph", "read_onnx"]
