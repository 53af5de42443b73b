"""The array multiplier without its lowest columns."""

from dataclasses import dataclass

from adequate.circuits import Word, constant, sum_words
from adequate.formats.checks import require_int
from adequate.operators.multiplier import UnsignedMultiplier
from adequate.operators.multipliers.partial_products import partial_products


@dataclass(frozen=True)
class TruncatedArray(UnsignedMultiplier):
    """An array multiplier without the partial products of weight below 2**columns, or with a constant in their place.

    ``corrected`` adds the expected value of what is dropped, each partial product being 1 in a quarter of all pairs,
    rounded to a multiple of 2**columns: sum of 2**(i+j-2), i + j < columns.
    Source: Schulte and Swartzlander 1993, "Truncated multiplication with correction constant", VLSI Signal Processing
    VI; their constant also makes up for a final rounding, which we do not have.

    >>> TruncatedArray(8, 8, 4)(Word(255, 8), Word(255, 8)).value == 255 * 255 - (1 + 2 * 2 + 3 * 4 + 4 * 8)
    True
    """

    columns: int
    corrected: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        require_int("columns of truncated_array", self.columns, 0, self.width_a + self.width_b - 1)

    @property
    def correction(self) -> int:
        """The constant: the expected value of the dropped partial products; half a multiple is rounded up."""
        places = [i + j for i in range(self.width_a) for j in range(self.width_b) if i + j < self.columns]
        expected_times_4 = sum(2**place for place in places)
        return (expected_times_4 + 2 ** (self.columns + 1)) >> (self.columns + 2) << self.columns

    def __call__(self, a: Word, b: Word) -> Word:
        rows = partial_products(a, b, self.columns, range(b.width))
        if self.corrected:
            rows.append(constant(self.correction))
        return sum_words(rows).resized(a.width + b.width)
