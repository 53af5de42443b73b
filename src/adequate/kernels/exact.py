"""Exact sums of products on floating-point units, used only where a bound proves them exact.

The operands are multiples of 2**gx and 2**gw, so every product and every partial sum, in whatever order the library
adds them, is a multiple of g = 2**(gx + gw). If  max|x| * max_o sum_k |w[o, k]| + max|b| <= 2**p * g  then each of
them fits a significand of p bits and no addition rounds: p = 24 in float32, 53 in float64. Beyond that the operands
are cut into digits of a few bits, whose sums are exact, and the sums are added without error.

The bound speaks of plain sums of products, so reduced-precision products and Winograd or FFT convolutions are switched
off around the call.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil, frexp, log2

import torch
from torch import Tensor

from adequate.kernels.expansion import odd_sum

SINGLE, DOUBLE = 24, 53
"""Significand bits of float32 and float64."""

MOST_DIGITS = 4
"""Digits an operand may be cut into before the design has to name an accumulator."""

Product = Callable[[Tensor, Tensor], Tensor]
"""A bilinear sum of products of a fixed geometry: convolution, linear, matrix product."""


@dataclass(frozen=True)
class Operand:
    """A tensor whose values are multiples of 2**grid.

    ``peak`` bounds |x|: the largest magnitude for the first operand, the largest sum of magnitudes that meet in one
    output element for the second.
    """

    tensor: Tensor
    grid: int
    peak: float


def exact_sum(x: Operand, w: Operand, product: Product, bias: Tensor | None = None) -> Tensor:
    """The sums of products plus ``bias`` (broadcastable, on the product grid or finer), exactly.

    In float32 where that is proven exact, else in float64; a sum that even float64 cannot hold is rounded to odd.

    Raises:
        ValueError: the operands span so many bits that more than four digits each would be needed.
    """
    grid = x.grid + w.grid
    bias_peak = float(bias.abs().max()) if bias is not None and bias.numel() else 0.0
    bits = _bits(x.peak * w.peak * (1 + 2**-20) + bias_peak, grid)
    if bits <= SINGLE and grid >= -126 and _holds(x, torch.float32) and _holds(w, torch.float32):
        return _add(_plain(product, x.tensor.float(), w.tensor.float()), bias)
    if bits <= DOUBLE and grid >= -1022:
        return _add(_plain(product, x.tensor.double(), w.tensor.double()), bias)
    return _digit_sum(x, w, product, bias)


def proven_single(x_peak: float, w_peak: float, bias_peak: float, grid: int) -> bool:
    """Whether float32 sums are exact: the bound of this module with p = 24."""
    return _bits(x_peak * w_peak * (1 + 2**-20) + bias_peak, grid) <= SINGLE and grid >= -126


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
    """Full-precision float32 products and direct convolutions only."""
    matmul = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with (
            torch.backends.nnpack.flags(enabled=False),
            torch.backends.cudnn.flags(enabled=torch.backends.cudnn.enabled, allow_tf32=False, deterministic=True),
        ):
            yield
    finally:
        torch.set_float32_matmul_precision(matmul)


def _plain(product: Product, x: Tensor, w: Tensor) -> Tensor:
    with plain_arithmetic():
        return product(x, w)


def _digit_sum(x: Operand, w: Operand, product: Product, bias: Tensor | None) -> Tensor:
    """Sum over digits x = sum_i x_i and w = sum_j w_j of the exact sums x_i w_j."""
    largest_w = float(w.tensor.abs().max())
    x_bits, w_bits = _bits(x.peak, x.grid), _bits(largest_w, w.grid)
    terms = ceil(log2(max(w.peak / largest_w, 1.0))) + 1
    room = (DOUBLE - terms - _UNEVEN) // 2
    x_digits, w_digits = ceil(x_bits / room), ceil(w_bits / room)
    if room < 1 or x_digits > MOST_DIGITS or w_digits > MOST_DIGITS:
        raise ValueError(
            f"the operands span {x_bits} and {w_bits} bits over {2**terms} terms: too many to add exactly; "
            "narrow the formats or name an accumulator"
        )
    parts = [
        _plain(product, x_digit, w_digit)
        for x_digit in _digits(x.tensor.double(), x.grid, room, x_digits)
        for w_digit in _digits(w.tensor.double(), w.grid, room, w_digits)
    ]
    if bias is not None:
        parts.append(bias.double().expand_as(parts[0]))
    return odd_sum(parts)


_UNEVEN = 2
"""Spare bits: a sum of magnitudes of digits can exceed that of the numbers they were cut from."""


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


def _bits(peak: float, grid: int) -> int:
    """Significand bits of a multiple of 2**grid of at most this magnitude: peak <= 2**bits * 2**grid."""
    if peak == 0:
        return 0
    mantissa, exponent = frexp(peak)
    return max(0, exponent - grid - (mantissa == 0.5))


def _holds(operand: Operand, dtype: torch.dtype) -> bool:
    return operand.tensor.dtype == dtype or _bits(operand.peak, operand.grid) <= SINGLE


def _add(sums: Tensor, bias: Tensor | None) -> Tensor:
    return sums if bias is None else sums + bias.to(sums.dtype)
