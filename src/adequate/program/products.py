"""What becomes of two integers that meet in a sum of products."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from adequate.circuits import Word
from adequate.formats import Format
from adequate.operators import Multiplier, Operand
from adequate.program.value import power

TABLE_BITS = 16
"""Operand bits, together, up to which all products are computed once."""


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

    With words that stand for a = x + zx and b = w + zw it is T(a, b) - zw a - zx b + zx zw: an integer in units of the
    operands' units times 2**``grid``, which is 0 unless the multiplier has a product format.
    """

    multiplier: Multiplier
    x: Words
    w: Words

    @property
    def grid(self) -> int:
        """The exponent of the product's unit, against the product of the units of x and w."""
        if self.multiplier.product is None:
            return 0
        own = sum(one.format.grid or 0 for one in (self.multiplier.a, self.multiplier.b) if one.format is not None)
        return (self.multiplier.product.grid or 0) - own

    def __call__(self, x: Any, w: Any) -> Any:
        """Products of integers, elementwise with broadcasting."""
        a, b = np.broadcast_arrays(self.x.patterns(x), self.w.patterns(w))
        products = self._results(a, b)
        zx, zw = self.x.zero, self.w.zero
        return products - zw * (x + zx) - zx * (w + zw) + zx * zw if zx or zw else products

    def _results(self, a: Any, b: Any) -> Any:
        """What the circuit gives for bit patterns, as integers."""
        one = self.multiplier
        made = self._table[a, b] if one.a.width + one.b.width <= TABLE_BITS else _computed(one, a, b)
        if one.product is None:
            return made.astype(object)
        return self._decoded[made]

    @cached_property
    def _table(self) -> Any:
        a, b = (np.arange(2**of.width) for of in (self.multiplier.a, self.multiplier.b))
        return _computed(self.multiplier, *np.broadcast_arrays(a[:, None], b[None, :]))

    @cached_property
    def _decoded(self) -> Any:
        """The number of every product's code; a code that is no number belongs to operands that are none."""
        assert self.multiplier.product is not None
        known = numbers(self.multiplier.product)
        return np.array([known.get(code, 0) for code in self.multiplier.product.word], dtype=object)


def _computed(multiplier: Multiplier, a: Any, b: Any) -> Any:
    """The circuit run on bit patterns, int64."""
    words: list[Word] = []
    for patterns, operand in ((a, multiplier.a), (b, multiplier.b)):
        sign = 2 ** (operand.width - 1) if operand.signed else 0
        words.append(Word((patterns ^ sign) - sign, operand.width, operand.signed))
    return np.broadcast_to(multiplier(*words).value, a.shape)


def numbers(format: Format) -> dict[int, int]:
    """The number of every code that has one, in units of the format's grid."""
    found: dict[int, int] = {}
    for code in format.word:
        try:
            found[code] = int(format.decode(code) / power(format.grid or 0))
        except ValueError:
            continue
    return found
