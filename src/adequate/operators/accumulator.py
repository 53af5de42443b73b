"""The register that sums the products of one output element."""

from dataclasses import dataclass
from enum import Enum

from adequate.formats import Format


class Order(Enum):
    """In which order the products of one output element are added."""

    SEQUENTIAL = "sequential"
    """k = 0, 1, 2, ...: for a convolution input channel, then kernel row, then kernel column."""


@dataclass(frozen=True, slots=True)
class Accumulator:
    """A register of one format, rounded after every addition: c <- format(c + a * b), the product exact.

    Without an accumulator a sum is exact and rounded once, by the layer's output format. Ristretto's float32
    accumulation (Gysel 2016, 9.4) is ``Accumulator(float(8,23))``. The rounding after every step is MPTorch's fused
    multiply-add (QAffineFormats with a single ``mac`` format).
    """

    format: Format
    order: Order = Order.SEQUENTIAL

    def __str__(self) -> str:
        return f"{self.order.value} {self.format}"
