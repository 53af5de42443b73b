"""Adders: what stands where an exact sum would."""

from dataclasses import dataclass
from typing import final

from adequate.formats.checks import require_int
from adequate.operators.operator import Operand, Operator

WIDEST = 48
"""The widest adder."""


@dataclass(frozen=True)
class Adder(Operator):
    """The sum of two unsigned words of ``width`` bits, ``width + 1`` bits with its carry.

    The sum of two's complement words is its lowest ``width`` bits: ``adder(a[:], b[:]).resized(width, signed=True)``.
    """

    width: int

    def __post_init__(self) -> None:
        require_int(f"width of {self.name}", self.width, 1, WIDEST)

    @property
    @final
    def a(self) -> Operand:
        return Operand(self.width)

    @property
    @final
    def b(self) -> Operand:
        return Operand(self.width)
