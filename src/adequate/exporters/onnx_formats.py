"""Formats as files of ONNX say them: integers or minifloats under scales."""

from dataclasses import dataclass, replace
from fractions import Fraction

import torch
from torch import Tensor

from adequate.formats import Binary, Fixed, Format, Minifloat, Overflow, Rounding, Scaled, SharedExponent
from adequate.network.onnx.quantized.formats import format_of

Element = Fixed | Minifloat | Binary
"""What can be under a scale in a file: integers ``Fixed(bits, 0)``, minifloats, signs."""


@dataclass(frozen=True)
class Parts:
    """value = scale * (element - zero), of a tensor of ``rank`` dimensions.

    Scales and zero points are one, or as many as there are indices along ``axis``.
    """

    element: Element
    scales: Tensor
    zeros: Tensor
    axis: int | None
    rank: int

    def along(self, values: Tensor) -> Tensor:
        """Scales or zero points shaped to broadcast against the tensor."""
        if self.axis is None or not values.dim():
            return values
        return values.reshape([-1 if d == self.axis else 1 for d in range(self.rank)])

    @property
    def rounding(self) -> Rounding:
        """How values between two others are rounded; a sign has no such."""
        return Rounding.NEAREST_EVEN if isinstance(self.element, Binary) else self.element.rounding


def simplest(format: Format, rank: int) -> Format:
    """The format of the same values that a file is read as.

    Fixed point is without a scale where one power of two is enough, its elements under a scale are integers, the
    dimension of scales is counted from the first of ``rank``, and equal ones are one.

    >>> str(simplest(Scaled(Fixed(8, 2), (0.5, 0.5), axis=-1), 4))
    'fixed(8,3)'
    >>> str(simplest(Scaled(Fixed(8, 2), (0.5, 3.0), axis=-1), 4))
    'scaled(fixed(8,0),(0.125,0.75),axis=3)'
    """
    if not isinstance(format, Scaled) or isinstance(format.scale, SharedExponent):
        return format
    element, scale = format.element, torch.tensor(format.scale, dtype=torch.float64)
    if isinstance(element, Fixed):
        element, scale = replace(element, frac=0), scale * 2.0**-element.frac
    axis = None if format.axis is None else format.axis % rank
    return format_of(element, scale, torch.tensor(format.zero), axis)


def parts_of(format: Format, rank: int) -> Parts:
    """The parts of a format in its simplest form, of a tensor of ``rank`` dimensions.

    Raises:
        ValueError: no file says it; the message says why.
    """
    format = element = simplest(format, rank)
    scale: float | tuple[float, ...] = 1.0
    zero: int | tuple[int, ...] = 0
    axis = None
    if isinstance(format, Scaled):
        if isinstance(format.scale, SharedExponent):
            raise ValueError("shares exponents that depend on the data")
        element, scale, zero, axis = format.element, format.scale, format.zero, format.axis
    if not isinstance(element, Element):
        raise ValueError(f"is a {element.name}; there are fixed, float and binary, and these scaled")
    if isinstance(element, Fixed):
        if element.overflow is not Overflow.SATURATE:
            raise ValueError("wraps; there is only saturation")
        if not -126 <= element.frac <= 126:
            raise ValueError(f"has the step 2**{-element.frac}, which is no normal float32 number")
        if element.frac:
            element, scale = replace(element, frac=0), 2.0**-element.frac
    return Parts(element, torch.tensor(scale, dtype=torch.float32), torch.tensor(zero), axis, rank)


def is_float32(value: float | Fraction) -> bool:
    """Whether a number is one of float32, exactly."""
    return Fraction(torch.tensor(float(value), dtype=torch.float32).item()) == Fraction(value)
