"""Powers of a positive number by its leading bits.

u is rounded half to even to ``LEADING`` significant bits; a table has for each such number f * u**e, rounded half to
even to ``RESULT`` significant bits. With h = 2**-LEADING and r = 2**-RESULT the relative error is at most
(1 - h)**-|e| (1 + r) - 1, about |e| h + r.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import frexp, ldexp

import torch
from torch import Tensor

LEADING = 11
"""Significant bits of the argument, our choice: 1024 entries an octave."""

RESULT = 16
"""Significant bits of an entry, our choice: those of the product with 16-bit numbers fit float32's exponents."""

MOST_ENTRIES = 2**16
"""Entries of the largest table."""


@dataclass(frozen=True)
class Power:
    """u -> factor * u**exponent for low <= u <= high, which are positive."""

    exponent: float
    factor: float
    low: float
    high: float

    @property
    def entries(self) -> int:
        """Numbers of ``LEADING`` bits from ``low`` to ``high``, at most."""
        return (self._octaves[1] - self._octaves[0] + 1) * 2 ** (LEADING - 1) + 1

    def of(self, u: float) -> float:
        """The entry of a number of ``LEADING`` bits."""
        mantissa, exponent = frexp(self.factor * u**self.exponent)
        return ldexp(round(ldexp(mantissa, RESULT)), exponent - RESULT)

    def __call__(self, u: Tensor) -> Tensor:
        """The entries of float64 numbers, which may have been rounded to odd."""
        mantissa, octave = torch.frexp(u)
        steps = torch.round(mantissa * 2.0**LEADING).long()  # 2**LEADING: the first of the next octave
        first = 2 ** (LEADING - 1)
        return self._table.to(u.device)[(octave - self._octaves[0]) * first + steps - first]

    @property
    def _octaves(self) -> tuple[int, int]:
        return frexp(self.low)[1], frexp(self.high)[1]

    @cached_property
    def _table(self) -> Tensor:
        return _tabulated(self)


@lru_cache(maxsize=32)
def _tabulated(power: Power) -> Tensor:
    start, first = frexp(power.low)[1] - LEADING, 2 ** (LEADING - 1)
    places = range(power.entries)
    numbers = (ldexp(first + at % first, start + at // first) for at in places)
    return torch.tensor([power.of(u) for u in numbers], dtype=torch.float64)
