"""The adder without its lowest bits."""

from dataclasses import dataclass

from adequate.circuits import Word
from adequate.formats.checks import require_int
from adequate.operators.adder import Adder


@dataclass(frozen=True)
class TruncatedSum(Adder):
    """The sum of the upper bits; the ``lower`` bits are dropped from both operands, and 0 in the sum (our choice).

    >>> TruncatedSum(8, 4)(Word(0x1F, 8), Word(0x2F, 8)).value == 0x30
    True
    """

    lower: int

    def __post_init__(self) -> None:
        super().__post_init__()
        require_int("lower of truncated_sum", self.lower, 0, self.width)

    def __call__(self, a: Word, b: Word) -> Word:
        return (a[self.lower :] + b[self.lower :]) << self.lower
