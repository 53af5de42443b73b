"""Normalisations in their integer forms, as steps."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import torch

from adequate.emulated_layer.forms import BatchNorm, Given, LocalResponse, Standardize
from adequate.emulated_layer.forms.affine import Affine
from adequate.emulated_layer.forms.leading import LEADING, Power
from adequate.emulated_layer.forms.lrn import CHANNELS
from adequate.emulated_layer.forms.standardize import FRACTION
from adequate.kernels.columns import Window
from adequate.kernels.exact import grid_of
from adequate.lowering.builder import Builder, one_unit
from adequate.lowering.elementwise import constant
from adequate.lowering.windows import over
from adequate.program.rounding import ToFixed, ToFloat
from adequate.program.steps import Pool, Round
from adequate.program.value import Value, power


def normalized(builder: Builder, form: BatchNorm, x: Value, given: Given) -> Value:
    """A batch normalisation: m x + b."""
    step = form.affine(given, len(x.shape))
    return _affine(builder, step, replace(x, unit=(power(form.numbers.grid),)))


def responded(builder: Builder, form: LocalResponse, x: Value) -> Value:
    """A local response normalisation: x u^-beta."""
    x = replace(x, unit=(power(form.numbers.grid),))
    u = _affine(builder, form.affine, _energy(builder, form, builder.square(x)))
    return builder.multiply(x, _power(builder, form.power, u))


def standardized(builder: Builder, form: Standardize, x: Value, given: Given) -> Value:
    """A layer, group, instance or RMS normalisation: gamma z + beta."""
    shape, groups = x.shape, form.groups
    n, axes = groups.elements, groups.axes
    x = _reshaped(builder, replace(x, unit=(power(form.numbers.grid),)), (-1, *groups.shape[1:]))
    v = over(builder, builder.square(x), axes, largest=False)
    c = x
    if form.centred:
        sums = over(builder, x, axes, largest=False)
        c = builder.add(x, sums, (n, -1))
        v = builder.known(builder.add(v, builder.square(sums), (n, -1)), low=0, high=n * v.high)
    u = builder.add(v, constant(builder, torch.tensor(form.added, dtype=torch.float64), None))
    z = builder.multiply(c, _power(builder, form.power, u))
    ends = ToFixed(-form.bound, form.bound)
    value = Value(builder.named("standardized"), z.shape, (power(-FRACTION),), -form.bound, form.bound)
    z = builder.append(Round(value, builder.layer, z.name, (one_unit(z) / value.unit[0],), ends))
    z = _reshaped(builder, z, shape)
    step = form.affine(given, len(shape))
    return z if step is None else _affine(builder, step, z)


def _affine(builder: Builder, step: Affine, x: Value) -> Value:
    product = builder.multiply(x, constant(builder, step.factor, None))
    return builder.add(product, constant(builder, step.offset, None))


def _power(builder: Builder, form: Power, u: Value) -> Value:
    """The entry of u's leading bits."""
    unit = one_unit(u)
    step = ToFloat(LEADING - 1, u.high)
    step = replace(step, high=replace(step, high=2 * u.high)(u.high))
    low = step(u.low)
    value = Value(builder.named("leading"), u.shape, u.unit, low, step.high)
    leading = builder.append(Round(value, builder.layer, u.name, (Fraction(1),), step))
    numbers = [low]
    while numbers[-1] < step.high:
        numbers.append(numbers[-1] + 2 ** max(numbers[-1].bit_length() - LEADING, 0))
    powers = [form.of(float(n * unit)) for n in numbers]
    grid = power(grid_of(torch.tensor(powers, dtype=torch.float64)))
    return builder.table(leading, [int(Fraction(one) / grid) for one in powers], grid, numbers)


def _energy(builder: Builder, form: LocalResponse, x: Value) -> Value:
    """The sums over windows, which end at the edges."""
    size, across = form.response.size, form.response.across
    before, after = size // 2, (size - 1) // 2
    if across:  # as one image of a column for each channel
        whole = _reshaped(builder, x, (1, 1, x.shape[CHANNELS], -1))
        kernel, window = (size, 1), Window((1, 1), ((before, after), (0, 0)), (1, 1))
    else:
        whole, kernel, window = x, (size, size), Window((1, 1), ((before, after),) * 2, (1, 1))
    value = Value(builder.named("energy"), whole.shape, x.unit, 0, form.response.terms * x.high)
    return _reshaped(builder, builder.append(Pool(value, builder.layer, whole.name, kernel, window, False)), x.shape)


def _reshaped(builder: Builder, x: Value, shape: tuple[int, ...]) -> Value:
    places = np.arange(int(np.prod(x.shape))).reshape(shape)
    moved = builder.rearrange(x, places)
    assert isinstance(moved, Value)
    return moved
