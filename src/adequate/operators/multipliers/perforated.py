"""The multiplier with perforated partial products."""

from dataclasses import dataclass

from adequate.circuits import Word, sum_words
from adequate.formats.checks import require_int
from adequate.operators.multiplier import UnsignedMultiplier
from adequate.operators.multipliers.partial_products import partial_products


@dataclass(frozen=True)
class Perforated(UnsignedMultiplier):
    """Partial product perforation: ``count`` successive rows, from bit ``first`` of the weight on, are never made.

    T = a * (b without its bits first .. first + count - 1).
    Source: Zervakis et al. 2016, "Design-efficient approximate multiplication circuits through partial product
    perforation", IEEE TVLSI 24(10), section III (their j and k).

    >>> Perforated(8, 8, 1, 2)(Word(100, 8), Word(0b1111, 8)).value == 100 * 0b1001
    True
    """

    first: int
    count: int

    def __post_init__(self) -> None:
        super().__post_init__()
        require_int("first of perforated", self.first, 0, self.width_b - 1)
        require_int("count of perforated", self.count, 0, self.width_b - self.first)

    def __call__(self, a: Word, b: Word) -> Word:
        kept = [j for j in range(b.width) if not self.first <= j < self.first + self.count]
        return sum_words(partial_products(a, b, 0, kept)).resized(a.width + b.width)
