"""A layer with a multiplier in Python integers and fractions, written from the definition.

Of the package only the operator itself is used, on Python integers, and the formats' definitions.
"""

from fractions import Fraction

import numpy as np
import torch

from adequate.circuits import Word
from adequate.design import LayerDesign
from adequate.formats import Format, Scaled
from adequate.kernels import reference
from adequate.operators import Multiplier, Operand
from tests import fractions_of as exact
from tests.fractions_of import Array, Meetings


def layer(
    design: LayerDesign,
    x: Array,
    w: Array,
    bias: Array | None,
    meetings: Meetings,
    dtype: torch.dtype,
    bias_axis: int = 1,
) -> Array:
    """Quantise to codes, multiply the codes, add, correct for zero points, add the bias on its grid, round once."""
    multiplier = design.multiplier
    assert multiplier is not None
    assert design.input is not None
    assert design.weight is not None
    x_codes, x_scale, x_zero = _codes(design.input, x)
    w_codes, w_scale, w_zero = _codes(design.weight, w)
    padded = any(at is None for met in meetings.values() for at, _ in met)
    zero = _code(_element(design.input), Fraction(0)) + x_zero.ravel()[0] if padded else None
    step = _step(multiplier, design.input, design.weight)
    products: dict[tuple[int, int], int] = {}

    def product(a: int, b: int) -> int:
        if (a, b) not in products:
            products[a, b] = _product(multiplier, a, b)
        return products[a, b]

    result = np.empty([max(index[d] for index in meetings) + 1 for d in range(len(next(iter(meetings))))], dtype=object)
    for index, met in meetings.items():
        total, added_up = 0, list[Fraction]()
        for at, other in met:
            a, b = zero if at is None else x_codes[at], w_codes[other]
            za, zb = x_zero.ravel()[0], w_zero[other]
            na, nb = _number(multiplier.a, a), _number(multiplier.b, b)
            total += product(a, b) - zb * na - za * nb + za * zb
            added_up.append(product(a, b) * step)
        if design.accumulator is not None:
            sums = reference.accumulate(added_up, design.accumulator)
            if bias is not None:
                coarser = max(step, Fraction(2) ** exact.spacing(design.accumulator.format))
                sums = reference.add(sums, exact.half_even(bias[index[bias_axis]], coarser), design.accumulator)
            result[index] = exact.written(design.output, sums, Fraction(1), index, dtype)
            continue
        scale = x_scale.ravel()[0] * w_scale[met[0][1]]
        added = Fraction(0) if bias is None else exact.half_even(bias[index[bias_axis]] / scale, step)
        result[index] = exact.written(design.output, exact.to_odd(total * step + added), scale, index, dtype)
    return exact.in_blocks(design.output, result, dtype)


def _element(format: Format) -> Format:
    return format.element if isinstance(format, Scaled) else format


def _codes(format: Format, x: Array) -> tuple[Array, Array, Array]:
    """Codes, scales and zero points of every element; a scale that is a power of two is one like any other."""
    if not isinstance(format, Scaled):
        one, none = (np.full(x.shape, value, dtype=object) for value in (Fraction(1), 0))
        return exact.each(lambda v: _code(format, exact.round_cached(format, v)), x), one, none
    scale, zero = exact.scales_of(format, x)
    elements = exact.each(lambda v, s, z: exact.element_of(format, v, s, z), x, scale, zero)
    return exact.each(lambda v, z: _code(format.element, v + z), elements, zero), scale, zero


def _number(operand: Operand, code: int) -> Fraction:
    """What a word stands for, in units of the operand's grid; a zero point counts in them."""
    if operand.format is None:
        return Fraction(code)
    return operand.format.decode(code % 2**operand.width) / Fraction(2) ** exact.spacing(operand.format)


_listed: dict[Format, dict[Fraction, int]] = {}


def _code(format: Format, value: Fraction) -> int:
    """The first code of a value."""
    if format not in _listed:
        codes = _listed[format] = {}
        for code in format.word:
            try:
                codes.setdefault(format.decode(code), code)
            except ValueError:  # not a number
                continue
    return _listed[format][value]


def _product(multiplier: Multiplier, a: int, b: int) -> int:
    """The product in steps."""
    left, right = (
        Word(code if one.format is None else code % 2**one.width, one.width, one.signed)
        for code, one in ((a, multiplier.a), (b, multiplier.b))
    )
    found = multiplier(left, right).value
    if multiplier.product is None:
        return found
    value = multiplier.product.decode(found) / Fraction(2) ** exact.spacing(multiplier.product)
    assert value.denominator == 1
    return int(value)


def _step(multiplier: Multiplier, x: Format, w: Format) -> Fraction:
    """What one step of the product is worth, before the scales."""
    found = Fraction(1) if multiplier.product is None else Fraction(2) ** exact.spacing(multiplier.product)
    for format, operand in ((_element(x), multiplier.a), (_element(w), multiplier.b)):
        found *= _worth(format, operand, multiplier.product is None)
    return found


def _worth(format: Format, operand: Operand, in_steps: bool) -> Fraction:
    """What the operand's code stands for in this format, over what it stands for in the operator."""
    if operand.format is None:
        return Fraction(2) ** exact.spacing(format)
    largest = operand.format.maximum
    ratio = format.decode(_code(operand.format, largest)) / largest
    return ratio * Fraction(2) ** exact.spacing(operand.format) if in_steps else ratio
