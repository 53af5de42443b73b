"""Dividing by a scale so that rounding the quotient rounds the exact quotient."""

import torch
from torch import Tensor


def quotient(x: Tensor, scale: Tensor) -> Tensor:
    """``x / scale`` in float64, on the same side as the exact quotient of every n for which n * scale is a float64.

    The values and midpoints of a format of 28 significant bits or fewer are such n for every float32 scale
    (29 + 24 <= 53 bits). So a format rounds the result to what it would round the exact quotient to, ties included.

    Proof, for n, s = scale and x positive. Rounding is monotone, so the result cannot cross n; could it be n although
    x != n * s? Then |x - n * s| <= 2**-53 * n * s, the relative error of a float64 division. With
    2**e <= n * s < 2**(e+1) that is less than 2**(e-52), the distance of the float64 numbers from 2**e upwards, so the
    float64 number x lies below 2**e, and n * s = 2**e. Then n and s are powers of two, the division is exact, and
    x = n * s after all.

    Quotients out of the range of float64 become its largest number, or x itself: of the right sign, and tiny.
    """
    result = x.double() / scale
    if x.dtype is not torch.float64:
        return result
    largest = torch.finfo(torch.float64).max
    return torch.where(result == 0, x, result.clamp(-largest, largest))
