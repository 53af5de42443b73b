"""Arithmetic operators, each described once."""

from adequate.operators.accumulator import Accumulator, Order

__all__ = ["Accumulator", "Order"]
