"""The exponent of a number, exact where ``log2`` is not; of floats by their bits, which is quick too."""

from fractions import Fraction

import torch
from torch import Tensor

_LAYOUT = {torch.float32: (torch.int32, 23, 127), torch.float64: (torch.int64, 52, 1023)}  # IEEE 754-2019, table 3.5


def binade(x: Tensor) -> Tensor:
    """``2**floor(log2|x|)`` in the dtype of ``x`` (float32 or float64); 0 where ``|x|`` is below its normal range."""
    integer, man, bias = _LAYOUT[x.dtype]
    return (x.view(integer) & ((2 * bias + 1) << man)).view(x.dtype)


def exponent(x: Tensor) -> Tensor:
    """``floor(log2|x|)`` as int64 for normal float32 or float64 numbers; the least exponent less 1 below those."""
    integer, man, bias = _LAYOUT[x.dtype]
    return ((x.view(integer) >> man) & (2 * bias + 1)).to(torch.int64) - bias


def settle_ties(x: Tensor, parity: int) -> Tensor:
    """``x``, but ``±1.5 * 2**k`` becomes ``±2**k`` where ``k % 2 == parity``.

    Between powers of two the codes alternate with the exponent, so the tie at ``1.5 * 2**k`` belongs to ``2**k`` when
    ``k`` has the even code; rounded half to even afterwards, all other ties go up, to the even code above.
    """
    power = binade(x)
    down = (x.abs() == 1.5 * power) & ((exponent(x) & 1) == parity)
    return torch.where(down, power.copysign(x), x)


def floor_log2(x: Fraction) -> int:
    """The largest ``k`` with ``2**k <= x``, for positive ``x``."""
    guess = x.numerator.bit_length() - x.denominator.bit_length()
    return guess if Fraction(2) ** guess <= x else guess - 1


def ceil_log2(x: Fraction) -> int:
    """The smallest ``k`` with ``2**k >= x``, for positive ``x``."""
    return -floor_log2(1 / x)
