"""Dividing by a scale so that rounding the quotient rounds the exact quotient."""

import torch
from torch import Tensor


def quotient(x: Tensor, scale: Tensor) -> Tensor:
    """``x / scale`` in float64, on the same side of every short number as the exact quotient, and never infinite.

    A short number has at most 24 significant bits; all values and midpoints of a format of 23 bits or fewer are short.
    So a format rounds the result to the value it would round the exact quotient to, ties included.

    Float32 ``x`` (or narrower) over a float32 scale s: let x / s differ from the short number n. With n = N * 2**i,
    s = S * 2**j, x = X * 2**k, all three integers N, S, X below 2**24, x - n * s is a nonzero multiple of
    2**min(k, i + j). If k is the lesser, the relative difference of x / s and n is at least 1 / X; else it is at least
    2**(i + j) / |x|, and as |x| < 2 |n| s that is above 1 / (2 N S). Either is above 2**-49, while division in float64
    is off by at most 2**-53: the rounded quotient is not n, and as rounding is monotone it did not cross n either.

    Float64 ``x``: the quotient may land on a short n. Then n * s, of at most 48 bits, is exact in float64, and
    comparing it with x tells on which side of n the exact quotient is; the result is moved there by one ulp.
    """
    result = x.double() / scale
    if x.dtype is not torch.float64:
        return result
    result = result.clamp(-torch.finfo(x.dtype).max, torch.finfo(x.dtype).max)
    short = result.float().double() == result
    product = result * scale
    up, down = result.new_tensor(torch.inf), result.new_tensor(-torch.inf)
    result = torch.where(short & (product < x), result.nextafter(up), result)
    return torch.where(short & (product > x), result.nextafter(down), result)
