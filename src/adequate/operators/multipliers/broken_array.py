"""The broken-array multiplier."""

from dataclasses import dataclass

from adequate.circuits import Word, sum_words
from adequate.formats.checks import require_int
from adequate.operators.multiplier import UnsignedMultiplier
from adequate.operators.multipliers.partial_products import partial_products


@dataclass(frozen=True)
class BrokenArray(UnsignedMultiplier):
    """The broken-array multiplier (BAM): the cells above a horizontal and right of a vertical line are left out.

    The partial products a[i] * b[j] with j < ``horizontal`` or i + j < ``vertical`` are 0.
    Source: Mahdiani et al. 2010, "Bio-inspired imprecise computational blocks", IEEE TCAS I 57(4), section II-C.

    >>> BrokenArray(8, 8, horizontal=2, vertical=4)(Word(255, 8), Word(255, 8)).value == 255 * 252 - (8 + 4 + 8)
    True
    """

    horizontal: int = 0
    vertical: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        require_int("horizontal of broken_array", self.horizontal, 0, self.width_b)
        require_int("vertical of broken_array", self.vertical, 0, self.width_a + self.width_b - 1)

    def __call__(self, a: Word, b: Word) -> Word:
        rows = partial_products(a, b, self.vertical, range(self.horizontal, b.width))
        return sum_words(rows).resized(a.width + b.width)
