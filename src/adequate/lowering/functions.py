"""Functions in their integer forms, as steps: what ``emulated_layer.forms`` states, in the same order."""

from dataclasses import replace
from math import isfinite

import torch
from torch import Tensor

from adequate.emulated_layer.forms import (
    BatchNorm,
    Given,
    IntegerForm,
    LocalResponse,
    Lookup,
    Rectifier,
    Softmax,
    Standardize,
)
from adequate.emulated_layer.forms.lookup import values_of
from adequate.emulated_layer.forms.multiples import multiples_of
from adequate.emulated_layer.forms.softmax import FRACTION
from adequate.lowering.builder import Builder, NotLowered
from adequate.lowering.elementwise import combined, constant
from adequate.lowering.normalizations import normalized, responded, standardized
from adequate.lowering.rounding import target_of
from adequate.lowering.windows import over
from adequate.program.value import Value, power


def computed(builder: Builder, form: IntegerForm, x: Value, given: Given) -> Value:
    """The numbers that a layer's output format rounds, or has rounded; x is of its input format.

    Raises:
        NotLowered: a table has no number for one that x may be, or a quotient's format has no arithmetic rule.
    """
    match form:
        case Lookup():
            return _looked_up(builder, form, x, form.entries(given))
        case Softmax():
            return _softmax(builder, form, x, given["dim"])
        case BatchNorm():
            return normalized(builder, form, x, given)
        case Rectifier():
            return _rectified(builder, form, x, given)
        case LocalResponse():
            return responded(builder, form, x)
        case Standardize():
            return standardized(builder, form, x, given)
        case _:
            raise TypeError(f"no steps are known for {type(form).__name__}")


def _looked_up(builder: Builder, form: Lookup, x: Value, table: Tensor) -> Value:
    values, (read, written) = values_of(form.input), (multiples_of(one) for one in (form.input, form.output))
    assert read is not None
    assert written is not None
    known = dict(zip(read.integers(values), table[~values.isnan()].tolist(), strict=True))
    found = {n: known[n] for n in sorted(known) if x.low <= n <= x.high}
    for n, entry in found.items():
        if not isfinite(entry):
            raise NotLowered(
                f"{form.layer.operation} of {float(n * x.unit[0]):g} is no finite number; "
                "keep its operand away from there, by a clamp before it or an unsigned input format"
            )
    entries = written.integers(torch.tensor(list(found.values()), dtype=torch.float64))
    unit = target_of(form.output).unit[0]
    y = builder.table(x, entries, unit, None if len(found) == x.high - x.low + 1 else list(found))
    builder.formats[y.name] = form.output
    return y


def _softmax(builder: Builder, form: Softmax, x: Value, dim: int) -> Value:
    unit = power(form.numbers.grid)
    x = replace(x, unit=(unit,))
    below = builder.add(over(builder, x, (dim,), largest=True), x, (1, -1))
    below = builder.clamp(builder.known(below, low=0), None, form.reach)
    e = builder.table(below, [int(entry) for entry in form.entries[: below.high + 1].tolist()], power(-FRACTION))
    total = builder.known(over(builder, e, (dim,), largest=False), low=2**FRACTION)
    return combined(builder, "div", (e, total), 1.0, form.output)


def _rectified(builder: Builder, form: Rectifier, x: Value, given: Given) -> Value:
    """The two sides of zero, each with its factor; one of them is 0."""
    x = replace(x, unit=(power(form.numbers.grid),))
    above, below = form.affine(given, len(x.shape)).factor
    up = builder.multiply(builder.clamp(x, 0, None), constant(builder, above, None))
    down = builder.multiply(builder.clamp(x, None, 0), constant(builder, below, None))
    return builder.add(up, down)
