"""The multiplication by a power of two."""

from dataclasses import dataclass
from typing import final

from adequate.circuits import Word, mux
from adequate.formats import PowerOfTwo
from adequate.formats.checks import require_int
from adequate.operators.multiplier import WIDEST, Multiplier
from adequate.operators.operator import Operand


@dataclass(frozen=True)
class Shift(Multiplier):
    """An integer times a power-of-two weight, exact: a shift by the weight's exponent field, and its sign.

    The weight is a code of ``pow2(bits)``, its grid 1: T = (-1)**sign * a * 2**field, or with ``zero`` 0 for field 0
    and a * 2**(field-1) else. Source: Gysel 2016, 7.2.

    >>> Shift(8, 4)(Word(-5, 8, signed=True), Word(0b1_011, 4)).value  # times -2**3
    40
    """

    width_a: int
    bits: int
    zero: bool = False
    signed_a: bool = True

    def __post_init__(self) -> None:
        require_int("width_a of shift", self.width_a, 1, WIDEST)
        require_int("bits of shift", self.bits, 2, 6)

    @property
    @final
    def a(self) -> Operand:
        return Operand(self.width_a, self.signed_a)

    @property
    @final
    def b(self) -> Operand:
        largest = 2 ** (self.bits - 1) - 1 - self.zero  # so that the grid is 2**0
        return Operand(self.bits, format=PowerOfTwo(self.bits, largest, self.zero))

    @property
    @final
    def product(self) -> None:
        return None

    def __call__(self, a: Word, b: Word) -> Word:
        field, sign = b[:-1], b[-1]
        shifted = a.shift_left(field)
        if self.zero:
            shifted = (shifted >> 1).times_bit(field.any())
        return mux(sign, -shifted, shifted)
