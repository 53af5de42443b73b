"""The Booth multiplier, exact or truncated."""

from dataclasses import dataclass
from typing import final

from adequate.circuits import Word, concat, constant, mux, sum_words
from adequate.formats.checks import require_int
from adequate.operators.multiplier import Multiplier, require_widths
from adequate.operators.operator import Operand


@dataclass(frozen=True)
class Booth(Multiplier):
    """The radix-4 Booth multiplier of two signed operands, without the bits of weight below 2**columns.

    The weight is recoded into digits d = -2 b[2j+1] + b[2j] + b[2j-1]; the row of a negative digit is the inverted row
    of -d and a 1 in column 2j. Everything below column ``columns`` is dropped, that 1 included (our choice; so are
    the digit -0, which is not inverted, and the sign extension in full).
    Source: MacSorley 1961, "High-speed arithmetic in binary computers", Proc. IRE 49(1).

    >>> from adequate.circuits import Word
    >>> Booth(8, 8)(Word(-128, 8, signed=True), Word(-128, 8, signed=True)).value
    16384
    """

    width_a: int
    width_b: int
    columns: int = 0

    def __post_init__(self) -> None:
        require_widths(self)
        require_int("columns of booth", self.columns, 0, self.width_a + self.width_b - 1)

    @property
    @final
    def a(self) -> Operand:
        return Operand(self.width_a, signed=True)

    @property
    @final
    def b(self) -> Operand:
        return Operand(self.width_b, signed=True)

    @property
    @final
    def product(self) -> None:
        return None

    def __call__(self, a: Word, b: Word) -> Word:
        bits = concat(Word(0, 1), b.resized(b.width + b.width % 2, signed=True))
        rows: list[Word] = []
        for place in range(0, bits.width - 1, 2):
            before, low, high = bits[place], bits[place + 1], bits[place + 2]
            one, two = low ^ before, (high ^ low) & ~(low ^ before)
            negative = high & ~(low & before)
            row = a.times_bit(one) | (a << 1).times_bit(two)
            row = mux(negative, ~row, row)
            rows.append((row >> max(self.columns - place, 0)) << max(self.columns, place))
            if place >= self.columns:
                rows.append(negative << place)
        return sum_words(rows or [constant(0)]).resized(a.width + b.width, signed=True)
