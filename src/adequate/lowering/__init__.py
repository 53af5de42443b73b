"""From a network and a design to a program of integers."""

from adequate.lowering.lower import lower

__all__ = ["lower"]
