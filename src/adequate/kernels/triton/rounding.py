"""A register's rounding by two additions: how a format looks to a kernel, and the arithmetic around it.

For a multiple of a step between -2**(p - 2) and 2**(p - 2) steps, p the digits of a lane (24 or 53), the two additions
(s + m) - m with m = 1.5 * 2**(p - 1) * step round s to the nearest multiple, ties to even, always with zero as +0.0:
s + m lies between 2**(p - 1) and 2**p steps, where the lane's own step is that one.
"""
# pyright: reportAttributeAccessIssue=false
# Triton's annotations know neither launch options, its own range, nor what a constant holds.

from math import inf
from typing import NamedTuple

import triton
import triton.language as tl

from adequate.formats import Fixed, Format, Minifloat, Overflow, Rounding, Underflow

DIGITS = {"float32": 24, "float64": 53}
LARGEST = {"float32": 2.0**127, "float64": 2.0**1023}
LEAST = {"float32": 2.0**-126, "float64": 2.0**-1022}
"""Normal numbers."""


class Steps(NamedTuple):
    """A format as a kernel needs it, in lanes of one type: a constant when the kernel is compiled.

    ``magic`` is m for a step of 1 in a float's binade of 1 or in fixed point; a float's m is that times the binade of
    s, at least that of ``smallest``. ``span`` is None where the register saturates between ``low`` and ``high``; else
    it wraps modulo ``span``, and ``span_magic`` is the m of that.
    """

    magic: float
    smallest: float | None
    low: float
    high: float
    span: float | None
    span_magic: float

    @property
    def peak(self) -> float:
        """The largest magnitude."""
        return max(-self.low, self.high)

    @property
    def reach(self) -> float:
        """The largest magnitude that is rounded right: any if it is clamped before, else 2**(p - 2) steps."""
        return inf if self.span is None else self.magic / 3


def steps(format: Format, lane: str) -> Steps | None:
    """``format`` in lanes of float32 or float64; None where its rounding is another, or a lane too narrow for it.

    A lane has two digits more than the format, so that sums rounded to odd round as the exact ones (``expansion``).
    """
    if max(-format.minimum, format.maximum) > LARGEST[lane]:
        return None
    p, low, high = DIGITS[lane], float(format.minimum), float(format.maximum)
    match format:
        case Minifloat(rounding=Rounding.NEAREST_EVEN, underflow=Underflow.GRADUAL, man=man) if man:
            smallest = 2.0**format.min_exponent
            magic, span = 1.5 * 2.0 ** (p - 1 - man), None
            widest, least = magic * high, smallest * 2.0**-man
        case Fixed(rounding=Rounding.NEAREST_EVEN):
            smallest, least = None, 2.0**-format.frac
            magic = 1.5 * 2.0 ** (p - 1) * least
            span = 2.0**format.bits * least if format.overflow is Overflow.WRAP else None
            widest = magic * 2.0**format.bits
        case _:
            return None
    if format.digits > p - 2 or least < LEAST[lane] or widest > LARGEST[lane]:
        return None
    return Steps(magic, smallest, low, high, span, 0.0 if span is None else 1.5 * 2.0 ** (p - 1) * span)


@triton.jit
def odd_sum(a, b):
    """a + b: exact where a lane holds it, else rounded to odd (Knuth's two_sum, then as ``expansion.to_odd``)."""
    total = a + b
    back = total - a
    error = (a - (total - back)) + (b - back)
    if total.dtype == tl.float64:
        bits, sign = total.to(tl.int64, bitcast=True), error.to(tl.int64, bitcast=True)
    else:
        bits, sign = total.to(tl.int32, bitcast=True), error.to(tl.int32, bitcast=True)
    toward = tl.where((bits ^ sign) < 0, bits - 1, bits + 1)
    bits = tl.where((error != 0) & ((bits & 1) == 0), toward, bits)
    return bits.to(total.dtype, bitcast=True)


@triton.jit
def rounded(s, STEPS: tl.constexpr):
    """``s``, exact or rounded to odd, as the nearest value of a format."""
    if STEPS.span is None:
        s = tl.minimum(tl.maximum(s, tl.full(s.shape, STEPS.low, s.dtype)), tl.full(s.shape, STEPS.high, s.dtype))
    magic = tl.full(s.shape, STEPS.magic, s.dtype)
    if STEPS.smallest is not None:
        if s.dtype == tl.float64:
            binade = (s.to(tl.int64, bitcast=True) & 0x7FF0000000000000).to(s.dtype, bitcast=True)
        else:
            binade = (s.to(tl.int32, bitcast=True) & 0x7F800000).to(s.dtype, bitcast=True)
        magic *= tl.maximum(binade, tl.full(s.shape, STEPS.smallest, s.dtype))
    s = (s + magic) - magic
    if STEPS.span is not None:
        turns = tl.full(s.shape, STEPS.span_magic, s.dtype)
        span = tl.full(s.shape, STEPS.span, s.dtype)
        s -= (s + turns) - turns
        s = tl.where(s > STEPS.high, s - span, s)
        s = tl.where(s < STEPS.low, s + span, s)
    return s
