"""The static segment multiplier."""

from dataclasses import dataclass

from adequate.circuits import Word, mux
from adequate.formats.checks import require_int
from adequate.operators.multiplier import UnsignedMultiplier


@dataclass(frozen=True)
class StaticSegment(UnsignedMultiplier):
    """The static segment method (SSM): of each operand the upper or the lower ``segment`` bits are multiplied.

    The upper ones if a bit above the lower segment is set, else the lower ones, which are then all there is.
    Source: Narayanamoorthy et al. 2015, "Energy-efficient approximate multiplication for digital signal processing and
    classification applications", IEEE TVLSI 23(6), section III (segment >= width / 2).

    >>> StaticSegment(8, 8, 4)(Word(0x5A, 8), Word(0x0B, 8)).value == 0x50 * 0x0B
    True
    """

    segment: int

    def __post_init__(self) -> None:
        super().__post_init__()
        widest, narrowest = max(self.width_a, self.width_b), min(self.width_a, self.width_b)
        require_int("segment of static_segment", self.segment, (widest + 1) // 2, narrowest)

    def __call__(self, a: Word, b: Word) -> Word:
        m = self.segment
        upper_a, upper_b = a[m:].any(), b[m:].any()
        product = mux(upper_a, a[-m:], a[:m]) * mux(upper_b, b[-m:], b[:m])
        product = mux(upper_a, product << (a.width - m), product)
        return mux(upper_b, product << (b.width - m), product)
