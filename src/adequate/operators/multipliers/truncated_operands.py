"""The exact product of shortened operands."""

from dataclasses import dataclass

from adequate.circuits import Word
from adequate.formats.checks import require_int
from adequate.operators.multiplier import UnsignedMultiplier


@dataclass(frozen=True)
class TruncatedOperands(UnsignedMultiplier):
    """The exact product of the operands without their ``drop_a`` and ``drop_b`` lowest bits.

    T = floor(a / 2**drop_a) * floor(b / 2**drop_b) * 2**(drop_a + drop_b). The common baseline; no one source.

    >>> TruncatedOperands(8, 8, 4, 0)(Word(0x5A, 8), Word(3, 8)).value == 0x50 * 3
    True
    """

    drop_a: int
    drop_b: int

    def __post_init__(self) -> None:
        super().__post_init__()
        require_int("drop_a of truncated_operands", self.drop_a, 0, self.width_a)
        require_int("drop_b of truncated_operands", self.drop_b, 0, self.width_b)

    def __call__(self, a: Word, b: Word) -> Word:
        return (a[self.drop_a :] * b[self.drop_b :]) << (self.drop_a + self.drop_b)
