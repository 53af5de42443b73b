"""An array multiplier of any adder."""

from dataclasses import dataclass

from adequate.circuits import Word
from adequate.formats.checks import require_int
from adequate.operators.adder import Adder
from adequate.operators.multiplier import UnsignedMultiplier
from adequate.operators.multipliers.partial_products import partial_products


@dataclass(frozen=True)
class AdderArray(UnsignedMultiplier):
    """The rows a * b[j] * 2**j, exact, added one after the other, j ascending, by an adder as wide as the product.

    The lowest width_a + width_b bits are kept. Our composition; with ``lower_or`` it is the LOA-based array.

    >>> from adequate.operators.adders import Ripple
    >>> AdderArray(8, 8, Ripple(16))(Word(200, 8), Word(100, 8)).value
    20000
    """

    adder: Adder

    def __post_init__(self) -> None:
        super().__post_init__()
        width = self.width_a + self.width_b
        require_int("width of the adder of adder_array", self.adder.width, width, width)

    def __call__(self, a: Word, b: Word) -> Word:
        total, *rows = [row.resized(self.adder.width) for row in partial_products(a, b, 0, range(b.width))]
        for row in rows:
            total = self.adder(total, row)[: self.adder.width]
        return total
