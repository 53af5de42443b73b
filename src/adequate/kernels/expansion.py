"""Sums of float64 tensors without rounding error, rounded once at the end.

A sum that float64 cannot hold is returned *rounded to odd*: of the two neighbours the one with an odd significand.
Rounding such a value again, to any format of at most 51 significant bits, gives what rounding the exact sum gives
(Boldo and Melquiond 2008, "Emulation of FMA and correctly rounded sums: proved algorithms using rounding to odd",
theorem 1).
"""

from collections.abc import Sequence

import torch
from torch import Tensor

DIGITS = 51
"""Significant bits of the widest format that rounds a sum rounded to odd as it would the exact sum."""


def two_sum(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """s = a + b rounded, and the error e with a + b = s + e exactly (Knuth, TAOCP vol. 2, 4.2.2, theorem B)."""
    s = a + b
    back = s - a
    return s, (a - (s - back)) + (b - back)


def halves(a: Tensor) -> tuple[Tensor, Tensor]:
    """a = high + low, of at most 26 significant bits each (Veltkamp's splitting)."""
    scaled = a * 134217729.0  # 2**27 + 1
    high = scaled - (scaled - a)
    return high, a - high


def two_product(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """p = a * b rounded, and the error e with a * b = p + e exactly (Dekker 1971, by Veltkamp's splitting)."""
    p = a * b
    a_high, a_low = halves(a)
    b_high, b_low = halves(b)
    return p, ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low


def to_odd(high: Tensor, low: Tensor) -> Tensor:
    """high + low rounded to odd, where |low| <= ulp(high) / 2."""
    even = (high.view(torch.int64) & 1) == 0
    toward = torch.where(low > 0, torch.inf, -torch.inf).to(high.dtype)
    return torch.where((low != 0) & even, torch.nextafter(high, toward), high)


def odd_sum(parts: Sequence[Tensor]) -> Tensor:
    """The sum of float64 tensors: exact where float64 holds it, else rounded to odd.

    As many error-free passes as there are parts leave components of which each is at most half an ulp of the next
    (Ogita, Rump and Oishi 2005, "Accurate sum and dot product", VecSum); they are then added from the smallest up,
    every sum rounded to odd.
    """
    components = list(parts)
    for _ in range(len(components) - 1):
        for i in range(1, len(components)):
            components[i], components[i - 1] = two_sum(components[i], components[i - 1])
    total = components[0]
    for component in components[1:]:
        total = to_odd(*two_sum(component, total))
    return total


def odd_quotient(a: Tensor, b: Tensor) -> Tensor:
    """a / b: exact where float64 holds it, else rounded to odd.

    The remainder a - q b of the rounded quotient q is a float64 number, whose sign says on which side of q the exact
    quotient is (Boldo and Daumas 2003, "Representable correcting terms for possibly underflowing floating point
    operations"). It may be rounded again as the sums may.
    """
    q = a / b
    product, error = two_product(q, b)
    remainder = (a - product) - error
    return to_odd(q, remainder * b.sign())
