"""A format under a scale: per tensor, per channel or per block."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import ClassVar, Self, TypeVar

import torch
from torch import Generator, Tensor

from adequate.formats.binades import ceil_log2, floor_log2
from adequate.formats.checks import largest_magnitude, require_finite, require_float, require_int
from adequate.formats.elements import nearest_scale, require_element, require_scale, require_symmetric, require_zero
from adequate.formats.fixed import Fixed
from adequate.formats.format import Format
from adequate.formats.quotient import quotient
from adequate.formats.rounding import Rounding, effective, round_to_multiple
from adequate.formats.scaled_products import ScaledProducts
from adequate.formats.shared_exponent import ENDS, SharedExponent

_Number = TypeVar("_Number", int, float)


@dataclass(frozen=True)
class Scaled(Format):
    """An element format under a scale: value = scale * (element - zero).

    ``scale`` is one float32 number; a tuple of them, one per index along ``axis``; or ``SharedExponent(block)``, one
    per run of elements along ``axis``, found from the data: with a ``Fixed`` element that is block floating point,
    with a minifloat it is OCP MX. ``zero`` is the code of zero of an integer element ``Fixed(bits, 0)``, one or one
    per scale. Codes are the element's. With one scale the format is a set of values like any other; with several,
    ``channel(i)`` is. x is divided by the scale exactly, rounded once by the element, and the exact product is rounded
    once to the dtype. The zero point is added after rounding, so that ties go to the even multiple of the scale
    wherever zero is (as hardware has it, and ONNX, operator QuantizeLinear). All that leaves ``quantize`` idempotent as
    long as elements have 22 significant bits or fewer: the product is off by a factor of at most 1 + 2**-24, less than
    half a step.

    >>> import torch
    >>> from adequate.formats import Minifloat
    >>> affine = Scaled(Fixed(8, 0, signed=False), 0.0625, zero=128)
    >>> affine.quantize(torch.tensor([0.1, -3.0, 99.0])), affine.encode(torch.tensor([0.0, 0.1]))
    (tensor([ 0.1250, -3.0000,  7.9375]), tensor([128, 130]))
    >>> mxfp4 = Scaled(Minifloat(2, 1), SharedExponent(32), axis=-1)
    >>> str(mxfp4), mxfp4.quantize(torch.tensor([100.0, 5.0, 7.0]))
    ('scaled(float(2,1),shared(32),axis=-1)', tensor([96.,  8.,  8.]))

    Raises:
        ValueError: scales that are not positive float32 numbers, an ``axis`` missing or too many, a ``zero`` with an
            element that is no integer, an element that is scaled itself or wraps, or one that does not suit a shared
            exponent (see ``SharedExponent``).
    """

    name: ClassVar[str] = "scaled"
    element: Format
    scale: float | tuple[float, ...] | SharedExponent
    zero: int | tuple[int, ...] = 0
    axis: int | None = None

    def __post_init__(self) -> None:
        require_element(self.element)
        if isinstance(self.scale, SharedExponent):
            require_symmetric(self.element)
        else:
            scales = tuple(require_scale(scale) for scale in _tuple(self.scale))
            object.__setattr__(self, "scale", scales if isinstance(self.scale, tuple) else scales[0])
        if (self.axis is None) != isinstance(self.scale, float):
            raise ValueError(f"{self}: several scales lie along an axis, and a single one has none")
        if self.axis is not None:
            require_int("axis of scaled", self.axis, -64, 63)
        for zero in _tuple(self.zero):
            require_zero(self.element, zero)
        if isinstance(self.zero, tuple) and not (isinstance(self.scale, tuple) and len(self.zero) == len(self.scale)):
            raise ValueError(f"{self}: {len(self.zero)} zero points need as many scales")
        if self.zero != 0 and isinstance(self.scale, SharedExponent):
            raise ValueError(f"{self}: a shared exponent has no zero point")
        if not any(_tuple(self.zero)):
            object.__setattr__(self, "zero", 0)  # one format, one value

    @classmethod
    def fit(cls, interval: tuple[float, float], bits: int, *, signed: bool = True, symmetric: bool = True) -> Self:
        """Integer codes and one scale that cover the interval.

        symmetric: scale = max(|low|, |high|) / (2**(bits-1) - 1), zero = 0, the most negative code left out; unsigned:
        scale = high / (2**bits - 1), for low >= 0. Else affine: the interval, widened to hold 0, is spread over all
        codes: scale = (high - low) / (2**bits - 1), zero = the code nearest to where 0 lies. Scales are rounded to the
        nearest float32 number; an interval of nothing but 0 has the scale 1.

        >>> str(Scaled.fit((-1.0, 127.0), 8)), str(Scaled.fit((-1.0, 254.0), 8, signed=False, symmetric=False))
        ('scaled(fixed(8,0,narrow),1.0)', 'scaled(fixed(8,0,unsigned),1.0,zero=1)')
        """
        m, (low, high) = largest_magnitude(interval), interval
        if symmetric and not signed and low < 0:
            raise ValueError(
                f"an unsigned symmetric format cannot hold the interval {interval}; fit it with signed=True"
            )
        element = Fixed(bits, 0, signed=signed, narrow=symmetric and signed)
        if symmetric:
            return cls(element, nearest_scale(Fraction(m) / element.maximum))
        low, high = min(Fraction(low), Fraction(0)), max(Fraction(high), Fraction(0))
        scale = nearest_scale((high - low) / (element.maximum - element.minimum))
        zero = round(element.minimum - low / Fraction(scale))
        return cls(element, scale, zero=min(max(zero, element.word[0]), element.word[-1]))

    @classmethod
    def fit_channels(cls, w: Tensor, element: Format, axis: int, *, dyadic: bool = False) -> Self:
        """One scale per index of ``w`` along ``axis``: max|w| / element.maximum, as float32, or the next power of two.

        A channel of nothing but zeros has the scale 1.
        """
        require_float("scaled", w)
        require_finite("scaled", w)
        largest = w.detach().movedim(axis, 0).flatten(1).abs().amax(1).double()
        scales = [Fraction(float(m)) / element.maximum for m in largest]
        if dyadic:
            return cls(element, tuple(2.0 ** max(ceil_log2(s), -126) if s else 1.0 for s in scales), axis=axis)
        return cls(element, tuple(map(nearest_scale, scales)), axis=axis)

    def channel(self, index: int) -> "Scaled":
        """The format of one index along ``axis``: per tensor, with one scale.

        Raises:
            ValueError: there is no such channel.
        """
        if not isinstance(self.scale, tuple) or index not in range(len(self.scale)):
            raise ValueError(f"{self} has no channel {index}")
        return Scaled(self.element, self.scale[index], self.zero[index] if isinstance(self.zero, tuple) else self.zero)

    @property
    def dyadic(self) -> bool:
        """Whether every scale is a power of two: a shift in hardware."""
        return self._products.dyadic

    @cached_property
    def steps(self) -> "Scaled":
        """The same format in units of its scale: the values element - zero.

        Raises:
            ValueError: the scale is shared, found from the data.
        """
        if isinstance(self.scale, SharedExponent):
            raise ValueError(f"{self} has no scale of its own")
        return Scaled(
            self.element, (1.0,) * len(self.scale) if isinstance(self.scale, tuple) else 1.0, self.zero, self.axis
        )

    @property
    def word(self) -> range:
        return self.element.word

    def decode(self, code: int) -> Fraction:
        if not isinstance(self.scale, float) or not isinstance(self.zero, int):
            raise ValueError(f"{self} has several scales, so a code alone has no value; decode it by its channel(i)")
        return Fraction(self.scale) * (self.element.decode(code) - self.zero)

    @property
    def minimum(self) -> Fraction:
        """The lowest value under any of the scales."""
        return self._products.range[0]

    @property
    def maximum(self) -> Fraction:
        """The highest value under any of the scales."""
        return self._products.range[1]

    @property
    def digits(self) -> int:
        """The significant bits of the widest scale and of the element less the zero point: an upper bound."""
        return self._products.digits

    @property
    def grid(self) -> int | None:
        return None if isinstance(self.scale, SharedExponent) or not self.dyadic else self._products.finest

    def inside(self, x: Tensor) -> Tensor:
        """Where ``x`` is within the range under its own scale."""
        scales, zeros = self.scales(x), self._zeros(x)
        low = scales * (float(self.element.minimum) - zeros)
        high = scales * (float(self.element.maximum) - zeros)
        return (x >= low.to(x.dtype)) & (x <= high.to(x.dtype))

    def scales(self, x: Tensor) -> Tensor:
        """The scale of every element of ``x``: float64, broadcastable to its shape.

        Raises:
            ValueError: ``x`` has no dimension ``axis``, or not as many indices along it as there are scales.
        """
        if self.axis is not None and not -x.ndim <= self.axis < x.ndim:
            raise ValueError(
                f"{self} has scales along axis {self.axis}; a tensor of shape {tuple(x.shape)} has no such"
            )
        if isinstance(self.scale, SharedExponent):
            return self.scale.scales(x.double(), floor_log2(self.element.maximum), self.axis or 0)
        return self._along(x, self.scale)

    def quantize(self, x: Tensor, *, generator: Generator | None = None) -> Tensor:
        scales = self._admitted_scales(x)
        if self.zero == 0:
            elements = self.element.quantize(quotient(x, scales), generator=generator)
        else:
            elements = self._offset(x, scales, *effective(self._rounding, generator))
        return (elements * scales + 0.0).to(x.dtype)

    def encode(self, x: Tensor) -> Tensor:
        scales = self._admitted_scales(x)
        if self.zero == 0:
            return self.element.encode(quotient(x, scales))
        nearest = Rounding.NEAREST_EVEN if self._rounding is Rounding.STOCHASTIC else self._rounding
        return (self._offset(x, scales, nearest) + self._zeros(x)).to(torch.int64)

    @cached_property
    def _products(self) -> ScaledProducts:
        """Under the stored scales; for a shared exponent under the smallest and the largest there are."""
        scales = ENDS if isinstance(self.scale, SharedExponent) else _tuple(self.scale)
        return ScaledProducts(self.element, scales, _tuple(self.zero, len(scales)))

    @property
    def _rounding(self) -> Rounding:
        return getattr(self.element, "rounding", Rounding.NEAREST_EVEN)

    def _zeros(self, x: Tensor) -> Tensor:
        return self._along(x, self.zero)

    def _along(self, x: Tensor, values: float | tuple[float, ...]) -> Tensor:
        tensor = torch.tensor(values, dtype=torch.float64, device=x.device)
        if self.axis is None or tensor.ndim == 0:
            return tensor
        if x.shape[self.axis] != len(tensor):
            raise ValueError(
                f"scaled has {len(tensor)} scales along axis {self.axis}, a tensor of shape {tuple(x.shape)} "
                f"{x.shape[self.axis]} indices"
            )
        shape = [1] * x.ndim
        shape[self.axis] = -1
        return tensor.reshape(shape)

    def _admitted_scales(self, x: Tensor) -> Tensor:
        require_float(self, x)
        if not self._suits(x.dtype):
            other = "torch.float64" if self._suits(torch.float64) else "a narrower element"
            raise ValueError(
                f"{self} does not fit {x.dtype}: scale times element needs {self.digits} significant bits and "
                f"multiples of 2**{self._products.finest}; use {other}"
            )
        require_finite(self, x)
        return self.scales(x)

    def _suits(self, dtype: torch.dtype) -> bool:
        """Whether ``quantize`` is right in ``dtype``."""
        shared = isinstance(self.scale, SharedExponent)
        largest = Fraction(0) if shared else max(-self.minimum, self.maximum)  # a shared scale follows x
        return self._products.suit(dtype, self._rounding, largest)

    def _offset(self, x: Tensor, scales: Tensor, rounding: Rounding, key: int = 0) -> Tensor:
        """The integers code - zero."""
        zeros = self._zeros(x)
        exact = quotient(x, scales)
        exact = exact.clamp(min=float(self.element.minimum) - zeros, max=float(self.element.maximum) - zeros)
        return round_to_multiple(exact, 1.0, rounding, key)


def _tuple(value: _Number | tuple[_Number, ...], length: int = 1) -> tuple[_Number, ...]:
    return value if isinstance(value, tuple) else (value,) * length
