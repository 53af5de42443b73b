"""Formats as steps: what rounds a value to the numbers of a format."""

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import torch

from adequate.formats import Fixed, Format, Minifloat, Overflow, PerChannel, Rounding, Scaled, SharedExponent
from adequate.formats.reference import round_reference
from adequate.kernels.requantize import MULTIPLIER_BITS
from adequate.lowering.builder import Builder, NotLowered, Raw
from adequate.program.products import numbers
from adequate.program.register import rounder_of
from adequate.program.rounding import Rounder, ToFixed, divide
from adequate.program.steps import Round, Table, Threshold
from adequate.program.value import Value, exponent, power

LARGEST_TABLE = 2**16
"""The most entries of a table."""


@dataclass(frozen=True)
class Target:
    """A format as numbers in units of its grid: the element, its zero point, and the units."""

    element: Format
    zero: int
    unit: tuple[Fraction, ...]
    axis: int | None


def target_of(format: Format) -> Target:
    """What a value is rounded to.

    Raises:
        NotLowered: a stochastic format, one whose scale depends on the data, or several zero points or formats.
    """
    if isinstance(format, PerChannel):
        raise NotLowered(f"{format} has a format per channel, which a program's weights can have and its values cannot")
    element = format.element if isinstance(format, Scaled) else format
    if getattr(element, "rounding", None) is Rounding.STOCHASTIC:
        raise NotLowered(f"{format} rounds stochastically")
    grid = element.grid
    assert grid is not None
    if not isinstance(format, Scaled):
        return Target(element, 0, (power(grid),), None)
    if isinstance(format.scale, SharedExponent):
        raise NotLowered(f"{format} finds its scale from the data; choose one that is known beforehand")
    if isinstance(format.zero, tuple) and len(set(format.zero)) > 1:
        raise NotLowered(f"{format} has a zero point per channel; choose one for all")
    zero = format.zero[0] if isinstance(format.zero, tuple) else format.zero
    scales = format.scale if isinstance(format.scale, tuple) else (format.scale,)
    return Target(element, zero, tuple(Fraction(scale) * power(grid) for scale in scales), format.axis)


def quantized(builder: Builder, x: Value | Raw, format: Format, *, sums: bool = False, quotient: bool = False) -> Value:
    """x rounded to a format; a value that is of it already is left as it is.

    ``sums``: these are sums of products, whose scale, if no power of two, becomes an integer multiplier and a shift.
    ``quotient``: their unit is no power of two because they were divided, and is exact.

    Raises:
        NotLowered: there is no such rounding in integers.
    """
    target = target_of(format)
    if isinstance(x, Raw):
        if len(target.unit) != 1:
            raise NotLowered(f"the network's input has one scale, not {format}")
        whole = builder.input(x.source, x.whole, format, target.unit[0])
        if x.index is None:
            return whole
        moved = builder.rearrange(whole, x.index)
        assert isinstance(moved, Value)
        return moved
    axis = None if target.axis is None else target.axis % len(x.shape)
    if axis is not None and x.axis is not None and x.axis != axis:
        raise NotLowered(f"{format} has its scales along another dimension than the value")
    if builder.formats.get(x.name) == format:
        return x
    rounder = _rounder(target)
    alike = x.unit == target.unit and x.axis == axis
    if isinstance(rounder, ToFixed) and alike and rounder.low <= x.low <= x.high <= rounder.high:
        return x
    units = _paired(x.unit, target.unit)
    dyadic = all(exponent(a) is not None for a in x.unit), all(exponent(b) is not None for b in target.unit)
    if sums and not all(dyadic):
        factors = tuple(multiplier(a / b) for a, b in units)
    elif dyadic[0] or alike or (quotient and dyadic[1]):
        factors = tuple(a / b for a, b in units)
    else:
        return _tabulated(builder, x, format, target)
    along = x.axis if axis is None else axis
    if rounder is None:
        return _threshold(builder, x, format, target, factors, along, axis)
    ends = _ends(x, rounder, factors)
    value = Value(builder.named("rounded"), x.shape, target.unit, *ends, axis)
    builder.formats[value.name] = format
    return builder.append(
        Round(value, builder.layer, x.name, _one(factors), rounder, along if len(set(factors)) > 1 else None)
    )


def rounder_for(format: Format) -> tuple[Rounder, Fraction]:
    """The rounding to a format of one dyadic unit, and that unit.

    Raises:
        NotLowered: it has several units, or too few values for an arithmetic rule.
    """
    target = target_of(format)
    rounder = _rounder(target)
    if rounder is None or len(target.unit) != 1 or exponent(target.unit[0]) is None:
        raise NotLowered(f"a quotient is rounded to fixed point or a float with one dyadic scale, not {format}")
    return rounder, target.unit[0]


def multiplier(ratio: Fraction) -> Fraction:
    """The number M * 2**-n nearest to ``ratio``, with an integer M of 31 bits, ties to even.

    >>> multiplier(Fraction(1, 4)), multiplier(Fraction(1, 3)).numerator
    (Fraction(1, 4), 1431655765)
    """
    scale = power(MULTIPLIER_BITS - 1)
    top = power(ratio.numerator.bit_length() - ratio.denominator.bit_length())
    top = top / 2 if ratio < top else top * 2 if ratio >= 2 * top else top
    quotient = ratio / top * scale
    return divide(quotient.numerator, quotient.denominator, Rounding.NEAREST_EVEN) / scale * top


def _rounder(target: Target) -> Rounder | None:
    """None: a format of few values, by thresholds."""
    element = target.element
    if isinstance(element, Fixed):
        rounder = rounder_of(element)
        assert isinstance(rounder, ToFixed)
        return replace(rounder, low=rounder.low - target.zero, high=rounder.high - target.zero)
    return rounder_of(element) if isinstance(element, Minifloat) and element.man else None


def _ends(x: Value, rounder: Rounder, factors: tuple[Fraction, ...]) -> tuple[int, int]:
    if isinstance(rounder, ToFixed) and rounder.overflow is Overflow.WRAP:
        unbounded = [divide(n * f.numerator, f.denominator, rounder.rounding) for f in factors for n in x.range]
        if min(unbounded) < rounder.low or max(unbounded) > rounder.high:
            return rounder.low, rounder.high
    found = [rounder(n * f.numerator, f.denominator) for f in factors for n in x.range]
    return min(found), max(found)


def _threshold(
    builder: Builder,
    x: Value,
    format: Format,
    target: Target,
    factors: tuple[Fraction, ...],
    along: int | None,
    axis: int | None,
) -> Value:
    """Rounding to few values: for each of them the lowest integer that becomes it or a higher one, by bisection."""
    grid = power(target.element.grid or 0)
    levels = sorted(set(numbers(target.element).values()))

    def level(n: int, factor: Fraction) -> int:
        return int(round_reference(target.element, n * factor * grid) / grid)

    def lowest(wanted: int, factor: Fraction) -> int:
        low, high = x.low, x.high + 1
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if level(middle, factor) >= wanted else (middle + 1, high)
        return low

    thresholds = tuple(tuple(lowest(wanted, factor) for wanted in levels[1:]) for factor in _one(factors))
    reached = sorted(level(n, factor) for factor in factors for n in x.range)
    value = Value(builder.named("rounded"), x.shape, target.unit, reached[0], reached[-1], axis)
    builder.formats[value.name] = format
    return builder.append(
        Threshold(value, builder.layer, x.name, thresholds, tuple(levels), along if len(thresholds) > 1 else None)
    )


def _tabulated(builder: Builder, x: Value, format: Format, target: Target) -> Value:
    """Numbers under one scale that is no power of two, in another format: by a table of what each becomes.

    A number is held in float32 before, as the emulation holds it.
    """
    if len(x.unit) != 1 or len(target.unit) != 1 or x.high - x.low >= LARGEST_TABLE:
        raise NotLowered(
            f"numbers of several scales, or too many, that are no powers of two are rounded to {format}, "
            "which no integer rule says; give it the format of the value it reads"
        )
    held = torch.tensor([float(n * x.unit[0]) for n in range(x.low, x.high + 1)], dtype=torch.float64).float()
    known = numbers(target.element)
    whole = format
    if isinstance(format, Scaled) and isinstance(format.scale, tuple):  # one scale, along a dimension of size 1
        whole = replace(format, scale=format.scale[0], zero=target.zero, axis=None)
    entries = np.array([known[code] - target.zero for code in whole.encode(held).tolist()], dtype=object)
    value = Value(builder.named("rounded"), x.shape, target.unit, min(entries), max(entries))
    builder.formats[value.name] = format
    return builder.append(Table(value, builder.layer, x.name, entries))


def _paired(a: tuple[Fraction, ...], b: tuple[Fraction, ...]) -> list[tuple[Fraction, Fraction]]:
    count = max(len(a), len(b))
    return list(zip(a * (count // len(a)), b * (count // len(b)), strict=True))


def _one(factors: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
    """One factor where all are equal."""
    return factors[:1] if len(set(factors)) == 1 else factors
