"""From one scale to another with integers only: a multiplication and a shift."""

from math import frexp, ldexp

import torch
from torch import Tensor

from adequate.kernels.expansion import halves, to_odd, two_product

MULTIPLIER_BITS = 31
"""Width of the integer multiplier that stands for a scale that is no power of two (Jacob et al. 2018, 2.2)."""


def multiplier(ratio: float) -> float:
    """The number M * 2**-n nearest to ``ratio``, with an integer M of ``MULTIPLIER_BITS`` bits, ties to even.

    >>> multiplier(0.25), multiplier(1 / 3) == 1 / 3
    (0.25, False)
    """
    mantissa, exponent = frexp(ratio)
    return ldexp(round(ldexp(mantissa, MULTIPLIER_BITS)), exponent - MULTIPLIER_BITS)


def rescale(sums: Tensor, ratios: Tensor) -> Tensor:
    """sums * multiplier(ratio) in float64, exact or rounded to odd; ``ratios`` broadcasts against ``sums``.

    A ratio that float64 does not hold comes rounded to odd (``expansion.odd_quotient``). Float32 sums times either half
    of a multiplier are exact, and the larger product comes first (Dekker 1971).
    """
    factors = torch.tensor([multiplier(r) for r in ratios.flatten().tolist()], dtype=torch.float64)
    factors = factors.reshape(ratios.shape).to(sums.device)
    if sums.dtype is not torch.float32:
        return to_odd(*two_product(*torch.broadcast_tensors(sums.double(), factors)))
    wide, (high, low) = sums.double(), halves(factors)
    larger, smaller = wide * high, wide * low
    total = larger + smaller
    return to_odd(total, smaller - (total - larger))
