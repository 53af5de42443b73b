"""The lower-part OR adder."""

from dataclasses import dataclass

from adequate.circuits import Word, concat, constant
from adequate.formats.checks import require_int
from adequate.operators.adder import Adder


@dataclass(frozen=True)
class LowerOr(Adder):
    """The lower-part OR adder (LOA): OR gates below, an exact adder above.

    The ``lower`` bits are a | b; the upper ones are added exactly, with the AND of the highest lower bits as carry in.
    Source: Mahdiani et al. 2010, "Bio-inspired imprecise computational blocks", IEEE TCAS I 57(4), section II-B.

    >>> LowerOr(8, 4)(Word(0b0001_1000, 8), Word(0b0010_1001, 8)).value == 0b0100_1001
    True
    """

    lower: int

    def __post_init__(self) -> None:
        super().__post_init__()
        require_int("lower of lower_or", self.lower, 0, self.width)

    def __call__(self, a: Word, b: Word) -> Word:
        low = a[: self.lower] | b[: self.lower]
        carry = a[self.lower - 1] & b[self.lower - 1] if self.lower else constant(0)
        high = a[self.lower :] + b[self.lower :] + carry
        return concat(low, high).resized(self.width + 1)
