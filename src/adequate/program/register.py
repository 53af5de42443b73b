"""The accumulator of a program: additions of integers, each rounded to a register."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from adequate.circuits import Word
from adequate.formats import Fixed, Minifloat, Overflow
from adequate.operators import Accumulator, Order
from adequate.program.rounding import Rounder, ToFixed, ToFloat, choose
from adequate.program.value import power


@dataclass(frozen=True)
class Register:
    """``Accumulator`` on integers: products in units of 2**``products``, a bias in units of 2**``bias``.

    The register holds integers in units of 2**``grid``, its format's. What is rounded is brought to the finer of the
    two grids first, so that an addition is one of integers and one rounding.
    """

    accumulator: Accumulator
    products: int
    bias: int

    @property
    def grid(self) -> int:
        """The exponent of the register's unit."""
        return self.accumulator.format.grid

    @property
    def rounder(self) -> Rounder:
        """Rounding to the register."""
        return rounder_of(self.accumulator.format)

    def sum(self, terms: Any) -> Any:
        """The sum over the first dimension of ``terms``, in the accumulator's order."""
        chosen, unit = self.accumulator, self.products
        if chosen.product is not None:
            terms = _rounded(terms, unit, chosen.product)
            unit = chosen.product.grid
        if chosen.compensated:
            return self._compensated(terms, unit)
        match chosen.order:
            case Order.SEQUENTIAL:
                return self._sequential(terms, unit)
            case Order.BLOCKED:
                size = chosen.block or 1
                blocks = [self._sequential(terms[k : k + size], unit) for k in range(0, len(terms), size)]
                return self._sequential(np.array(blocks, dtype=object).reshape(-1, *terms.shape[1:]), self.grid)
            case Order.TREE:
                level = list(_rounded(terms, unit, chosen.format))
                while len(level) > 1:
                    pairs = [self.add(a, b, self.grid) for a, b in zip(level[::2], level[1::2], strict=False)]
                    level = [*pairs, *level[len(level) & ~1 :]]
                return level[0] if level else np.zeros(terms.shape[1:], dtype=object)

    def add(self, c: Any, term: Any, unit: int) -> Any:
        """One addition: the register ``c`` and a term in units of 2**``unit``."""
        adder, format = self.accumulator.adder, self.accumulator.format
        if adder is None:
            fine = min(unit, self.grid)
            return _rounded(c * 2 ** (self.grid - fine) + term * 2 ** (unit - fine), fine, format)
        assert isinstance(format, Fixed)
        size = 2**format.bits
        words = [np.asarray(one % size, dtype=np.int64) for one in (c, _rounded(term, unit, format))]
        whole = adder(*(Word(one, format.bits) for one in np.broadcast_arrays(*words))).value.astype(object)
        code = whole % size
        if not format.signed:
            return choose(whole >= size, size - 1, code) if format.overflow is Overflow.SATURATE else code
        half = size // 2
        code = choose(code >= half, code - size, code)
        if format.overflow is Overflow.SATURATE:
            a, b = ((one.astype(object) + half) % size - half for one in words)
            code = choose((a >= 0) & (b >= 0) & (code < 0), half - 1, code)
            code = choose((a < 0) & (b < 0) & (code >= 0), -half, code)
        return np.maximum(code, format.word.start)

    def _sequential(self, terms: Any, unit: int) -> Any:
        c = np.zeros(terms.shape[1:], dtype=object)
        for term in terms:
            c = self.add(c, term, unit)
        return c

    def _compensated(self, terms: Any, unit: int) -> Any:
        """Kahan 1965, every operation rounded to the register."""
        c = error = np.zeros(terms.shape[1:], dtype=object)
        for term in terms:
            y = self.add(-error, term, unit)
            t = self.add(c, y, self.grid)
            error = self.add(self.add(t, -c, self.grid), -y, self.grid)
            c = t
        return c


def rounder_of(format: Fixed | Minifloat) -> Rounder:
    """Rounding to the numbers of a format, in units of its grid.

    Raises:
        ValueError: a float without a mantissa, whose ties no integer parity settles.
    """
    if isinstance(format, Fixed):
        return ToFixed(format.word.start, format.word.stop - 1, format.rounding, format.overflow)
    if format.man == 0:
        raise ValueError(f"{format} has no mantissa: no program rounds to it in arithmetic")
    return ToFloat(format.man, int(format.maximum / power(format.grid)), format.rounding, format.underflow)


def _rounded(n: Any, unit: int, format: Fixed | Minifloat) -> Any:
    """Integers in units of 2**``unit`` rounded to a format, in units of its grid."""
    shift = unit - format.grid
    return rounder_of(format)(n * 2**shift) if shift >= 0 else rounder_of(format)(n, 2**-shift)
