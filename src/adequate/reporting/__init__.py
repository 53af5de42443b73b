"""What was found, written down: the report of a run, and what a design stores."""

from adequate.reporting.facts import Facts
from adequate.reporting.memory import Memory, activation_bits, memory, stored_bits
from adequate.reporting.report import report

__all__ = ["Facts", "Memory", "activation_bits", "memory", "report", "stored_bits"]
