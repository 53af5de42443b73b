"""Networks and their designs handed over to other tools and to hardware."""

from adequate.exporters.folder import kind_of
from adequate.exporters.graph_folder import export_graph, verify_graph
from adequate.exporters.hls import export_hls, run_hls, verify_hls
from adequate.exporters.integers import export_integers, verify_integers
from adequate.exporters.onnx_qdq import export_onnx
from adequate.exporters.program_file import load_program, save_program
from adequate.exporters.qonnx import export_qonnx
from adequate.exporters.second_opinion import Opinion, second_opinion
from adequate.exporters.verification import Mismatch, Verification
from adequate.exporters.verilog import export_verilog, verify_verilog

__all__ = [
    "Mismatch",
    "Opinion",
    "Verification",
    "export_graph",
    "export_hls",
    "export_integers",
    "export_onnx",
    "export_qonnx",
    "export_verilog",
    "kind_of",
    "load_program",
    "run_hls",
    "save_program",
    "second_opinion",
    "verify_graph",
    "verify_hls",
    "verify_integers",
    "verify_verilog",
]
