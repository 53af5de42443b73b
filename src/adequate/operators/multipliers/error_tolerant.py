"""The error-tolerant multiplier."""

from dataclasses import dataclass

from adequate.circuits import Word, concat, mux
from adequate.formats.checks import require_int
from adequate.operators.multiplier import UnsignedMultiplier


@dataclass(frozen=True)
class ErrorTolerant(UnsignedMultiplier):
    """The error-tolerant multiplier (ETM): one short multiplier for the upper parts, or for the lower ones alone.

    Each operand is split above its ``split`` lowest bits. Where both upper parts are 0 the lower ones are multiplied;
    else the upper ones are, and of the 2 * split product bits below, from the highest lower bit set in either operand
    on, all are 1: bit split + i is 1 if a bit i or above is set, the lowest ``split`` bits if any is.
    Source: Kyaw, Goh and Yeo 2010, "Low-power high-speed multiplier for error-tolerant application", EDSSC, section II;
    the paper was not at hand, the lower bits are those of its public RTL in NEURAghe (``etm.sv``, commit dd6cfc8).

    >>> ErrorTolerant(8, 8, 4)(Word(0x14, 8), Word(0x20, 8)).value == 0x200 + 0x7F
    True
    """

    split: int

    def __post_init__(self) -> None:
        super().__post_init__()
        require_int("split of error_tolerant", self.split, 1, min(self.width_a, self.width_b) - 1)

    def __call__(self, a: Word, b: Word) -> Word:
        s = self.split
        either = a[:s] | b[:s]
        filled = concat(*(either.any() for _ in range(s)), *(either[i:].any() for i in range(s)))
        upper = a[s:].any() | b[s:].any()
        return mux(upper, concat(filled, a[s:] * b[s:]), a[:s] * b[:s])
