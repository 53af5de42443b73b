"""Fixed point: integers times a power of two."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import ClassVar, Literal, Self

import torch
from torch import Generator, Tensor

from adequate.formats.binades import ceil_log2
from adequate.formats.checks import largest_magnitude, require_int, require_options
from adequate.formats.compiled import Sweep, code_of
from adequate.formats.format import Format
from adequate.formats.rounding import Overflow, Rounding, effective, round_to_multiple


@dataclass(frozen=True)
class Fixed(Format):
    """Two's complement fixed point: value = code * 2**-frac, in ``bits`` bits (Gysel 2016, 4.2 and 5.2).

    ``frac`` may exceed ``bits`` or be negative. ``narrow`` leaves out the most negative code, which makes the format
    symmetric. Dynamic fixed point is this class with another ``frac`` per layer.

    >>> import torch
    >>> str(Fixed(8, 4)), Fixed(8, 4).maximum, Fixed(8, 4).decode(-3)
    ('fixed(8,4)', Fraction(127, 16), Fraction(-3, 16))
    >>> Fixed(8, 4).quantize(torch.tensor([0.1, 0.09375, -9.0]))
    tensor([ 0.1250,  0.1250, -8.0000])
    >>> Fixed(8, 4).encode(torch.tensor([0.1, 0.09375, -9.0]))
    tensor([   2,    2, -128])

    Raises:
        ValueError: ``bits`` outside 1..64, ``frac`` outside -900..900, or ``narrow`` with ``unsigned`` or ``wrap``.
    """

    name: ClassVar[str] = "fixed"
    bits: int = field()  # pyright: ignore[reportIncompatibleVariableOverride]
    frac: int
    signed: bool = True
    narrow: bool = False
    rounding: Rounding = Rounding.NEAREST_EVEN
    overflow: Overflow = Overflow.SATURATE

    def __post_init__(self) -> None:
        require_int("bits of fixed", self.bits, 1, 64)
        require_int("frac of fixed", self.frac, -900, 900)
        require_options(self)
        if self.narrow and (not self.signed or self.bits == 1):
            raise ValueError(f"{self}: narrow drops the most negative code: it needs signed and two bits or more")
        if self.narrow and self.overflow is Overflow.WRAP:
            raise ValueError(f"{self}: wrapping can reach every code, so it cannot be narrow; choose one of the two")

    @classmethod
    def fit(
        cls,
        interval: tuple[float, float],
        bits: int,
        *,
        il: Literal["cover", "saturate", "thesis_eq_5_2"] = "cover",
        signed: bool = True,
        narrow: bool = False,
        rounding: Rounding = Rounding.NEAREST_EVEN,
        overflow: Overflow = Overflow.SATURATE,
    ) -> Self:
        """The ``frac`` for an interval by one of Ristretto's rules: frac = bits - IL, with m = max(|low|, |high|).

        ``cover``: IL = ceil(log2 m) + 1, what its code does with weights: only m itself, if a power of two, saturates.
        ``saturate``: IL = ceil(log2 m), what its code does with layer inputs and outputs: the top half saturates.
        ``thesis_eq_5_2``: IL = ceil(log2(m + 1)), as printed in Gysel 2016, eq. 5.2.
        An unsigned format needs one bit less. For m = 0, IL is that of m = 1.

        >>> str(Fixed.fit((-0.3, 0.2), 8)), str(Fixed.fit((0.0, 100.0), 8, il="saturate"))
        ('fixed(8,8)', 'fixed(8,1)')
        """
        m = Fraction(largest_magnitude(interval)) or Fraction(1)
        match il:
            case "cover":
                length = ceil_log2(m) + 1
            case "saturate":
                length = ceil_log2(m)
            case "thesis_eq_5_2":
                length = ceil_log2(m + 1)
        if not signed and interval[0] < 0:
            raise ValueError(f"an unsigned format cannot hold the interval {interval}; fit it with signed=True")
        frac = bits - length + (not signed)
        return cls(bits, frac, signed=signed, narrow=narrow, rounding=rounding, overflow=overflow)

    @property
    def word(self) -> range:
        if not self.signed:
            return range(2**self.bits)
        return range(-(2 ** (self.bits - 1)) + self.narrow, 2 ** (self.bits - 1))

    def decode(self, code: int) -> Fraction:
        self._require_code(code)
        return code / Fraction(2) ** self.frac

    @property
    def minimum(self) -> Fraction:
        return self.decode(self.word.start)

    @property
    def maximum(self) -> Fraction:
        return self.decode(self.word.stop - 1)

    @property
    def digits(self) -> int:
        return max(self.bits - self.signed, 1)

    @property
    def grid(self) -> int:
        return -self.frac

    def inside(self, x: Tensor) -> Tensor:
        return self._inside(x)

    def quantize(self, x: Tensor, *, generator: Generator | None = None) -> Tensor:
        rounding, key = effective(self.rounding, generator)
        swept = self._swept(x, rounding, key)
        return self._rounded(x, rounding, key).add_(0.0).to(x.dtype) if swept is None else swept

    def encode(self, x: Tensor) -> Tensor:
        nearest = Rounding.NEAREST_EVEN if self.rounding is Rounding.STOCHASTIC else self.rounding
        return (self._rounded(x, nearest) / 2.0**-self.frac).to(torch.int64)

    def _sweep(self, rounding: Rounding) -> Sweep | None:
        if self.overflow is Overflow.WRAP or self.bits - self.signed > 51:
            return None
        single = self.bits - self.signed <= 22 and -103 <= self.frac <= 102
        return Sweep("quantize_fixed", single, (2.0**-self.frac, *self._ends, code_of(rounding)))

    def _rounded(self, x: Tensor, rounding: Rounding, key: int = 0) -> Tensor:
        x = self._admit(x)
        if abs(self.frac) > 126 or self.overflow is Overflow.WRAP:  # float32 holds not 1 / step, nor all that wraps
            x = x.double()
        step = 2.0**-self.frac
        if self.overflow is Overflow.SATURATE:
            return round_to_multiple(x.clamp(*self._ends), step, rounding, key)
        span = 2.0 ** (self.bits - self.frac)
        below = x.abs() < span * 2.0**53  # from there on every float is a multiple of the span
        turned = round_to_multiple(torch.where(below, x, 0.0), step, rounding, key).fmod_(span)
        low, high = self._ends
        turned = torch.where(turned > high, turned - span, turned)
        return torch.where(turned < low, turned + span, turned)
