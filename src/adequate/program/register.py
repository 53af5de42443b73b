"""The accumulator of a program: additions of integers, each rounded to a register."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from adequate.circuits import Word
from adequate.formats import Fixed, Minifloat, Overflow, Underflow
from adequate.operators import Accumulator, Order
from adequate.program.rounding import Rounder, ToFixed, ToFloat, choose
from adequate.program.value import power


@dataclass(frozen=True)
class Register:
    """``Accumulator`` on integers: products in units of 2**``products``, a bias in units of 2**``bias``.

    The register holds integers in units of 2**``grid``. What is rounded is brought to the finer of the two grids first,
    so that an addition is one of integers and one rounding. ``limit``, in the register's units, is what no sum in it
    exceeds, whatever the image (see ``limited``); None: only the format bounds them.
    """

    accumulator: Accumulator
    products: int
    bias: int
    limit: int | None = None

    @property
    def grid(self) -> int:
        """The exponent of the register's unit: its format's, or a coarser one that all it ever holds are multiples of.

        Rounding to a float with gradual underflow makes multiples of a power of two into multiples of it.
        """
        format = self.accumulator.format
        if isinstance(format, Fixed) or format.underflow is not Underflow.GRADUAL:
            return format.grid
        entering = self.products if self.accumulator.product is None else self.accumulator.product.grid
        largest = int(format.maximum / power(format.grid))
        coarsest = format.grid + largest.bit_length() - format.man - 1  # the largest numbers are so far apart
        return max(format.grid, min(entering, self.bias, coarsest))

    @property
    def rounder(self) -> Rounder:
        """Rounding to the register."""
        format = self.accumulator.format
        found = rounder_of(format)
        if isinstance(found, ToFixed):
            return found
        high = found.high >> self.grid - format.grid
        return replace(found, high=high if self.limit is None else min(high, self.limit))

    def limited(self, products: int, bias: int, count: int) -> "Register":
        """The register of ``count`` products whose magnitudes add up to ``products`` at most; each in its own units.

        n additions, each rounded to m significant bits behind the first or to one step, make of magnitudes that add up
        to B at most (B + n)(1 + 2**-m)**n <= (B + n) 2**ceil(3/2 n 2**-m) steps, in any order. A compensated addition
        is four, on numbers that are less than 4 times as large.
        """
        format, first, unit = self.accumulator.format, self.accumulator.product, self.products
        if isinstance(format, Fixed):
            return self
        if isinstance(first, Fixed):
            products, unit = count * max(-first.word.start, first.word.stop), first.grid
        elif first is not None:
            products, unit = 2 * _in_units(products, unit, first.grid) + count * _step(first), first.grid
        compensated = self.accumulator.compensated
        additions = (2 * count + 2) * (4 if compensated else 1)  # with those of blocks or of a tree, and of the bias
        whole = _in_units(products, unit, self.grid) + _in_units(bias, self.bias, self.grid)
        growth = -(-3 * additions // 2 ** (format.man + 1)) + (2 if compensated else 0)
        return replace(self, limit=(whole + additions * _step(format)) << growth)

    def sum(self, terms: Any) -> Any:
        """The sum over the first dimension of ``terms``, in the accumulator's order."""
        chosen, unit = self.accumulator, self.products
        if chosen.product is not None:
            terms = _rounded(terms, unit, rounder_of(chosen.product), chosen.product.grid)
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
                level = list(_rounded(terms, unit, self.rounder, self.grid))
                while len(level) > 1:
                    pairs = [self.add(a, b, self.grid) for a, b in zip(level[::2], level[1::2], strict=False)]
                    level = [*pairs, *level[len(level) & ~1 :]]
                return level[0] if level else np.zeros(terms.shape[1:], dtype=object)

    def add(self, c: Any, term: Any, unit: int) -> Any:
        """One addition: the register ``c`` and a term in units of 2**``unit``."""
        adder, format = self.accumulator.adder, self.accumulator.format
        if adder is None:
            fine = min(unit, self.grid)
            return _rounded(c * 2 ** (self.grid - fine) + term * 2 ** (unit - fine), fine, self.rounder, self.grid)
        assert isinstance(format, Fixed)
        size = 2**format.bits
        words = [np.asarray(one % size, dtype=np.int64) for one in (c, _rounded(term, unit, self.rounder, self.grid))]
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


def _rounded(n: Any, unit: int, to: Rounder, grid: int) -> Any:
    """Integers in units of 2**``unit`` rounded to integers in units of 2**``grid``."""
    shift = unit - grid
    return to(n * 2**shift) if shift >= 0 else to(n, 2**-shift)


def _in_units(n: int, unit: int, wanted: int) -> int:
    """A number in units of 2**``unit`` in others, rounded up."""
    return n << unit - wanted if unit >= wanted else -(-n >> wanted - unit)


def _step(format: Minifloat) -> int:
    """How far, in units of its grid, a number below the normal ones is moved at most."""
    return 1 if format.underflow is Underflow.GRADUAL else 2**format.man
