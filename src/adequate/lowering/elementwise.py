"""Layers that combine or bound numbers one by one."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import torch
from torch import Tensor

from adequate.formats import Format
from adequate.kernels.exact import grid_of
from adequate.lowering.builder import Builder, NotLowered, one_unit
from adequate.lowering.rounding import rounder_for
from adequate.program.steps import Divide
from adequate.program.value import Value, power

Operand = Value | float


def combined(
    builder: Builder, operation: str, operands: Sequence[Operand], alpha: float, output: Format | None
) -> Value:
    """add, sub, rsub, mul or div, exact; a quotient of two values rounded by ``output`` at once.

    Raises:
        NotLowered: the operands lie under scales that are no powers of two, or a quotient has no output format.
    """
    a, b = operands
    if operation == "rsub":
        a, b = b, a
    if operation == "mul":
        return builder.multiply(_value(builder, a), _value(builder, b))
    if operation == "div":
        return _quotient(builder, a, b, output)
    if alpha != 1:
        scaled = builder.multiply(_value(builder, alpha), _value(builder, a if operation == "rsub" else b))
        a, b = (scaled, b) if operation == "rsub" else (a, scaled)
    return builder.add(_value(builder, a), _value(builder, b), (1, 1 if operation == "add" else -1))


def _quotient(builder: Builder, a: Operand, b: Operand, output: Format | None) -> Value:
    x, y = _value(builder, a), _value(builder, b)
    if output is None:
        raise NotLowered("a quotient is rounded at once: give it an output format")
    if y.low <= 0 <= y.high:
        raise NotLowered("its divisor may be 0")
    rounder, unit = rounder_for(output)
    factor = one_unit(x) / one_unit(y) / unit
    value = Value(builder.named("quotient"), np.broadcast_shapes(x.shape, y.shape), (unit,), rounder.low, rounder.high)
    builder.formats[value.name] = output
    return builder.append(Divide(value, builder.layer, x.name, y.name, factor, rounder))


def bounded(builder: Builder, x: Value, low: float | None, high: float | None) -> Value:
    """x between two real numbers; its grid becomes as fine as theirs.

    Raises:
        NotLowered: an end other than 0 for a value under a scale that is no power of two.
    """
    ends = [Fraction(end) for end in (low, high) if end]
    if ends:
        unit = min(one_unit(x), *(power(_grid(end)) for end in ends))
        x = builder.scale(x, int(one_unit(x) / unit))
        return builder.clamp(x, *(None if end is None else int(Fraction(end) / unit) for end in (low, high)))
    return builder.clamp(x, None if low is None else 0, None if high is None else 0)


BOUNDS: Mapping[str, tuple[float | None, float | None]] = {"relu": (0.0, None), "relu6": (0.0, 6.0)}
"""Operations with fixed ends."""

ARGUMENTS: Mapping[str, tuple[str | None, str | None]] = {
    "hardtanh": ("min_val", "max_val"),
    "clamp": ("min", "max"),
    "clamp_min": ("min", None),
    "clamp_max": (None, "max"),
}
"""Names of the arguments that are the ends."""


def ends_of(operation: str, arguments: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Between which numbers an operation keeps its operand.

    Raises:
        NotLowered: the ends are tensors.
    """
    if operation in BOUNDS:
        return BOUNDS[operation]
    low, high = (None if name is None else arguments[name] for name in ARGUMENTS[operation])
    if isinstance(low, Value | Tensor) or isinstance(high, Value | Tensor):
        raise NotLowered("its bounds are tensors")
    return low, high


def constant(builder: Builder, numbers: Tensor, format: Format | None) -> Value:
    """A constant tensor as integers: quantised, or exactly what it is."""
    exact = (numbers.detach() if format is None else format.quantize(numbers.detach())).double()
    unit = power(grid_of(exact))
    integers = np.vectorize(lambda v: int(Fraction(float(v)) / unit), otypes=[object])(exact.numpy())
    return builder.constant(
        np.asarray(integers, dtype=object).reshape(tuple(exact.shape)), (unit,), None, format, "constant"
    )


def _value(builder: Builder, operand: Operand) -> Value:
    if isinstance(operand, Value):
        return operand
    return constant(builder, torch.tensor(float(operand), dtype=torch.float64), None)


def _grid(number: Fraction) -> int:
    """The exponent of the last bit of a dyadic number."""
    numerator = abs(number.numerator)
    return (numerator & -numerator).bit_length() - number.denominator.bit_length()
