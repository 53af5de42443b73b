"""The product of two minifloats, rounded to a third."""

from dataclasses import dataclass
from functools import cached_property
from typing import final

import torch

from adequate.circuits import Word, concat, constant, mux
from adequate.formats import Minifloat, Rounding, Underflow
from adequate.formats.checks import require_int
from adequate.operators.multiplier import WIDEST, Multiplier
from adequate.operators.multipliers.leading_one import beyond, leading_one
from adequate.operators.operator import Operand


@dataclass(frozen=True)
class MinifloatProduct(Multiplier):
    """The exact product of two minifloats, rounded once to the nearest value of a third, ties to even.

    Operands and result are codes; beyond the range the result saturates, and zero is always positive. Codes of NaN and
    infinity are read as if they were numbers: quantized operands never are. IEEE 754-2019, 4.3.1 and 5.4.1.

    >>> e4m3 = Minifloat(4, 3)
    >>> one_and_a_half = 0b0_0111_100
    >>> code = MinifloatProduct(e4m3, e4m3, e4m3)(Word(one_and_a_half, 8), Word(one_and_a_half, 8)).value
    >>> e4m3.decode(code)
    Fraction(9, 4)

    Raises:
        ValueError: ``result`` does not round to nearest even or has ``underflow=nearest``, or the mantissas are so wide
            that a shift goes beyond 31 places (together, with the result's, more than 28 bits).
    """

    activation: Minifloat
    weight: Minifloat
    result: Minifloat

    def __post_init__(self) -> None:
        require_int(f"bits of {self.activation} in {self.name}", self.activation.bits, 2, WIDEST)
        require_int(f"bits of {self.weight} in {self.name}", self.weight.bits, 2, WIDEST)
        if self.result.rounding is not Rounding.NEAREST_EVEN or self.result.underflow is Underflow.NEAREST:
            raise ValueError(
                f"{self.name} rounds to nearest even, with underflow gradual or flush, not as {self.result}"
            )
        require_int(f"mantissa bits of {self}", self.activation.man + self.weight.man + self.result.man, 0, 28)

    @property
    @final
    def a(self) -> Operand:
        return Operand(self.activation.bits, format=self.activation)

    @property
    @final
    def b(self) -> Operand:
        return Operand(self.weight.bits, format=self.weight)

    @property
    @final
    def product(self) -> Minifloat:
        return self.result

    @cached_property
    def _largest(self) -> int:
        return int(self.result.encode(torch.tensor(float(self.result.maximum), dtype=torch.float64)))

    def __call__(self, a: Word, b: Word) -> Word:
        significand_a, steps_a = unpacked(a, self.activation)
        significand_b, steps_b = unpacked(b, self.weight)
        significand, steps = significand_a * significand_b, steps_a + steps_b
        magnitude = self._rounded(significand, steps)
        return concat(magnitude, (a[-1] ^ b[-1]) & magnitude.any())

    def _rounded(self, significand: Word, steps: Word) -> Word:
        """The code, without sign, of significand * 2**(steps + both grids)."""
        man, largest = self.result.man, constant(self._largest)
        above = self.result.min_exponent - self.activation.grid - self.weight.grid  # of the smallest normal number
        place = leading_one(significand) + steps
        most = 2 ** significand.width.bit_length() + 2**steps.width + abs(above)
        field_less_1 = beyond(place, above, most)
        cut, widest = field_less_1 + constant(above) - steps, significand.width + man + 1  # beyond it all is below half
        cut = mux(constant(widest).less(cut), constant(widest), cut)[: widest.bit_length()]
        coarse = field_less_1 << man  # a normal number's significand holds the 1 of its field
        # ties go to the even code: with man = 0 the significand is odd throughout, and the field decides
        odd = (coarse + (significand << man).shift_right(cut))[0]
        doubled = (significand << (man + 1)) + constant(1).shift_left(cut) + odd - constant(1)
        code = coarse + doubled[:-1].shift_right(cut + constant(1))  # never negative: what is added is at least 1
        exists = significand.any()
        if self.result.underflow is Underflow.FLUSH:
            exists = exists & ~place.less(constant(above))
        code = mux(largest.less(code), largest, code)
        return code[: self.result.bits - 1].times_bit(exists)


def unpacked(code: Word, format: Minifloat) -> tuple[Word, Word]:
    """The significand in units of the grid's step, and by how many powers of two its step exceeds the grid's."""
    field = code[format.man : -1]
    normal = field.any()
    significand = concat(code[: format.man], normal)
    if format.underflow is not Underflow.GRADUAL:
        significand = significand.times_bit(normal)
    return significand, (field - normal)[: format.exp]
