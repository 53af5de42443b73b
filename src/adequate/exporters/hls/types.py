"""Ranges of integers, and the C++ types that hold them."""

from dataclasses import dataclass
from itertools import product

from adequate.program.value import bits

WIDEST = 127
"""The widest integer, in bits: what ``__int128`` holds, whether it is signed or not."""


@dataclass(frozen=True)
class Range:
    """All integers from ``low`` to ``high``.

    >>> Range(-3, 2) * Range(0, 10) + Range(1, 1)
    Range(low=-29, high=21)
    """

    low: int
    high: int

    def __add__(self, other: "Range") -> "Range":
        return Range(self.low + other.low, self.high + other.high)

    def __mul__(self, other: "Range") -> "Range":
        ends = [a * b for a, b in product((self.low, self.high), (other.low, other.high))]
        return Range(min(ends), max(ends))

    def __or__(self, other: "Range") -> "Range":
        """The smallest range that holds both."""
        return Range(min(self.low, other.low), max(self.high, other.high))

    def __contains__(self, other: "Range") -> bool:
        return self.low <= other.low and other.high <= self.high

    @property
    def magnitude(self) -> "Range":
        """0 up to the largest magnitude, both signs of it."""
        far = max(abs(self.low), abs(self.high))
        return Range(-far, far)


def only(*numbers: int) -> Range:
    """The smallest range that holds all of the numbers."""
    return Range(min(numbers), max(numbers))


def holding(wanted: Range, what: str) -> str:
    """The type of integers in a range; ``what`` they are, for the error.

    >>> holding(Range(0, 255), "a pixel"), holding(Range(-1, 255), "a difference")
    ('natural<8>', 'integer<9>')

    Raises:
        ValueError: they have more bits than ``WIDEST``.
    """
    width, signed = bits(wanted.low, wanted.high)
    if width > WIDEST:
        raise ValueError(f"{what} needs integers of {width} bits, and C++ has {WIDEST}: choose narrower formats")
    return f"{'integer' if signed else 'natural'}<{width}>"


def literal(n: int) -> str:
    """An integer as C++ writes it; beyond 64 bits in two parts.

    >>> literal(-5), literal(2**40), literal(2**70)
    ('-5', 'INT64_C(1099511627776)', '(moved_up(integer<128>(64), 64) + integer<128>(UINT64_C(0)))')
    """
    if abs(n) < 2**31:
        return str(n)
    if abs(n) < 2**63:
        return f"INT64_C({n})"
    high, low = divmod(n, 2**64)
    return f"(moved_up(integer<128>({literal(high)}), 64) + integer<128>(UINT64_C({low})))"
