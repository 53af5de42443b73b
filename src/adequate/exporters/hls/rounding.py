"""A program's rounders as C++."""

from dataclasses import dataclass

from adequate.exporters.hls.types import Range, holding, literal, only
from adequate.formats import Overflow, Underflow
from adequate.program.rounding import Rounder, ToFixed, ToFloat


@dataclass(frozen=True)
class Rounded:
    """Expressions for to(n / (d 2**places)) in integers of the type ``working``, which holds all of their parts."""

    to: Rounder
    n: Range
    working: str
    width: int

    def __call__(self, n: str, places: str = "0", d: str = "1") -> str:
        """The expression; at most one of ``places`` and ``d`` is other than trivial."""
        to, rule = self.to, f"rounding::{self.to.rounding.value}"
        number = f"{self.working}({n})"
        if isinstance(to, ToFloat):
            kind = f"underflow::{to.underflow.value}"
            d, places = f"{self.working}({d})", f"int({places})"
            high = f"{self.working}({literal(to.high)})"
            return f"to_float<{rule}, {kind}, {to.mantissa}, {self.width}>({number}, {d}, {places}, {high})"
        if d != "1":
            number = f"divided<{rule}>({number}, {self.working}({d}))"
        elif places != "0":
            number = f"moved_down<{rule}>({number}, int({places}))"
        elif self.n in Range(to.low, to.high):
            return number
        if to.overflow is Overflow.WRAP:
            return f"wrapped<{self.working}>({number}, {literal(to.low)}, {literal(to.high - to.low + 1)})"
        return f"clamped<{self.working}>({number}, {literal(to.low)}, {literal(to.high)})"


def rounded(to: Rounder, n: Range, what: str, *, places: int = 0, d: int = 1) -> Rounded:
    """For all n of a range, and divisors of at most so much; ``what`` is rounded, for the error.

    Raises:
        ValueError: it takes integers that are too wide, or wraps around what is no power of two.
    """
    far = max(abs(n.low), abs(n.high)) + 1
    working = only(-far, far, d, 2**places, -1, to.low, to.high)
    match to:
        case ToFixed(overflow=Overflow.WRAP):
            size = to.high - to.low + 1
            if size & (size - 1):
                raise ValueError(f"{what} wraps around {size} numbers, which is no power of two")
            working |= only(-far - to.low, far - to.low, size)
        case ToFloat():
            working |= only(-2 * far, 2 * far, d << (places + to.mantissa * (to.underflow is Underflow.NEAREST)))
        case _:
            pass
    return Rounded(to, n, holding(working, what), far.bit_length())
