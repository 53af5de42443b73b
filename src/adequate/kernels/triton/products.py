"""The operands of a register on a GPU, and what bounds their products: which lanes hold them exactly."""

from dataclasses import dataclass
from math import frexp, isfinite

import torch
from torch import Tensor

from adequate.kernels.patterns import require_patterns
from adequate.kernels.triton.rounding import DIGITS, LARGEST, LEAST, Steps

HALF = 12
"""Digits of numbers whose products a float32 lane holds."""


@dataclass(frozen=True, slots=True, eq=False)
class Products:
    """x * w of float32 tensors, or table[x, w] * unit of patterns.

    Each is a multiple of ``step`` with at most so many significant digits, and none is larger than ``peak``.
    """

    x: Tensor
    w: Tensor
    table: Tensor | None
    unit: float
    digits: int
    step: float
    peak: float

    def exact_in(self, lane: str, register: Steps, product: Steps | None) -> bool:
        """Whether a lane holds the products, and every sum before it is rounded exactly or rounded to odd.

        Products, formats (``rounding.steps``), and with them sums and their errors, are multiples of a normal number,
        so nothing underflows; nothing overflows; and what wraps stays where the additions that round it are right.
        """
        if self.digits > DIGITS[lane] or self.step < LEAST[lane] or self.peak > LARGEST[lane] / 2:
            return False
        if product is not None and self.peak > product.reach:
            return False
        added = self.peak if product is None else product.peak
        return register.peak + max(added, register.peak) <= register.reach  # a block's sum is added too


def of_numbers(x: Tensor, w: Tensor) -> Products | None:
    """x * w; None where one is not finite or is no float32 number."""
    if not (bool((x.float() == x).all()) and bool((w.float() == w).all())):
        return None
    x, w = x.float(), w.float()
    bounds = [_bounds(one) for one in (x, w)]
    if not all(isfinite(high) for _, _, high in bounds):
        return None
    (x_digits, x_step, x_peak), (w_digits, w_step, w_peak) = bounds
    return Products(x, w, None, 1.0, x_digits + w_digits, x_step * w_step, x_peak * w_peak)


def of_patterns(x: Tensor, w: Tensor, table: Tensor, grid: int) -> Products:
    """table[x, w] * 2**grid.

    Raises:
        ValueError: a pattern has no row or no column.
    """
    require_patterns(x, w, table)
    low, high = (int(one) for one in table.aminmax())
    peak, unit = max(-low, high), 2.0**grid
    return Products(x, w, table.contiguous(), unit, peak.bit_length(), unit, peak * unit)


def _bounds(x: Tensor) -> tuple[int, float, float]:
    """Digits, step and peak of float32 numbers; step 1 where all are 0."""
    magnitude = x.abs()
    low = torch.where(magnitude > 0, magnitude, torch.inf)
    coarse = (x.contiguous().view(torch.int32) & (2 ** (24 - HALF) - 1)) == 0
    if not x.numel() or not bool(magnitude.any()):
        return HALF, 1.0, 0.0
    digits = HALF if bool(coarse.all()) else DIGITS["float32"]
    return digits, 2.0 ** (frexp(float(low.min()))[1] - digits), float(magnitude.max())
