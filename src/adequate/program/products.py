"""What becomes of two integers that meet in a sum of products."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from adequate.formats import Format
from adequate.operators import Multiplier, Operand
from adequate.program.value import power


@dataclass(frozen=True)
class Words:
    """How integers of a value become the words of an operand.

    For an integer operand the word holds n + ``zero``; for one with a format it is the code of the number n, in units
    of the format's grid (``zero`` is then 0).
    """

    operand: Operand
    zero: int = 0

    def patterns(self, n: Any) -> Any:
        """The words' bits, as unsigned int64."""
        if self.operand.format is None:
            return np.asarray(n + self.zero, dtype=np.int64) % 2**self.operand.width
        return np.vectorize(self._codes.__getitem__, otypes=[np.int64])(n)

    @cached_property
    def _codes(self) -> dict[int, int]:
        assert self.operand.format is not None
        return {number: code for code, number in sorted(numbers(self.operand.format).items(), reverse=True)}


@dataclass(frozen=True)
class Approximate:
    """The product that ``multiplier`` gives of the words of x and w, as an integer.

    With words a = x + zx and b = w + zw of integer operands it is T(a, b) - zw a - zx b + zx zw; an operand with a
    format has no zero point, and the product is an integer in units of the operands' grids.
    """

    multiplier: Multiplier
    x: Words
    w: Words

    def __call__(self, x: Any, w: Any) -> Any:
        """Products of integers, elementwise with broadcasting."""
        products = self.table[self.x.patterns(x), self.w.patterns(w)].astype(object)
        zx, zw = self.x.zero, self.w.zero
        return products - zw * (x + zx) - zx * (w + zw) + zx * zw if zx or zw else products

    @cached_property
    def table(self) -> Any:
        """T of all pairs of bit patterns, int64; an entry that is no number is 0 (and belongs to no number)."""
        made = self.multiplier.table().numpy().astype(np.int64)
        if self.multiplier.product is None:
            return made
        unit = sum(one.operand.format.grid or 0 for one in (self.x, self.w) if one.operand.format is not None)
        shift = (self.multiplier.product.grid or 0) - unit
        known = numbers(self.multiplier.product)
        decoded = np.array([known.get(code, 0) for code in self.multiplier.product.word], dtype=object)
        return decoded[made] * 2**shift if shift >= 0 else decoded[made] // 2**-shift


def numbers(format: Format) -> dict[int, int]:
    """The number of every code that has one, in units of the format's grid."""
    found: dict[int, int] = {}
    for code in format.word:
        try:
            found[code] = int(format.decode(code) / power(format.grid or 0))
        except ValueError:
            continue
    return found
