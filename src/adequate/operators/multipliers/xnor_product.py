"""The product of two signs."""

from dataclasses import dataclass
from typing import final

from adequate.circuits import Word, concat, constant
from adequate.formats import Binary
from adequate.operators.multiplier import Multiplier
from adequate.operators.operator import Operand


@dataclass(frozen=True)
class XnorProduct(Multiplier):
    """The exact product of two binary operands (code 0 is +1, code 1 is -1): +1 where the codes agree, else -1.

    Source: Rastegari et al. 2016, "XNOR-Net", ECCV, section 3.2.

    >>> XnorProduct()(Word(0, 1), Word(1, 1)).value
    -1
    """

    @property
    @final
    def a(self) -> Operand:
        return Operand(1, format=Binary())

    @property
    @final
    def b(self) -> Operand:
        return Operand(1, format=Binary())

    @property
    @final
    def product(self) -> None:
        return None

    def __call__(self, a: Word, b: Word) -> Word:
        return concat(constant(1), a ^ b).resized(2, signed=True)
