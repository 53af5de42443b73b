"""Weights and biases as integers."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from torch import Tensor

from adequate.emulated_layer.geometry import Geometry
from adequate.formats import Format, PerChannel, Rounding, Scaled, SharedExponent
from adequate.kernels.exact import grid_of
from adequate.lowering.builder import NotLowered
from adequate.program.products import numbers
from adequate.program.rounding import divide
from adequate.program.steps import Array
from adequate.program.value import exponent, power


@dataclass(frozen=True, eq=False)
class Weight:
    """A quantised parameter: unit * integers, with one unit or one per index of dimension ``axis``.

    ``grids`` are the units that its format has for its output channels, before they were brought to one; none where the
    format's scales depend on the data, so that a bias is not rounded.
    """

    integers: Array
    unit: tuple[Fraction, ...]
    axis: int | None
    grids: tuple[Fraction, ...]


def weight(w: Tensor, format: Format, geometry: Geometry, *, whole: bool) -> Weight:
    """A parameter in a format; ``whole``: in one unit, whatever the scales.

    Raises:
        NotLowered: the format rounds stochastically, or has a scale per index that cannot be taken out of the sum.
    """
    elements = [_element(one) for one in (format.formats if isinstance(format, PerChannel) else (format,))]
    if any(getattr(one, "rounding", None) is Rounding.STOCHASTIC for one in elements):
        raise NotLowered(f"weight: {format} rounds stochastically")
    if isinstance(format, Scaled) and isinstance(format.scale, SharedExponent):
        values = format.quantize(w.detach()).double()
        unit = power(grid_of(values))
        exact = np.vectorize(lambda v: int(Fraction(float(v)) / unit), otypes=[object])(values.numpy())
        return Weight(exact, (unit,), None, ())
    try:
        codes = format.encode(w.detach()).numpy()
    except ValueError as error:
        raise NotLowered(f"weight: {error}") from None
    if isinstance(format, PerChannel):
        axis = format.axis % w.dim()
        channels = zip(np.moveaxis(codes, axis, 0), format.formats, strict=True)
        integers = np.stack([_numbers(some, one, None) for some, one in channels], axis)
        units = tuple(unit for one in format.formats for unit in _units(one))
    else:
        axis = None if not isinstance(format, Scaled) or format.axis is None else format.axis % w.dim()
        integers = _numbers(codes, format, axis)
        units = _units(format)
    if axis is None:
        return Weight(integers, units, None, units)
    taken = geometry.place(axis) is not None
    if taken and not whole:
        return Weight(integers, units, axis, units)
    if any(exponent(one) is None for one in units):
        raise NotLowered(f"weight: {format} has a scale per index that cannot be taken out of the sum")
    factors = np.array([int(one / min(units)) for one in units], dtype=object)
    return Weight(integers * _aligned(factors, axis, w.dim()), (min(units),), None, units if taken else (min(units),))


def _element(format: Format) -> Format:
    return format.element if isinstance(format, Scaled) else format


def _numbers(codes: Array, format: Format, axis: int | None) -> Array:
    """What codes count of their unit, from the zero point, of which there may be one per index along ``axis``."""
    found = np.vectorize(numbers(_element(format)).__getitem__, otypes=[object])(codes)
    zero = format.zero if isinstance(format, Scaled) else 0
    return found - _aligned(np.array(zero, dtype=object), axis, codes.ndim)


def _units(format: Format) -> tuple[Fraction, ...]:
    """What the numbers of a format's codes count, one or one per index along its axis."""
    unit = power(_element(format).grid or 0)
    if not isinstance(format, Scaled):
        return (unit,)
    assert not isinstance(format.scale, SharedExponent)
    scales = format.scale if isinstance(format.scale, tuple) else (format.scale,)
    return tuple(Fraction(scale) * unit for scale in scales)


def bias_integers(bias: Tensor, units: tuple[Fraction, ...], final: tuple[Fraction, ...]) -> Array:
    """A bias rounded half to even to multiples of ``units``, in units of ``final``; one of each, or one per channel."""
    values = [Fraction(one) for one in bias.detach().double().reshape(-1).tolist()]
    found: list[int] = []
    for at, value in enumerate(values):
        unit, last = units[at % len(units)], final[at % len(final)]
        ratio = value / unit
        number = divide(ratio.numerator, ratio.denominator, Rounding.NEAREST_EVEN)
        found.append(int(number * unit / last))
    return np.array(found, dtype=object)


def bias_unit(bias: Tensor, unit: Fraction) -> Fraction:
    """The coarsest unit, no coarser than ``unit``, of which a bias is a multiple."""
    return min(unit, power(grid_of(bias.detach().double())))


def _aligned(per_index: Array, axis: int | None, dims: int) -> Array:
    return per_index if per_index.ndim == 0 else per_index.reshape([-1 if d == axis else 1 for d in range(dims)])
