"""Verilog: an array of processing elements that runs a program from memory images."""

from adequate.exporters.verilog.export import export_verilog
from adequate.exporters.verilog.hardware import Hardware
from adequate.exporters.verilog.requirements import hardware_of
from adequate.exporters.verilog.simulation import Simulation, simulate, verify_verilog

__all__ = ["Hardware", "Simulation", "export_verilog", "hardware_of", "simulate", "verify_verilog"]
