"""The exact multiplier."""

from dataclasses import dataclass
from typing import final

from adequate.circuits import Word
from adequate.operators.multiplier import Multiplier, require_widths
from adequate.operators.operator import Operand


@dataclass(frozen=True)
class Exact(Multiplier):
    """a * b, either operand signed or not.

    >>> from adequate.circuits import Word
    >>> Exact(8, 4, signed_b=True)(Word(200, 8), Word(-3, 4, signed=True)).value
    -600
    """

    width_a: int
    width_b: int
    signed_a: bool = False
    signed_b: bool = False

    def __post_init__(self) -> None:
        require_widths(self)

    @property
    @final
    def a(self) -> Operand:
        return Operand(self.width_a, self.signed_a)

    @property
    @final
    def b(self) -> Operand:
        return Operand(self.width_b, self.signed_b)

    @property
    @final
    def product(self) -> None:
        return None

    def __call__(self, a: Word, b: Word) -> Word:
        return a * b
