"""What flows between the steps of a program: a tensor of integers, and what one of them stands for."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Value:
    """Integers n of a stated shape that stand for the real numbers unit * n.

    ``shape`` is that for one image, its batch included as a size of 1. ``unit`` is one positive number, or one per
    index of dimension ``axis``. Every integer lies in ``low .. high``, whatever the image; of a sum of products each
    partial sum does as well, in any order.
    """

    name: str
    shape: tuple[int, ...]
    unit: tuple[Fraction, ...]
    low: int
    high: int
    axis: int | None = None

    @property
    def range(self) -> tuple[int, int]:
        """``low`` and ``high``."""
        return self.low, self.high

    @property
    def grid(self) -> int | None:
        """The exponent of the unit, where that is one power of two."""
        return exponent(self.unit[0]) if len(self.unit) == 1 else None


def exponent(number: Fraction) -> int | None:
    """k of 2**k; None for another number.

    >>> exponent(Fraction(1, 8)), exponent(Fraction(3))
    (-3, None)
    """
    k = number.numerator.bit_length() - number.denominator.bit_length()
    return k if number == power(k) else None


def power(k: int) -> Fraction:
    """2**k."""
    return Fraction(2) ** k


def bits(low: int, high: int) -> tuple[int, bool]:
    """Width and signedness of the narrowest word that holds ``low .. high``; two's complement where low < 0.

    >>> bits(0, 255), bits(-128, 127), bits(0, 0), bits(-8, -8)
    ((8, False), (8, True), (1, False), (4, True))
    """
    if low >= 0:
        return max(high.bit_length(), 1), False
    return max((-low - 1).bit_length(), max(high, 0).bit_length()) + 1, True
