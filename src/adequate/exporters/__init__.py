"""Networks and their designs handed over to other tools."""

from adequate.exporters.onnx_qdq import export_onnx
from adequate.exporters.qonnx import export_qonnx

__all__ = ["export_onnx", "export_qonnx"]
