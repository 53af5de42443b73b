"""Exact sums of products on floating-point units, used only where a bound proves them exact.

The operands are multiples of 2**gx and 2**gw, so every product and every partial sum, in whatever order the library
adds them, is a multiple of g = 2**(gx + gw). If  max|x| * max_o sum_k |w[o, k]| + max|b| <= 2**p * g  then each of
them fits a significand of p bits and no addition rounds: p = 24 in float32, 53 in float64. Beyond that the operands
are cut into digits of a few bits, whose sums are exact, and the sums are added without error.

The bound speaks of plain sums of products, so reduced-precision products are switched off around the call, and so is
cuDNN, whose convolutions may be Winograd's.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import frexp, isinf
from typing import Any

import torch
from torch import Tensor

from adequate.kernels.expansion import odd_sum

DIGITS = {torch.float32: 24, torch.float64: 53}
"""Significand bits."""

EXPONENTS = {torch.float32: (-126, 127), torch.float64: (-1022, 1023)}
"""Exponents of the lowest and of the highest normal power of two."""

FULL_PRECISION = frozenset({"none", "ieee"})
"""What torch calls float32 products of all their bits; "none" is what no choice, here or in general, comes to."""

MOST_DIGITS = 4
"""Digits an operand may be cut into before the design has to name an accumulator."""

_GPU = torch.backends.cuda.is_built()
_torchs: Any = torch.backends
_BACKENDS = (
    _torchs.mkldnn.matmul,
    _torchs.mkldnn.conv,
    *((_torchs.cuda.matmul, _torchs.cudnn.conv) if _GPU else ()),
)
"""What has a precision of float32 products of its own."""

Product = Callable[[Tensor, Tensor], Tensor]
"""A bilinear sum of products of a fixed geometry: convolution, linear, matrix product."""

BiasedProduct = Callable[[Tensor, Tensor, Tensor | None], Tensor]
"""The same plus a bias, if there is one, in one call."""


@dataclass(frozen=True)
class Operand:
    """A tensor whose values are multiples of 2**grid.

    ``peak`` bounds |x|: the largest magnitude for the first operand and for a bias, the largest sum of magnitudes that
    meet in one output element for the second. ``terms`` is how many meet there.
    """

    tensor: Tensor
    grid: int
    peak: float
    terms: int = 1

    def repeated(self, times: int) -> "Operand":
        """For a sum in which each element of the second operand meets so many of the first."""
        return self if times == 1 else replace(self, peak=self.peak * times, terms=self.terms * times)


def exact_sum(
    x: Operand,
    w: Operand,
    product: Product,
    bias: Operand | None = None,
    biased: BiasedProduct | None = None,
) -> Tensor:
    """The sums of products plus ``bias`` (broadcastable), exactly.

    In float32 where that is proven exact, else in float64; a sum that even float64 cannot hold is rounded to odd.
    ``biased`` adds the bias in the library's own call, if there is one that takes it: a pass less over the sums, and
    the same bits, since the bound counts the bias as one more product and holds in whatever order they are added.

    Raises:
        ValueError: the operands span so many bits that more than four digits each would be needed, or their products
            leave the range of float64.
    """
    grid = x.grid + w.grid
    if bias is None or bias.grid >= grid:
        bits = _sum_bits(x.peak, w.peak, 0.0 if bias is None else bias.peak, grid)
        for dtype in (torch.float32, torch.float64):
            if _fits(bits, grid, dtype) and _holds(x, dtype) and _holds(w, dtype):
                left, right = x.tensor.to(dtype), w.tensor.to(dtype)
                if bias is None or biased is None:
                    return _add(_plain(product, left, right), bias)
                with plain_arithmetic():
                    return biased(left, right, bias.tensor.to(dtype))
    return _digit_sum(x, w, product, bias)


def proven(dtype: torch.dtype, x_peak: float, w_peak: float, bias_peak: float, grid: int) -> bool:
    """Whether sums in this dtype are exact: the bound of this module."""
    return _fits(_sum_bits(x_peak, w_peak, bias_peak, grid), grid, dtype)


def grid_of(x: Tensor) -> int:
    """The largest g such that every element of ``x`` is a multiple of 2**g; 0 for a tensor of zeros."""
    nonzero = x.double()[x != 0]
    if not nonzero.numel():
        return 0
    mantissa, exponent = torch.frexp(nonzero)
    integer = (mantissa * 2.0**53).long()
    lowest = torch.frexp((integer & -integer).double()).exponent - 1
    return int((exponent - 53 + lowest).min())


@contextmanager
def plain_arithmetic() -> Iterator[None]:
    """Full-precision float32 products, and convolutions that are matrix products.

    What is so already, and a GPU's settings where torch has none, are left alone: layers are many and small.
    """
    reduced = [(one, chosen) for one in _BACKENDS if (chosen := one.fp32_precision) not in FULL_PRECISION]
    (nnpack,) = torch.backends.nnpack.set_flags(False)
    try:
        for backend, _ in reduced:
            backend.fp32_precision = "ieee"
        if _GPU:
            with torch.backends.cudnn.flags(enabled=False):
                yield
        else:
            yield
    finally:
        for backend, chosen in reduced:
            backend.fp32_precision = chosen
        torch.backends.nnpack.set_flags(nnpack)


def _plain(product: Product, x: Tensor, w: Tensor) -> Tensor:
    with plain_arithmetic():
        return product(x, w)


def _digit_sum(x: Operand, w: Operand, product: Product, bias: Operand | None) -> Tensor:
    """Sum over digits x = sum_i x_i and w = sum_j w_j of the exact sums x_i w_j.

    Digits have ``room`` bits, so that ``terms`` products of two of them stay within 53.
    """
    grid = x.grid + w.grid
    if not _ranged(_sum_bits(x.peak, w.peak, 0.0, grid), grid, torch.float64):
        raise ValueError(
            f"products between 2**{grid} and {x.peak:g} * {w.peak:g} leave the range of float64; narrow the formats"
        )
    largest_w = float(w.tensor.abs().max()) if w.tensor.numel() else 0.0
    x_bits, w_bits = _bits(x.peak, x.grid), _bits(largest_w, w.grid)
    room = (DIGITS[torch.float64] - (w.terms - 1).bit_length()) // 2
    x_digits, w_digits = -(-x_bits // room), -(-w_bits // room)
    if max(x_digits, w_digits) > MOST_DIGITS:
        raise ValueError(
            f"the operands span {x_bits} and {w_bits} bits over {w.terms} terms: too many to add exactly; "
            "narrow the formats or name an accumulator"
        )
    parts = [
        _plain(product, x_digit, w_digit)
        for x_digit in _digits(x.tensor.double(), x.grid, room, x_digits)
        for w_digit in _digits(w.tensor.double(), w.grid, room, w_digits)
    ]
    if bias is not None:
        parts.append(bias.tensor.double().expand_as(parts[0]))
    return odd_sum(parts)


def _digits(x: Tensor, grid: int, width: int, count: int) -> list[Tensor]:
    """x = sum of ``count`` tensors, the i-th a multiple of 2**(grid + i * width) of magnitude below the next's step."""
    digits = []
    rest = x
    for i in range(count - 1, 0, -1):
        step = 2.0 ** (grid + i * width)
        digit = torch.trunc(rest / step) * step
        digits.append(digit)
        rest = rest - digit
    return [*digits, rest]


def _sum_bits(x_peak: float, w_peak: float, bias_peak: float, grid: int) -> int:
    """Bits of the largest sum; the factor covers the rounding of the peaks themselves."""
    return _bits(x_peak * w_peak * (1 + 2**-20) + bias_peak, grid)


def _bits(peak: float, grid: int) -> int:
    """Significand bits of a multiple of 2**grid of at most this magnitude: peak <= 2**bits * 2**grid."""
    if peak == 0:
        return 0
    if isinf(peak):
        return 2 * EXPONENTS[torch.float64][1]
    mantissa, exponent = frexp(peak)
    return max(0, exponent - grid - (mantissa == 0.5))


def _fits(bits: int, grid: int, dtype: torch.dtype) -> bool:
    """Whether a dtype holds all multiples of 2**grid of so many bits."""
    return bits <= DIGITS[dtype] and _ranged(bits, grid, dtype)


def _ranged(bits: int, grid: int, dtype: torch.dtype) -> bool:
    lowest, highest = EXPONENTS[dtype]
    return lowest <= grid and grid + bits <= highest


def _holds(operand: Operand, dtype: torch.dtype) -> bool:
    given = operand.tensor.dtype
    return torch.promote_types(given, dtype) == dtype or _fits(_bits(operand.peak, operand.grid), operand.grid, dtype)


def _add(sums: Tensor, bias: Operand | None) -> Tensor:
    """In place: the sums are ours, and a tensor as large takes longer to get than to add to."""
    return sums if bias is None else sums.add_(bias.tensor.to(sums.dtype))
