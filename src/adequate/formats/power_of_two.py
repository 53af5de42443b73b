"""Powers of two: weights that turn a multiplication into a shift."""

import math
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import ClassVar, Self

import torch
from torch import Generator, Tensor

from adequate.formats.binades import binade, exponent, floor_log2, settle_ties
from adequate.formats.checks import largest_magnitude, require_int, require_options
from adequate.formats.compiled import Sweep
from adequate.formats.draws import draws
from adequate.formats.format import Format
from adequate.formats.rounding import Rounding, effective, round_to_multiple

_BELOW_SQRT2 = math.nextafter(math.sqrt(2), 0)  # the largest float64 below the square root; so is its nearest float32


class Nearest(Enum):
    """What is rounded."""

    EXPONENT = "exponent"
    """The exponent: 2**round(log2|w|), so that the threshold is sqrt(2) * 2**k (Gysel 2016, eq. 7.2)."""
    VALUE = "value"
    """The value: the threshold is 1.5 * 2**k, and a tie goes to the even code."""


@dataclass(frozen=True)
class PowerOfTwo(Format):
    """A sign and an exponent: value = (-1)**sign * 2**(field + max_exponent - 2**(bits-1) + 1) (Gysel 2016, 7.2).

    **Without ``zero`` there is no zero: 0 becomes the smallest positive value**, as in Ristretto, and weights pruned
    before come back. With ``zero`` the lowest exponent stands for zero: what would have rounded to it becomes 0 (with
    VALUE: what is nearer to 0). Stochastic rounding draws between the neighbouring values, so its mean is the input.

    >>> import torch
    >>> PowerOfTwo(4).quantize(torch.tensor([0.3, -0.375, 7.0, 0.0]))
    tensor([ 0.2500, -0.5000,  0.5000,  0.0039])
    >>> str(PowerOfTwo(4, zero=True)), PowerOfTwo(4).encode(torch.tensor([0.5, -0.5]))
    ('pow2(4,zero)', tensor([ 7, 15]))

    Raises:
        ValueError: ``bits`` outside 2..11, or exponents outside -1000..1000.
    """

    name: ClassVar[str] = "pow2"
    bits: int = field()  # pyright: ignore[reportIncompatibleVariableOverride]
    max_exponent: int = -1
    zero: bool = False
    nearest: Nearest = Nearest.EXPONENT

    def __post_init__(self) -> None:
        require_int("bits of pow2", self.bits, 2, 11)
        require_int("max_exponent of pow2", self.max_exponent, 2 ** (self.bits - 1) - 1001, 1000)
        require_options(self)

    @classmethod
    def fit(
        cls, interval: tuple[float, float], bits: int, *, zero: bool = False, nearest: Nearest = Nearest.EXPONENT
    ) -> Self:
        """The highest exponent is the one that ``max(|low|, |high|)`` rounds to; -1 for an interval of nothing but 0.

        >>> PowerOfTwo.fit((-0.2, 0.9), 4).max_exponent
        0
        """
        m = Fraction(largest_magnitude(interval))
        if m == 0:
            return cls(bits, -1, zero, nearest)
        k = floor_log2(m)
        threshold = 2 if nearest is Nearest.EXPONENT else Fraction(9, 4)
        return cls(bits, k + ((m / Fraction(2) ** k) ** 2 > threshold), zero, nearest)

    @property
    def min_exponent(self) -> int:
        """The lowest exponent: that of the smallest value, or with ``zero`` the one that stands for zero."""
        return self.max_exponent - 2 ** (self.bits - 1) + 1

    @property
    def word(self) -> range:
        return range(2**self.bits)

    def decode(self, code: int) -> Fraction:
        self._require_code(code)
        sign, field = divmod(code, 2 ** (self.bits - 1))
        if self.zero and field == 0:
            return Fraction(0)
        return (-1) ** sign * Fraction(2) ** (self.min_exponent + field)

    @property
    def minimum(self) -> Fraction:
        return -self.maximum

    @property
    def maximum(self) -> Fraction:
        return Fraction(2) ** self.max_exponent

    @property
    def digits(self) -> int:
        return 1

    @property
    def grid(self) -> int:
        return self.min_exponent + self.zero

    def inside(self, x: Tensor) -> Tensor:
        return self._inside(x)

    def quantize(self, x: Tensor, *, generator: Generator | None = None) -> Tensor:
        rounding, key = effective(Rounding.NEAREST_EVEN, generator)
        swept = self._swept(x, rounding, key)
        return self._rounded(x, rounding, key).to(x.dtype) if swept is None else swept

    def _rounded(self, x: Tensor, rounding: Rounding, key: int) -> Tensor:
        y = self._admit(x)
        if self.min_exponent < -126:  # binade() is for normal numbers
            y = y.double()
        y = y.clamp(*self._ends)
        smallest = 2.0**self.grid
        if rounding is Rounding.STOCHASTIC:
            return self._drawn(y, smallest, key)
        magnitude = y.abs()
        if self.nearest is Nearest.EXPONENT:
            power = binade(magnitude)
            magnitude = torch.where(magnitude > power * _BELOW_SQRT2, 2 * power, power)
            if self.zero:
                magnitude = torch.where(magnitude < smallest, 0.0, magnitude)
        else:
            magnitude = torch.where(magnitude < smallest, magnitude, settle_ties(magnitude, self.min_exponent % 2))
            step = binade(magnitude).clamp(min=smallest)
            magnitude = round_to_multiple(magnitude, step, Rounding.NEAREST_EVEN)
        if not self.zero:
            magnitude = magnitude.clamp(min=smallest)
        return torch.where(y < 0, -magnitude, magnitude).add_(0.0)

    def encode(self, x: Tensor) -> Tensor:
        value = self.quantize(x).double()
        field = torch.where(value == 0, 0, exponent(value) - self.min_exponent)
        return ((value < 0).to(torch.int64) << (self.bits - 1)) + field

    def _sweep(self, rounding: Rounding) -> Sweep | None:
        if self.min_exponent < -998:
            return None
        single = self.min_exponent >= -102 and self.max_exponent <= 126
        by_value = self.nearest is Nearest.VALUE
        numbers = (2.0**self.grid, 2.0**self.max_exponent, self.zero, by_value, self.min_exponent % 2)
        return Sweep("quantize_power_of_two", single, (*numbers, rounding is Rounding.STOCHASTIC))

    def _drawn(self, y: Tensor, smallest: float, key: int) -> Tensor:
        step = binade(y).clamp(min=smallest)
        drawn = round_to_multiple(y, step, Rounding.STOCHASTIC, key).add_(0.0)
        if self.zero:
            return drawn
        least = y.new_tensor(smallest)
        up = (2 * draws(key, y) - 1) * least < y
        return torch.where(y.abs() < least, torch.where(up, least, -least), drawn)
