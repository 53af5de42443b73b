"""Minifloats: a sign, a few exponent bits and a few mantissa bits."""

import math
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import ClassVar, Literal, Self

import torch
from torch import Generator, Tensor

from adequate.formats.binades import binade, exponent, floor_log2, settle_ties
from adequate.formats.checks import largest_magnitude, require_int, require_options
from adequate.formats.compiled import Sweep, code_of
from adequate.formats.format import Format
from adequate.formats.rounding import Rounding, effective, round_to_multiple


class Underflow(Enum):
    """What lies between zero and the smallest normal number."""

    GRADUAL = "gradual"
    """Subnormal numbers: exponent field 0 has the step of exponent field 1 (IEEE 754-2019, 3.4)."""
    NEAREST = "nearest"
    """Nothing; a value there is rounded to zero or to the smallest normal number like any other."""
    FLUSH = "flush"
    """Nothing; a value there becomes zero before it is rounded ("replaced by 0", Gysel 2016, 6.3)."""


class Specials(Enum):
    """Which codes are no numbers."""

    NONE = "none"
    """None: the exponent field of all ones is an ordinary one (Gysel 2016, 6.3; OCP E3M2, E2M3, E2M1)."""
    NAN = "nan"
    """The code of all ones, with either sign, is NaN (OCP E4M3)."""
    IEEE = "ieee"
    """The exponent field of all ones is infinity and NaN (OCP E5M2, binary16, bfloat16)."""


@dataclass(frozen=True)
class Minifloat(Format):
    """A float of 1 + exp + man bits: value = (-1)**sign * 2**(field - bias) * (1 + mantissa / 2**man).

    Sources: IEEE 754-2019, 3.4; OCP 8-bit floating point OFP8 v1.0; OCP Microscaling Formats MX v1.0, 5.3; Gysel
    2016, 6.3 (his format is ``underflow=FLUSH``). ``bias`` None is ``2**(exp-1) - 1``. Exponent field 0 is subnormal
    with GRADUAL underflow and zero, whatever its mantissa, without. Negative zero is a code that decodes to 0;
    ``encode`` never writes it. NaN and infinity are no values: beyond the range ``quantize`` saturates to the largest
    finite number.

    >>> import torch
    >>> E4M3.maximum, Minifloat(4, 3).maximum
    (Fraction(448, 1), Fraction(480, 1))
    >>> Minifloat(4, 3, underflow=Underflow.FLUSH).quantize(torch.tensor([0.3, 1000.0, 0.015]))
    tensor([3.1250e-01, 4.8000e+02, 0.0000e+00])

    Raises:
        ValueError: ``exp`` outside 1..11, ``man`` outside 0..52, more than 62 bits, ``bias`` outside -900..1023, or no
            normal number left.
    """

    name: ClassVar[str] = "float"
    exp: int
    man: int
    bias: int | None = None
    underflow: Underflow = Underflow.GRADUAL
    specials: Specials = Specials.NONE
    rounding: Rounding = Rounding.NEAREST_EVEN

    def __post_init__(self) -> None:
        require_int("exp of float", self.exp, 1, 11)
        require_int("man of float", self.man, 0, 52)
        require_int("bits of float", 1 + self.exp + self.man, 2, 62)
        if self.bias is not None:
            require_int("bias of float", self.bias, -900, 1023)
        require_options(self)
        if self.bias == self._usual_bias:
            object.__setattr__(self, "bias", None)  # one format, one value: the usual bias is written as None
        if self._top < 2**self.man:
            raise ValueError(f"{self} has no normal number; use more bits or specials=none")

    @classmethod
    def fit(
        cls,
        interval: tuple[float, float],
        bits: int,
        *,
        rule: Literal["code", "thesis_eq_6_2"] = "code",
        underflow: Underflow = Underflow.GRADUAL,
        specials: Specials = Specials.NONE,
        rounding: Rounding = Rounding.NEAREST_EVEN,
    ) -> Self:
        """The split of ``bits`` into exponent and mantissa by one of Ristretto's rules, with m = max(|low|, |high|).

        ``thesis_eq_6_2``: exp = ceil(log2(log2(m) - 1) + 1), the fewest for which m does not saturate; 1 for m <= 2,
        where the equation has no value. ``code``: at least 4. The mantissa gets the rest: man = bits - 1 - exp; if
        that would be negative, exp = bits - 1 and m saturates (as in Gysel 2016, 8.3).

        >>> str(Minifloat.fit((-9.0, 30.0), 8)), str(Minifloat.fit((0.0, 300.0), 8))
        ('float(4,3)', 'float(4,3)')
        """
        m = largest_magnitude(interval)
        require_int("bits of float", bits, 2, 62)
        exp = max(1, math.ceil(math.log2(math.log2(m) - 1) + 1)) if m > 2 else 1
        exp = min(max(exp, 4) if rule == "code" else exp, bits - 1)
        return cls(exp, bits - 1 - exp, underflow=underflow, specials=specials, rounding=rounding)

    @property
    def min_exponent(self) -> int:
        """The exponent of the smallest normal number."""
        return 1 - (self._usual_bias if self.bias is None else self.bias)

    @property
    def word(self) -> range:
        return range(2 ** (1 + self.exp + self.man))

    def decode(self, code: int) -> Fraction:
        self._require_code(code)
        sign, magnitude = divmod(code, 2 ** (self.exp + self.man))
        field, mantissa = divmod(magnitude, 2**self.man)
        if magnitude > self._top:
            raise ValueError(f"code {code} of {self} is NaN or infinity, not a number")
        if field == 0:
            mantissa *= self.underflow is Underflow.GRADUAL
        else:
            mantissa += 2**self.man
        return (-1) ** sign * mantissa * Fraction(2) ** (self.min_exponent + max(field, 1) - 1 - self.man)

    @property
    def minimum(self) -> Fraction:
        return -self.maximum

    @property
    def maximum(self) -> Fraction:
        return self.decode(self._top)

    @property
    def digits(self) -> int:
        return self.man + 1

    @property
    def grid(self) -> int:
        return self.min_exponent - self.man

    def inside(self, x: Tensor) -> Tensor:
        return self._inside(x)

    def quantize(self, x: Tensor, *, generator: Generator | None = None) -> Tensor:
        rounding, key = effective(self.rounding, generator)
        swept = self._swept(x, rounding, key)
        return self._rounded(x, rounding, key).add_(0.0).to(x.dtype) if swept is None else swept

    def encode(self, x: Tensor) -> Tensor:
        nearest = Rounding.NEAREST_EVEN if self.rounding is Rounding.STOCHASTIC else self.rounding
        value = self._rounded(x, nearest)
        power = binade(value).clamp(min=2.0**self.min_exponent)
        steps = (value.abs() / (power * 2.0**-self.man)).to(torch.int64)
        field_less_1 = exponent(power) - self.min_exponent  # a normal number's steps hold the 1 of its field
        sign = (value < 0).to(torch.int64)
        return (sign << (self.exp + self.man)) + (field_less_1 << self.man) + steps

    @property
    def _usual_bias(self) -> int:
        return 2 ** (self.exp - 1) - 1

    @property
    def _top(self) -> int:
        """The largest code, without its sign, that is a number."""
        ones = 2 ** (self.exp + self.man) - 1
        return ones - {Specials.NONE: 0, Specials.NAN: 1, Specials.IEEE: 2**self.man}[self.specials]

    def _sweep(self, rounding: Rounding) -> Sweep | None:
        highest = max(floor_log2(self.maximum) - self.man, self.min_exponent)  # of the steps
        if self.man > 49 or self.min_exponent < -1022 or self.grid < -998 or highest > 970:
            return None
        single = self.man <= 20 and self.min_exponent >= -126 and self.grid >= -102 and highest <= 103
        below = self.grid if self.underflow is Underflow.GRADUAL else self.min_exponent
        settled = (self.min_exponent + 1) % 2 if self._settles(rounding) else -1
        steps = (2.0**self.min_exponent, 2.0**below, 2.0**-self.man, float(self.maximum))
        flush = self.underflow is Underflow.FLUSH
        return Sweep("quantize_minifloat", single, (*steps, flush, settled, code_of(rounding)))

    def _settles(self, rounding: Rounding) -> bool:
        """Whether the even one of two codes is not the even multiple of a step: both are powers of two."""
        return self.man == 0 and rounding is Rounding.NEAREST_EVEN

    def _rounded(self, x: Tensor, rounding: Rounding, key: int = 0) -> Tensor:
        x = self._admit(x)
        if self.min_exponent < -126:  # binade() is for normal numbers
            x = x.double()
        smallest = 2.0**self.min_exponent
        x = x.clamp(*self._ends)
        if self.underflow is Underflow.FLUSH:
            x = torch.where(x.abs() < smallest, 0.0, x)
        if self._settles(rounding):
            x = torch.where(x.abs() < smallest, x, settle_ties(x, (self.min_exponent + 1) % 2))
        power = binade(x)
        step = power.clamp(min=smallest) * 2.0**-self.man
        if self.underflow is not Underflow.GRADUAL:
            step = torch.where(power < smallest, smallest, step)
        return round_to_multiple(x, step, rounding, key)


E4M3 = Minifloat(4, 3, specials=Specials.NAN)
"""OCP OFP8 v1.0: largest number 448."""
E5M2 = Minifloat(5, 2, specials=Specials.IEEE)
"""OCP OFP8 v1.0: largest number 57344."""
E3M2 = Minifloat(3, 2)
"""OCP MX v1.0, 5.3.2: largest number 28."""
E2M3 = Minifloat(2, 3)
"""OCP MX v1.0, 5.3.2: largest number 7.5."""
E2M1 = Minifloat(2, 1)
"""OCP MX v1.0, 5.3.3: largest number 6."""
BFLOAT16 = Minifloat(8, 7, specials=Specials.IEEE)
"""The upper half of a binary32."""
BINARY16 = Minifloat(5, 10, specials=Specials.IEEE)
"""IEEE 754-2019, 3.6: half precision."""
BINARY32 = Minifloat(8, 23, specials=Specials.IEEE)
"""IEEE 754-2019, 3.6: single precision."""
