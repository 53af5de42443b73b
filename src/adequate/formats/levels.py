"""A few chosen values: binary, ternary and codebook weights."""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import ClassVar, Self

import torch
from torch import Generator, Tensor

from adequate.formats.checks import largest_magnitude, nearest_binary32, require_binary32, require_int
from adequate.formats.draws import draw_key, draws
from adequate.formats.format import Format
from adequate.formats.rounding import Rounding, round_to_multiple


@dataclass(frozen=True)
class Binary(Format):
    """A sign: the code 0 is +1 and the code 1 is -1; x >= 0 becomes +1. Its scale, if any, is ``Scaled``'s.

    >>> import torch
    >>> Binary().quantize(torch.tensor([0.3, 0.0, -2.0]))
    tensor([ 1.,  1., -1.])
    """

    name: ClassVar[str] = "binary"

    @classmethod
    def fit(cls, interval: tuple[float, float], bits: int = 1) -> Self:
        """The one binary format, whatever the interval."""
        largest_magnitude(interval)
        require_int("bits of binary", bits, 1, 1)
        return cls()

    @property
    def word(self) -> range:
        return range(2)

    def decode(self, code: int) -> Fraction:
        self._require_code(code)
        return Fraction(1 - 2 * code)

    @property
    def minimum(self) -> Fraction:
        return Fraction(-1)

    @property
    def maximum(self) -> Fraction:
        return Fraction(1)

    @property
    def digits(self) -> int:
        return 1

    @property
    def grid(self) -> int:
        return 0

    def inside(self, x: Tensor) -> Tensor:
        return self._inside(x)

    def quantize(self, x: Tensor, *, generator: Generator | None = None) -> Tensor:
        y = self._admit(x)
        if generator is not None:
            return torch.where(2 * draws(draw_key(generator), y) - 1 < y, 1.0, -1.0).to(x.dtype)
        return torch.where(y < 0, -1.0, 1.0).to(x.dtype)

    def encode(self, x: Tensor) -> Tensor:
        return (self._admit(x) < 0).to(torch.int64)


@dataclass(frozen=True)
class Ternary(Format):
    """-1, 0 and 1, each its own code: |x| > threshold becomes the sign of x, anything else 0.

    The ``threshold`` 0.5 is the nearest value. Its scale, if any, is ``Scaled``'s.

    >>> import torch
    >>> Ternary().quantize(torch.tensor([0.5, 0.6, -2.0]))
    tensor([ 0.,  1., -1.])

    Raises:
        ValueError: ``threshold`` is no float32 number in 0 <= threshold < 1.
    """

    name: ClassVar[str] = "ternary"
    threshold: float = 0.5

    def __post_init__(self) -> None:
        object.__setattr__(self, "threshold", require_binary32("threshold of ternary", self.threshold))
        if not 0 <= self.threshold < 1:
            raise ValueError(f"threshold of ternary must be at least 0 and below 1, not {self.threshold!r}")

    @classmethod
    def fit(cls, interval: tuple[float, float], bits: int = 2) -> Self:
        """The ternary format of the nearest value, whatever the interval."""
        largest_magnitude(interval)
        require_int("bits of ternary", bits, 2, 2)
        return cls()

    @property
    def word(self) -> range:
        return range(-1, 2)

    def decode(self, code: int) -> Fraction:
        self._require_code(code)
        return Fraction(code)

    @property
    def minimum(self) -> Fraction:
        return Fraction(-1)

    @property
    def maximum(self) -> Fraction:
        return Fraction(1)

    @property
    def digits(self) -> int:
        return 1

    @property
    def grid(self) -> int:
        return 0

    def inside(self, x: Tensor) -> Tensor:
        return self._inside(x)

    def quantize(self, x: Tensor, *, generator: Generator | None = None) -> Tensor:
        y = self._admit(x)
        if generator is not None:
            key = draw_key(generator)
            return round_to_multiple(y.clamp(-1, 1), 1.0, Rounding.STOCHASTIC, key).add_(0.0).to(x.dtype)
        return torch.where(y.abs() > self.threshold, y.sign(), 0.0).to(x.dtype)

    def encode(self, x: Tensor) -> Tensor:
        y = self._admit(x)
        return (y > self.threshold).to(torch.int64) - (y < -self.threshold).to(torch.int64)


@dataclass(frozen=True)
class Codebook(Format):
    """Ascending float32 values, the code of each its place; the nearest value is taken, a tie to the even code.

    >>> import torch
    >>> Codebook((-0.5, 0.25, 4.0)).quantize(torch.tensor([0.0, 3.0]))
    tensor([0.2500, 4.0000])

    Raises:
        ValueError: fewer than two values, not ascending, or one that float32 does not hold.
    """

    name: ClassVar[str] = "codebook"
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        values = tuple(require_binary32("a value of codebook", value) + 0.0 for value in self.values)
        if len(values) < 2 or any(high <= low for low, high in pairwise(values)):
            raise ValueError(f"a codebook has two or more ascending, distinct values, not {values}")
        object.__setattr__(self, "values", values)

    @classmethod
    def fit(cls, interval: tuple[float, float], bits: int) -> Self:
        """2**bits values, evenly spaced from one end of the interval to the other, each rounded to float32.

        >>> Codebook.fit((-1.0, 2.0), 2).values
        (-1.0, 0.0, 1.0, 2.0)
        """
        largest_magnitude(interval)
        require_int("bits of codebook", bits, 1, 16)
        low, high, last = Fraction(interval[0]), Fraction(interval[1]), 2**bits - 1
        return cls(tuple(nearest_binary32(float(low + (high - low) * i / last)) for i in range(last + 1)))

    @property
    def word(self) -> range:
        return range(len(self.values))

    def decode(self, code: int) -> Fraction:
        self._require_code(code)
        return Fraction(self.values[code])

    @property
    def minimum(self) -> Fraction:
        return Fraction(self.values[0])

    @property
    def maximum(self) -> Fraction:
        return Fraction(self.values[-1])

    @property
    def digits(self) -> int:
        return _extent(self.values)[0]

    @property
    def grid(self) -> int:
        return _extent(self.values)[1]

    def inside(self, x: Tensor) -> Tensor:
        return self._inside(x)

    def quantize(self, x: Tensor, *, generator: Generator | None = None) -> Tensor:
        y = self._admit(x)
        values = torch.tensor(self.values, dtype=y.dtype, device=y.device)
        if generator is None:
            return values[self._places(y)].to(x.dtype)
        y = y.clamp(self.values[0], self.values[-1]).double().contiguous()
        above = torch.bucketize(y, values.double()).clamp(min=1)
        lower, upper = values[above - 1].double(), values[above].double()
        draw, span = draws(draw_key(generator), y), upper - lower
        up = torch.where(upper <= 0, draw * span >= upper - y, draw * span < y - lower)  # larger magnitude: draw below
        return torch.where(up, upper, lower).to(x.dtype)

    def encode(self, x: Tensor) -> Tensor:
        return self._places(self._admit(x))

    def _places(self, y: Tensor) -> Tensor:
        thresholds = torch.tensor(_thresholds(self.values, y.dtype), dtype=y.dtype, device=y.device)
        return torch.bucketize(y.contiguous(), thresholds)


@lru_cache(maxsize=256)
def _extent(values: tuple[float, ...]) -> tuple[int, int]:
    """The significant bits of the widest value and the exponent of the finest one's last bit."""
    odd = [Fraction(value) for value in values if value]
    lasts = [(x.numerator & -x.numerator).bit_length() - x.denominator.bit_length() for x in odd]
    widths = [(abs(x) / Fraction(2) ** last).numerator.bit_length() for x, last in zip(odd, lasts, strict=True)]
    return max(widths), min(lasts)


@lru_cache(maxsize=256)
def _thresholds(values: tuple[float, ...], dtype: torch.dtype) -> tuple[float, ...]:
    """For each pair of neighbours the largest number of ``dtype`` that still becomes the lower one."""
    middles = [(Fraction(low) + Fraction(high)) / 2 for low, high in pairwise(values)]
    return tuple(_largest_below(middle, dtype, i % 2 == 0) for i, middle in enumerate(middles))


def _largest_below(bound: Fraction, dtype: torch.dtype, closed: bool) -> float:
    candidate = torch.tensor(float(bound), dtype=dtype)
    minus_infinity = torch.tensor(-torch.inf, dtype=dtype)
    while Fraction(candidate.item()) > bound or (Fraction(candidate.item()) == bound and not closed):
        candidate = candidate.nextafter(minus_infinity)
    return candidate.item()
