"""Mitchell's logarithmic multiplier."""

from dataclasses import dataclass

from adequate.circuits import Word, concat, constant
from adequate.formats.checks import require_int
from adequate.operators.multiplier import UnsignedMultiplier
from adequate.operators.multipliers.leading_one import leading_one


@dataclass(frozen=True)
class Mitchell(UnsignedMultiplier):
    """The logarithmic multiplier: logarithms by log2(2**k * (1 + f)) ~ k + f, added, and turned back likewise.

    T = floor(2**(k1+k2) * (1 + f1 + f2)) where f1 + f2 < 1, else floor(2**(k1+k2+1) * (f1 + f2)); 0 if an operand is.
    ``fraction`` is the number of fraction bits that are kept, the rest is dropped; None: all.
    Source: Mitchell 1962, "Computer multiplication and division using binary logarithms", IRE Trans. Electronic
    Computers EC-11(4), eqs. 8-10 and 25.

    >>> Mitchell(8, 8)(Word(3, 8), Word(3, 8)).value, Mitchell(8, 8)(Word(4, 8), Word(5, 8)).value
    (8, 20)
    """

    fraction: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.fraction is not None:
            require_int("fraction of mitchell", self.fraction, 0, self._all)

    @property
    def _all(self) -> int:
        return max(self.width_a, self.width_b) - 1

    def __call__(self, a: Word, b: Word) -> Word:
        kept = self._all if self.fraction is None else self.fraction
        total = self._logarithm(a, kept) + self._logarithm(b, kept)
        mantissa = concat(total[:kept], constant(1))
        power = mantissa.shift_left(total[kept:])[kept:]
        return power.times_bit(a.any() & b.any()).resized(a.width + b.width)

    def _logarithm(self, a: Word, kept: int) -> Word:
        place, top = leading_one(a), a.width - 1
        fraction = a.shift_left((constant(top) - place)[: place.width])[:top] << (self._all - top)
        return concat(fraction[self._all - kept :], place)
