"""Networks and their designs handed over to other tools and to hardware."""

from adequate.exporters.folder import kind_of
from adequate.exporters.graph_folder import export_graph, verify_graph
from adequate.exporters.integers import export_integers, verify_integers
from adequate.exporters.onnx_qdq import export_onnx
from adequate.exporters.program_file import load_program, save_program
from adequate.exporters.qonnx import export_qonnx
from adequate.exporters.verification import Mismatch, Verification

__all__ = [
    "Mismatch",
    "Verification",
    "export_graph",
    "export_integers",
    "export_onnx",
    "export_qonnx",
    "kind_of",
    "load_program",
    "save_program",
    "verify_graph",
    "verify_integers",
]
