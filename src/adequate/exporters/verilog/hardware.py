"""What is built in hardware: operators and word lengths. The network is not part of it; it comes as memory images."""

from dataclasses import dataclass, fields
from enum import IntEnum
from math import ceil
from typing import Any, NamedTuple

from adequate.formats import Overflow, Rounding, Underflow
from adequate.operators import Adder, Multiplier
from adequate.program import Rounder, ToFixed, ToFloat


class Function(IntEnum):
    """What becomes of the elements that the machine fetches for one element of a result."""

    MOVE = 0
    LARGEST = 1
    SUM = 2
    ROUND = 3
    THRESHOLD = 4
    COMBINE = 5
    MULTIPLY = 6
    LARGER = 7
    SMALLER = 8
    CLAMP = 9
    TABLE = 10
    DIVIDE = 11
    FLOAT_TABLE = 12

    @property
    def binary(self) -> bool:
        """Whether it takes an element from each of two tensors."""
        return self in (Function.COMBINE, Function.MULTIPLY, Function.LARGER, Function.SMALLER, Function.DIVIDE)

    @property
    def looks_up(self) -> bool:
        """Whether its parameter is an entry of a table, found by the element."""
        return self in (Function.TABLE, Function.FLOAT_TABLE)


class Order(IntEnum):
    """In which order a processing element adds its products."""

    SEQUENTIAL = 0
    BLOCKED = 1
    TREE = 2


@dataclass(frozen=True)
class RoundingKind:
    """A rounding circuit; its numbers (ends, factor, mantissa) come from memory. ``underflow`` None: to fixed point."""

    rounding: Rounding
    overflow: Overflow = Overflow.SATURATE
    underflow: Underflow | None = None

    @classmethod
    def of(cls, rounder: Rounder) -> "RoundingKind":
        """The circuit that a rounder needs."""
        if isinstance(rounder, ToFixed):
            return cls(rounder.rounding, rounder.overflow)
        return cls(rounder.rounding, underflow=rounder.underflow)


@dataclass(frozen=True)
class Sum:
    """A register that rounds after every addition, ``program.Register`` relative to its own unit.

    The units of products and of a bias are 2**``products`` and 2**``bias`` times the register's. ``product`` rounds
    products first: they come in units 2**(second) times its own, and leave with ``products`` of the register's.
    ``compensated``: with a second register for what is lost (see ``Accumulator``).
    """

    rounder: Rounder
    products: int
    bias: int
    product: tuple[Rounder, int] | None = None
    adder: Adder | None = None
    compensated: bool = False


@dataclass(frozen=True)
class Mac:
    """A multiplier and the register behind it: None an exact product, None an exact sum."""

    multiplier: Multiplier | None = None
    sum: Sum | None = None


class Addresses(NamedTuple):
    """Address bits of each memory."""

    data: int
    weights: int
    biases: int
    indices: int
    parameters: int
    instructions: int


@dataclass(frozen=True)
class Hardware:
    """The generated design: an array of ``rows`` x ``columns`` processing elements, a function unit, memories.

    Widths in bits: ``word`` of an element in data memory, ``sum`` of a processing element's sum, ``weight`` and
    ``bias`` of a lane of those memories, ``numerator`` and ``denominator`` of a rounding factor, ``factor`` of a
    weighted sum's factors, ``zero`` of a zero point (0: there are none). ``divides``: some denominator is no power of
    two. ``loads``: weights come from data memory too. ``levels``: partial sums kept beside a
    processing element's sum.
    """

    rows: int
    columns: int
    word: int
    sum: int
    weight: int
    bias: int
    numerator: int
    denominator: int
    divides: bool
    factor: int
    zero: int
    loads: bool
    levels: int
    orders: tuple[Order, ...]
    functions: tuple[Function, ...]
    roundings: tuple[RoundingKind, ...]
    macs: tuple[Mac, ...]
    addresses: Addresses

    def joined(self, other: "Hardware") -> "Hardware":
        """The least hardware that runs what either runs.

        Raises:
            ValueError: their arrays have different sizes.
        """
        if (self.rows, self.columns) != (other.rows, other.columns):
            raise ValueError(
                f"hardware of {self.rows} x {self.columns} processing elements does not join one of "
                f"{other.rows} x {other.columns}"
            )
        return Hardware(
            **{one.name: _joined(getattr(self, one.name), getattr(other, one.name)) for one in fields(self)}
        )

    @property
    def operand(self) -> int:
        """Width of what the function unit is given: an element, or a sum."""
        return max(self.word, self.sum)

    @property
    def ports(self) -> int:
        """Copies of the data memory, each read on its own."""
        binary = any(one.binary for one in self.functions)
        return max(self.rows if self.macs else 1, 1 + binary)


def ordered(kinds: Any) -> tuple[Any, ...]:
    """Each once, in an order of their own."""
    return tuple(sorted(set(kinds), key=repr))


def address_bits(size: int) -> int:
    """Bits of the addresses of so many words."""
    return max((size - 1).bit_length(), 1)


def merges(order: Order, terms: int, block: int) -> int:
    """Additions of partial sums that an order makes beyond one for each product."""
    return {Order.SEQUENTIAL: 0, Order.BLOCKED: ceil(terms / max(block, 1)), Order.TREE: terms - 1}[order]


def mantissa_of(rounder: Rounder) -> int:
    """Of a float; 0 of fixed point, where it says nothing."""
    return rounder.mantissa if isinstance(rounder, ToFloat) else 0


def _joined(a: Any, b: Any) -> Any:
    if isinstance(a, Addresses):
        return Addresses(*map(max, a, b))
    return ordered((*a, *b)) if isinstance(a, tuple) else max(a, b)
