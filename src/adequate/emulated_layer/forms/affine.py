"""m x + b in integers: multipliers of 31 bits on one grid, and offsets on the grid of the products."""

from dataclasses import dataclass
from math import frexp

from torch import Tensor

from adequate.kernels.exact import DIGITS
from adequate.kernels.expansion import odd_sum, two_product
from adequate.kernels.requantize import MULTIPLIER_BITS
from adequate.quantization import on_grid


@dataclass(frozen=True, eq=False)
class Affine:
    """x -> factor * x + offset, for multiples x of 2**x_grid; the factors broadcast against x, float64.

    Factors are multiples of 2**grid, offsets of 2**(grid + x_grid).
    """

    factor: Tensor
    offset: Tensor
    grid: int
    x_grid: int

    def __call__(self, x: Tensor, peak: float) -> Tensor:
        """The float64 numbers, exact or rounded to odd; ``peak`` bounds |x|."""
        bound = peak * float(self.factor.abs().max()) + float(self.offset.abs().max())
        if bound <= 2.0 ** (DIGITS[x.dtype] - 1 + self.grid + self.x_grid):  # a bit for the bound's own rounding
            return x * self.factor + self.offset
        factor, offset = self.factor.expand_as(x), self.offset.expand_as(x)
        return odd_sum([offset, *two_product(x, factor)])


def affine(factor: Tensor, offset: Tensor, x_grid: int) -> Affine:
    """The factors rounded half to even so that the largest has ``MULTIPLIER_BITS`` bits, the offsets to the products.

    One shift serves all: |m - factor| <= 2**(grid - 1), where 2**grid <= largest |factor| * 2**-30.
    """
    factor, offset = factor.detach().double(), offset.detach().double()
    grid = frexp(float(factor.abs().max()))[1] - MULTIPLIER_BITS
    return Affine(on_grid(factor, grid), on_grid(offset, grid + x_grid), grid, x_grid)
