"""The Baugh-Wooley multiplier, partial products left out."""

from dataclasses import dataclass
from typing import final

from adequate.circuits import Word, constant, sum_words
from adequate.formats.checks import require_int
from adequate.operators.multiplier import Multiplier, require_widths
from adequate.operators.operator import Operand


@dataclass(frozen=True)
class BaughWooley(Multiplier):
    """The array multiplier of two signed operands, without some partial products.

    T = sum of s(i,j) * 2**(i+j) * a[i] * b[j], with s = -1 where exactly one of a[i], b[j] is a sign bit, else 1,
    over the pairs kept: those with i + j >= ``columns``, i >= ``rows_a`` and j >= ``rows_b``. A negative partial
    product enters inverted and a constant makes up for it. The signed multipliers 1K.. and 1L.. of EvoApprox8b are of
    this form.
    Source: Baugh and Wooley 1973, "A two's complement parallel array multiplication algorithm", IEEE Trans. Computers
    C-22(12), in the form with inverted partial products (Hatamian and Cash 1986).

    >>> from adequate.circuits import Word
    >>> BaughWooley(8, 8)(Word(-128, 8, signed=True), Word(127, 8, signed=True)).value
    -16256
    >>> BaughWooley(8, 8, rows_a=3)(Word(7, 8, signed=True), Word(127, 8, signed=True)).value
    0
    """

    width_a: int
    width_b: int
    columns: int = 0
    rows_a: int = 0
    rows_b: int = 0

    def __post_init__(self) -> None:
        require_widths(self)
        require_int("columns of baugh_wooley", self.columns, 0, self.width_a + self.width_b - 1)
        require_int("rows_a of baugh_wooley", self.rows_a, 0, self.width_a)
        require_int("rows_b of baugh_wooley", self.rows_b, 0, self.width_b)

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
        bits, width, makeup = a[:], a.width + b.width, 0
        rows: list[Word] = []
        for j in range(self.rows_b, b.width):
            lowest = max(self.columns - j, self.rows_a)
            if lowest >= a.width:
                continue
            row = bits[lowest:].times_bit(b[j])
            sign = 2 ** (row.width - 1)  # the place of the sign bit of a
            inverted = sign - 1 if j == b.width - 1 else sign
            rows.append((row ^ Word(inverted, row.width)) << (lowest + j))
            makeup -= inverted << (lowest + j)
        return sum_words([*rows, constant(makeup % 2**width)]).resized(width, signed=True)
