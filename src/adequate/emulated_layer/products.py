"""A multiplier's products as integers, and their sums: looked up in a table, or computed one by one."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Protocol

import torch
from torch import Tensor

from adequate.circuits import Word
from adequate.emulated_layer.coding import Coding
from adequate.formats import Format
from adequate.kernels.columns import Window
from adequate.kernels.evaluated import evaluated_convolution, evaluated_matrices
from adequate.kernels.lookup import lookup_convolution, lookup_matrices
from adequate.operators import Multiplier, Operand
from adequate.operators.multiplier import TABLE_BITS, integers

ENTRY_BITS = 31
"""Magnitude bits of an entry of a table."""

LIMB = 24
"""Wider products are cut into a low part of so many bits, and the rest."""

WIDEST_PRODUCT = LIMB + ENTRY_BITS
"""Magnitude bits of the widest product that is summed exactly."""

WIDEST_CODE = 16
"""The most bits of a product's format, whose values are listed."""

ZeroPoints = tuple[int, int]
"""The codes of zero of the activation and of the weight."""


class SumsOfProducts(Protocol):
    """What a geometry asks for: sums over k of whatever two elements are multiplied to."""

    def matrices(self, x: Tensor, w: Tensor) -> Tensor:
        """sum over k of the products of x[..., m, k] and w[..., k, n]."""
        ...

    def convolution(self, x: Tensor, w: Tensor, window: Window, zero: int) -> Tensor:
        """The convolution; padding is the pattern ``zero``."""
        ...


class Products(ABC):
    """The product of two bit patterns as an integer, and sums of them, int32 or int64.

    With the zero points (zx, zw) a product is T(x, w) - zw x - zx w + zx zw, x and w the numbers that the words stand
    for. For the exact multiplier that is (x - zx) (w - zw): hardware multiplies codes, and corrects the sums exactly.
    """

    @abstractmethod
    def matrices(self, x: Tensor, w: Tensor) -> Tensor:
        """sum over k of the products of x[..., m, k] and w[..., k, n]."""

    @abstractmethod
    def convolution(self, x: Tensor, w: Tensor, window: Window, zero: int) -> Tensor:
        """The convolution; padding is the pattern ``zero``."""

    @abstractmethod
    def peaks(self, w: Tensor) -> Tensor:
        """For each element of ``w`` a bound on the magnitude of all its products, float64."""


def products_of(multiplier: Multiplier, zeros: ZeroPoints) -> Products:
    """The products of a multiplier: from its table, or evaluated beyond 24 operand bits.

    Raises:
        ValueError: they have more than 55 bits, or a format of more than 16 bits.
    """
    if multiplier.a.width + multiplier.b.width > TABLE_BITS:
        return EvaluatedProducts(multiplier, zeros)
    return TabulatedProducts(*_tables(multiplier, zeros))


def product_grid(multiplier: Multiplier, x: Coding, w: Coding) -> int:
    """The integers are products in units of 2**grid."""
    if multiplier.product is None:
        return x.grid + w.grid
    assert multiplier.product.grid is not None
    return multiplier.product.grid + x.shift + w.shift


@dataclass(frozen=True, eq=False)
class TabulatedProducts(Products):
    """sum over the parts of 2**(24 i) * part[x, w], i = 0, 1: one part if int32 holds the products."""

    parts: tuple[Tensor, ...]
    largest: Tensor
    """The largest magnitude in every column, float64."""

    def matrices(self, x: Tensor, w: Tensor) -> Tensor:
        return _joined([lookup_matrices(x, w, part.to(x.device)) for part in self.parts])

    def convolution(self, x: Tensor, w: Tensor, window: Window, zero: int) -> Tensor:
        return _joined([lookup_convolution(x, w, part.to(x.device), window, zero) for part in self.parts])

    def peaks(self, w: Tensor) -> Tensor:
        return self.largest.to(w.device)[w.long()]


@dataclass(frozen=True, eq=False)
class EvaluatedProducts(Products):
    """The multiplier itself, run on tensors."""

    multiplier: Multiplier
    zeros: ZeroPoints

    def __call__(self, x: Tensor, w: Tensor) -> Tensor:
        """The products of patterns, int64."""
        return _evaluated(self.multiplier, self.zeros, x, w)

    def matrices(self, x: Tensor, w: Tensor) -> Tensor:
        return evaluated_matrices(x, w, self)

    def convolution(self, x: Tensor, w: Tensor, window: Window, zero: int) -> Tensor:
        return evaluated_convolution(x, w, self, window, zero)

    def peaks(self, w: Tensor) -> Tensor:
        return torch.full(w.shape, self._peak, dtype=torch.float64, device=w.device)

    @cached_property
    def _peak(self) -> float:
        a, b, product = self.multiplier.a, self.multiplier.b, self.multiplier.product
        a, b = (2**one.width if one.format is None else int(_values(one.format).abs().max()) for one in (a, b))
        corrections = abs(self.zeros[1]) * a + abs(self.zeros[0]) * b + abs(self.zeros[0] * self.zeros[1])
        if product is not None:
            return float(_values(product).abs().max()) + corrections
        return float(2 ** _zero_product(self.multiplier).width + corrections)


def _joined(sums: list[Tensor]) -> Tensor:
    """The sums of the products whose parts are summed here."""
    return sums[0] if len(sums) == 1 else (sums[1].long() << LIMB) + sums[0]


@lru_cache(maxsize=64)
def _tables(multiplier: Multiplier, zeros: ZeroPoints) -> tuple[tuple[Tensor, ...], Tensor]:
    a, b, entry = multiplier.a, multiplier.b, _zero_product(multiplier)
    if multiplier.product is None and zeros == (0, 0) and entry.width - entry.signed <= ENTRY_BITS:
        table = multiplier.table()
        return (table,), _largest(table)
    rows = torch.arange(2**a.width).split(max(1, 2**20 >> b.width))
    columns = torch.arange(2**b.width)[None, :]
    products = torch.cat([_evaluated(multiplier, zeros, part[:, None], columns) for part in rows])
    largest = _largest(products)
    if largest.max() < 2**ENTRY_BITS:
        return (products.int(),), largest
    return ((products & (2**LIMB - 1)).int(), (products >> LIMB).int()), largest


def _zero_product(multiplier: Multiplier) -> Word:
    """The product of two zeros, which has the width of all."""
    return multiplier(*(Word(0, one.width, one.signed) for one in (multiplier.a, multiplier.b)))


def _largest(products: Tensor) -> Tensor:
    low, high = products.aminmax(dim=0)
    return torch.maximum(high.double(), -low.double())


def _evaluated(multiplier: Multiplier, zeros: ZeroPoints, x: Tensor, w: Tensor) -> Tensor:
    a, b = multiplier.a, multiplier.b
    left, right = integers(a, x), integers(b, w)
    found = multiplier(Word(left, a.width, a.signed), Word(right, b.width, b.signed))
    products = torch.as_tensor(found.value).expand(torch.broadcast_shapes(x.shape, w.shape))
    if multiplier.product is not None:
        products = _values(multiplier.product).to(x.device)[products & (2**multiplier.product.bits - 1)]
    elif found.width - found.signed > WIDEST_PRODUCT:
        raise ValueError(f"{multiplier} has products of {found.width} bits; summed are up to {WIDEST_PRODUCT}")
    if zeros == (0, 0):
        return products
    return products - zeros[1] * _numbers(a, left) - zeros[0] * _numbers(b, right) + zeros[0] * zeros[1]


def _numbers(operand: Operand, words: Tensor) -> Tensor:
    """What words of an operand stand for, in units of its grid."""
    return words if operand.format is None else _values(operand.format).to(words.device)[words]


@lru_cache(maxsize=16)
def _values(format: Format) -> Tensor:
    """The value of every bit pattern in units of the format's grid, int64; 0 for codes that are no numbers."""
    if format.bits > WIDEST_CODE or format.grid is None:
        raise ValueError(
            f"products of {format} are not summed exactly: more than {WIDEST_CODE} bits; use a narrower one"
        )
    if max(format.maximum, -format.minimum) >= Fraction(2) ** (WIDEST_PRODUCT + format.grid):
        raise ValueError(
            f"products of {format} span more than {WIDEST_PRODUCT} bits, too many to add exactly; use fewer exponents"
        )
    values = torch.zeros(2**format.bits, dtype=torch.int64)
    for code in format.word:
        try:
            values[code % 2**format.bits] = int(format.decode(code) / Fraction(2) ** format.grid)
        except ValueError:  # NaN or infinity, which no product of numbers is
            continue
    return values
