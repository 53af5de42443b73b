"""The register that sums the products of one output element."""

from dataclasses import dataclass
from enum import Enum

from adequate.formats import Fixed, Minifloat, Rounding
from adequate.formats.checks import require_int
from adequate.operators.adder import Adder

Register = Fixed | Minifloat
"""What a register holds."""

LONGEST_BLOCK = 2**31 - 1
"""The longest block."""


class Order(Enum):
    """In which order the products of one output element are added.

    k counts them: for a convolution input channel, then kernel row, then kernel column.
    """

    SEQUENTIAL = "sequential"
    """k = 0, 1, 2, ...: one register, from 0."""
    BLOCKED = "blocked"
    """Each block of ``block`` consecutive k sequentially from 0, then the blocks' sums sequentially from 0.

    Chunk-based accumulation: Wang et al. 2018, "Training deep neural networks with 8-bit floating point numbers",
    section 2.3. The last block has what is left.
    """
    TREE = "tree"
    """Neighbours are added, then neighbours among the sums, until one is left; a last one without a neighbour moves up.

    Nothing is fused here: every product enters the tree rounded to the register.
    """


@dataclass(frozen=True, slots=True)
class Accumulator:
    """A register of one format, rounded after every addition: c <- format(c + a b).

    ``product`` None: fused, the product exact; else it is rounded first, c <- format(c + product(a b)). These are
    MPTorch's two multiply-accumulates (QAffineFormats with ``fma`` and without).

    ``compensated``: Kahan's summation, every operation rounded to ``format``, from c = e = 0:
    y = format(a b - e), t = format(c + y), e <- format(format(t - c) - y), c <- t; the sum is c, and e is dropped
    (Kahan 1965, "Further remarks on reducing truncation errors", CACM 8(1)). With ``product`` y has the rounded one.

    ``adder`` adds the integer codes of a fixed-point register: the product is rounded to the register before. Of the
    sum the lowest bits are kept (wrap); a register that saturates becomes its end where the carry out is set
    (unsigned), or where two codes of one sign give the other (signed). It makes every addition, that to the first 0
    and that of a bias included.

    Without an accumulator a sum is exact and rounded once, by the layer's output format. Ristretto's float32
    accumulation (Gysel 2016, 9.4) is ``Accumulator(float(8,23))``.

    >>> print(Accumulator(Minifloat(5, 10), Order.BLOCKED, block=64, product=Minifloat(5, 10)))
    blocked(64) float(5,10), product float(5,10)

    Raises:
        ValueError: the register or ``product`` is neither fixed point nor a float, or rounds stochastically; a block
            without BLOCKED or the other way round; ``compensated`` in another order, with an adder or of fixed point,
            whose additions are exact already; an adder of a float or of another width.
    """

    format: Register
    order: Order = Order.SEQUENTIAL
    block: int | None = None
    product: Register | None = None
    compensated: bool = False
    adder: Adder | None = None

    def __post_init__(self) -> None:
        _require_rounding("format", self.format)
        if self.product is not None:
            _require_rounding("product", self.product)
        if not isinstance(self.order, Order):
            raise ValueError(f"order of an accumulator is one of {', '.join(map(str, Order))}, not {self.order!r}")
        if self.order is Order.BLOCKED:
            require_int("block of an accumulator", self.block, 1, LONGEST_BLOCK)
        elif self.block is not None:
            raise ValueError(f"order {self.order.value} of an accumulator has no block, not one of {self.block!r}")
        if self.compensated:
            self._require_compensable()
        if self.adder is not None:
            self._require_addable(self.adder)

    def __str__(self) -> str:
        order = f"blocked({self.block})" if self.order is Order.BLOCKED else self.order.value
        more = [
            "" if self.product is None else f", product {self.product}",
            ", compensated" if self.compensated else "",
            "" if self.adder is None else f", adder {self.adder}",
        ]
        return f"{order} {self.format}{''.join(more)}"

    def _require_compensable(self) -> None:
        if self.compensated is not True:
            raise ValueError(f"compensated of an accumulator is True or False, not {self.compensated!r}")
        if self.order is not Order.SEQUENTIAL:
            raise ValueError(f"a compensated accumulator adds in the order sequential, not {self.order.value}")
        if not isinstance(self.format, Minifloat):
            raise ValueError(f"a compensated accumulator is a float; additions in {self.format} lose nothing but range")

    def _require_addable(self, adder: Adder) -> None:
        if not isinstance(adder, Adder):
            raise ValueError(f"adder of an accumulator is an adder such as ripple(16), not {adder}")
        if not isinstance(self.format, Fixed):
            raise ValueError(f"{adder} adds integer codes: it needs a register fixed(...), not {self.format}")
        if adder.width != self.format.bits:
            raise ValueError(f"{adder} adds {adder.width} bits; a register {self.format} needs {self.format.bits}")


def _require_rounding(what: str, format: object) -> None:
    """``format`` is fixed point or a float, with a rounding that needs no generator."""
    if not isinstance(format, Fixed | Minifloat):
        raise ValueError(f"{what} of an accumulator is fixed(bits,frac) or float(exp,man), not {format}")
    if format.rounding is Rounding.STOCHASTIC:
        raise ValueError(f"{what} of an accumulator rounds by a fixed rule; {format} would need a generator")
