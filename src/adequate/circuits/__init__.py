"""Arithmetic described once: words over any carrier, and circuits of them.

``adequate.circuits.verilog`` writes Verilog and needs Amaranth; it is not imported here.
"""

from adequate.circuits.circuit import Circuit, Port
from adequate.circuits.cpp import cpp
from adequate.circuits.word import Word, concat, constant, mux, sum_words

__all__ = ["Circuit", "Port", "Word", "concat", "constant", "cpp", "mux", "sum_words"]
