"""How far products of a scale and an element reach, how many digits they have, and which dtypes they suit."""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import torch

from adequate.formats.binades import floor_log2
from adequate.formats.checks import holds
from adequate.formats.format import Format
from adequate.formats.rounding import Rounding


@dataclass(frozen=True)
class ScaledProducts:
    """The products scale * (element - zero), ``zeros`` being one for each of ``scales``."""

    element: Format
    scales: tuple[float, ...]
    zeros: tuple[int, ...]

    @cached_property
    def dyadic(self) -> bool:
        """Whether every scale is a power of two."""
        return all(math.frexp(scale)[0] == 0.5 for scale in self.scales)

    @cached_property
    def range(self) -> tuple[Fraction, Fraction]:
        """The lowest and the highest product under any of the scales."""
        pairs = [(Fraction(scale), zero) for scale, zero in zip(self.scales, self.zeros, strict=True)]
        low, high = self.element.minimum, self.element.maximum
        return min(s * (low - z) for s, z in pairs), max(s * (high - z) for s, z in pairs)

    @cached_property
    def element_digits(self) -> int:
        """The significant bits of element - zero: an upper bound."""
        spans = [max(z - self.element.minimum, self.element.maximum - z) for z in self.zeros if z]
        shifted = [(int(span) - 1).bit_length() for span in spans]  # a span of 2**k is one bit, those below are k
        return max(shifted if len(shifted) == len(self.zeros) else [self.element.digits, *shifted])

    @cached_property
    def digits(self) -> int:
        """The significant bits of the widest scale and of element - zero together: an upper bound."""
        return self.element_digits + (0 if self.dyadic else max(_last_bit(scale)[0] for scale in self.scales))

    @cached_property
    def finest(self) -> int:
        """The exponent of the last bit of the finest product under any of the scales."""
        return (self.element.grid or 0) + min(_last_bit(scale)[1] for scale in self.scales)

    def suit(self, dtype: torch.dtype, rounding: Rounding, largest: Fraction) -> bool:
        """Whether products up to ``largest`` are exact in ``dtype``, or can be rounded to it once without harm.

        Without harm is that the element's ``rounding`` takes them for the same element again.
        """
        if not self.dyadic and self.element_digits > 28:  # see quotient()
            return False
        if holds(dtype, self.digits, self.finest, largest):
            return True
        smallest = floor_log2(Fraction(min(self.scales))) + (self.element.grid or 0)
        return (
            dtype is torch.float32
            and not self.dyadic
            and self.element_digits <= 22
            and rounding not in (Rounding.DOWN, Rounding.TOWARD_ZERO)  # they would take a product rounded down a step
            and holds(dtype, 1, smallest - 23, largest)  # lower; and no product may be subnormal
        )


def _last_bit(scale: float) -> tuple[int, int]:
    """The significant bits of a scale and the exponent of the last of them."""
    numerator, denominator = scale.as_integer_ratio()
    zeros = (numerator & -numerator).bit_length() - 1
    return numerator.bit_length() - zeros, zeros - denominator.bit_length() + 1
