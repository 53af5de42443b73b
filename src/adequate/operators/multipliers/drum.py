"""The dynamic range unbiased multiplier."""

from dataclasses import dataclass

from adequate.circuits import Word
from adequate.formats.checks import require_int
from adequate.operators.multiplier import UnsignedMultiplier
from adequate.operators.multipliers.leading_one import beyond, leading_one


@dataclass(frozen=True)
class Drum(UnsignedMultiplier):
    """The dynamic range unbiased multiplier (DRUM): ``segment`` bits from each operand's leading one are multiplied.

    Where bits are cut off, the segment's lowest bit is set to 1, the expected value of what is lost. An operand of at
    most ``segment`` bits is exact.
    Source: Hashemi, Bahar and Reda 2015, "DRUM: a dynamic range unbiased multiplier for approximate applications",
    ICCAD, section III.

    >>> Drum(8, 8, 3)(Word(0b0101_0011, 8), Word(1, 8)).value == 0b0101_0000
    True
    >>> Drum(8, 8, 3)(Word(0b0100_0011, 8), Word(1, 8)).value == 0b0101_0000
    True
    """

    segment: int

    def __post_init__(self) -> None:
        super().__post_init__()
        require_int("segment of drum", self.segment, 1, min(self.width_a, self.width_b))

    def __call__(self, a: Word, b: Word) -> Word:
        short_a, cut_a = self._segment(a)
        short_b, cut_b = self._segment(b)
        return (short_a * short_b).shift_left(cut_a + cut_b).resized(a.width + b.width)

    def _segment(self, a: Word) -> tuple[Word, Word]:
        cut = beyond(leading_one(a), self.segment - 1, a.width - self.segment)
        return a.shift_right(cut)[: self.segment] | cut.any(), cut
