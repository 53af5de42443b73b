"""The arithmetic of a design in Python fractions, written from its definition: arrays of fractions in and out.

Independent of the emulation: only the references of formats and registers are shared.
"""

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from itertools import product
from math import floor

import numpy as np
import torch
from torch import Tensor

from adequate.design import LayerDesign
from adequate.formats import Fixed, Format, Minifloat, Scaled, SharedExponent, round_reference
from adequate.formats.binades import floor_log2
from adequate.kernels import reference

Array = np.ndarray
"""An array of fractions."""

round_cached = lru_cache(maxsize=None)(round_reference)


def fractions(x: Tensor) -> Array:
    """The exact values of a float tensor."""
    values = np.empty(x.numel(), dtype=object)
    values[:] = [Fraction(v) for v in x.detach().double().flatten().tolist()]
    return values.reshape(tuple(x.shape))


def each(function: Callable[..., Fraction], *arrays: Array) -> Array:
    """A function of fractions, element by element."""
    broadcast = np.broadcast_arrays(*arrays)
    values = np.empty(broadcast[0].size, dtype=object)
    values[:] = [function(*v) for v in zip(*(b.ravel() for b in broadcast), strict=True)]
    return values.reshape(broadcast[0].shape)


def half_even(x: Fraction, step: Fraction) -> Fraction:
    return round(x / step) * step  # Python rounds fractions half to even


def to_dtype(x: Fraction, dtype: torch.dtype) -> Fraction:
    """The number of float32 or float64 nearest to x, a tie to the even significand."""
    if x == 0:
        return x
    digits, lowest = {torch.float32: (24, -126), torch.float64: (53, -1022)}[dtype]
    return half_even(x, Fraction(2) ** (max(floor_log2(abs(x)), lowest) - digits + 1))


def to_odd(x: Fraction) -> Fraction:
    """x if float64 holds it, else of its two neighbours there the one with the odd significand."""
    if x == to_dtype(x, torch.float64):
        return x
    step = Fraction(2) ** (floor_log2(abs(x)) - 52)
    return (floor(x / step) // 2 * 2 + 1) * step


def multiplier(ratio: Fraction) -> Fraction:
    """M 2**-n nearest to the ratio, M an integer of 31 bits."""
    return half_even(ratio, Fraction(2) ** (floor_log2(ratio) - 30))


def element_of(format: Scaled, x: Fraction, scale: Fraction, zero: int) -> Fraction:
    """The number before the scale: x / scale rounded as the element is, plus zero saturated, less zero."""
    return round_cached(Scaled(format.element, 1.0, int(zero)), x / scale)


def scales_of(format: Scaled, x: Array) -> tuple[Array, Array]:
    """Scale and zero point of each element of x."""
    if isinstance(format.scale, SharedExponent):
        return _shared(format.scale.block, format.element, x, format.axis or 0), np.zeros(x.shape, dtype=int)
    scale = np.array([Fraction(s) for s in _many(format.scale)], dtype=object)
    zero = np.array(_many(format.zero), dtype=object)
    if format.axis is not None:
        shape = [1] * x.ndim
        shape[format.axis] = -1
        scale = scale.reshape(shape)
        zero = zero.reshape(shape) if zero.size > 1 else zero
    return np.broadcast_to(scale, x.shape), np.broadcast_to(zero, x.shape)


def _many(value: object) -> tuple:
    return value if isinstance(value, tuple) else (value,)


def _shared(block: int, element: Format, x: Array, axis: int) -> Array:
    """OCP MX v1.0, 6.3: 2**(floor(log2 max|x|) - emax) for each block."""
    emax = floor_log2(element.maximum)
    scales = np.empty(x.shape, dtype=object)
    lines, results = np.moveaxis(x, axis, -1), np.moveaxis(scales, axis, -1)
    for index in np.ndindex(lines.shape[:-1]):
        for start in range(0, lines.shape[-1], block):
            largest = max(abs(v) for v in lines[index][start : start + block])
            shared = max(-127, min(127, floor_log2(largest) - emax)) if largest else -127
            results[index][start : start + block] = Fraction(2) ** shared
    return scales


def dyadic(x: Fraction) -> bool:
    return floor_log2(x) == -floor_log2(1 / x)


def quantized(format: Format | None, x: Array, dtype: torch.dtype = torch.float64) -> Array:
    """What ``format.quantize`` gives: scale times ``element_of``, rounded once to the dtype."""
    if format is None:
        return x
    if not isinstance(format, Scaled):
        return each(lambda v: round_cached(format, v), x)
    return each(lambda v, s, z: to_dtype(s * element_of(format, v, s, z), dtype), x, *scales_of(format, x))


def split(format: Format, x: Array) -> tuple[Array, Array]:
    """x^ as integers on a grid and the scales that are no powers of two (1 where they are)."""
    one = np.full((1,) * x.ndim, Fraction(1), dtype=object)
    if not isinstance(format, Scaled):
        return quantized(format, x), one
    scale, zero = scales_of(format, x)
    elements = each(lambda v, s, z: element_of(format, v, s, z), x, scale, zero)
    if all(dyadic(s) for s in scale.ravel()):
        return elements * scale, one
    return elements, scale


def grid_of(format: Format, channel: int | None) -> int | None:
    """g where the format's numbers, before a scale that is no power of two, are multiples of 2**g.

    Those of one channel; None: of all.
    """
    if not isinstance(format, Scaled):
        return spacing(format)
    if isinstance(format.scale, SharedExponent):
        return None
    scales = [Fraction(s) for s in _many(format.scale)]
    if not all(map(dyadic, scales)):
        return spacing(format.element)
    chosen = scales if channel is None or len(scales) == 1 else [scales[channel]]
    return spacing(format.element) + min(map(floor_log2, chosen))


def spacing(format: Format) -> int:
    """Of all values' lowest set bits the lowest, by looking at the values."""
    if isinstance(format, Fixed):
        return -format.frac
    if isinstance(format, Minifloat):
        return format.min_exponent - format.man
    values = [format.decode(code) for code in format.word]
    lowest = [(v.numerator & -v.numerator).bit_length() - v.denominator.bit_length() for v in values if v]
    return min(lowest)


Meetings = dict[tuple[int, ...], list[tuple[tuple[int, ...] | None, tuple[int, ...]]]]
"""Output index -> the positions in input (None: padding) and weight that meet there, in the accumulator's order."""


def convolution_meetings(
    x: tuple[int, ...],
    w: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...],
    groups: int,
) -> Meetings:
    """y[n, o, i] = sum over c, r of x[n, c, i stride + r dilation - padding] w[o, c, r], in any dimensions."""
    (images, _, *space), (outputs, per_group, *kernel) = x, w
    geometry = list(zip(space, kernel, stride, padding, dilation, strict=True))
    sizes = [(n + sum(pad) - gap * (k - 1) - 1) // step + 1 for n, k, step, pad, gap in geometry]
    found: Meetings = {}
    for n, o, *place in product(range(images), range(outputs), *map(range, sizes)):
        first = o // (outputs // groups) * per_group
        met = found[(n, o, *place)] = []
        for c, *offset in product(range(per_group), *map(range, kernel)):
            at = [
                i * step + r * gap - pad[0]
                for i, r, (_, _, step, pad, gap) in zip(place, offset, geometry, strict=True)
            ]
            inside = all(0 <= i < size for i, size in zip(at, space, strict=True))
            met.append(((n, first + c, *at) if inside else None, (o, c, *offset)))
    return found


def transposed_meetings(
    x: tuple[int, ...],
    w: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
    output_padding: tuple[int, ...],
    groups: int,
) -> Meetings:
    """y[n, o, i stride + r dilation - padding] gathers x[n, c, i] w[c, o, r]; c counts first, then r backwards.

    Where no input stands, between inputs or beside them, there is a zero.
    """
    (images, channels, *space), (_, per_group, *kernel) = x, w
    geometry = list(zip(space, kernel, stride, padding, dilation, output_padding, strict=True))
    sizes = [(n - 1) * step - 2 * pad + gap * (k - 1) + more + 1 for n, k, step, pad, gap, more in geometry]
    found: Meetings = {}
    for n, o, *place in product(range(images), range(per_group * groups), *map(range, sizes)):
        group = range(o // per_group * (channels // groups), (o // per_group + 1) * (channels // groups))
        met = found[(n, o, *place)] = []
        for c, *offset in product(group, *(range(k - 1, -1, -1) for k in kernel)):
            spread = [i + pad - r * gap for i, r, (_, _, _, pad, gap, _) in zip(place, offset, geometry, strict=True)]
            at = [i // step for i, (_, _, step, *_) in zip(spread, geometry, strict=True)]
            inside = all(
                i == step * j and 0 <= j < size for i, j, (size, _, step, *_) in zip(spread, at, geometry, strict=True)
            )
            met.append(((n, c, *at) if inside else None, (c, o % per_group, *offset)))
    return found


def contraction_meetings(equation: str, x: tuple[int, ...], w: tuple[int, ...]) -> Meetings:
    """z[output] = sum x[left] w[right] over the labels that are not in the output; single letters, an arrow."""
    operands, _, output = equation.partition("->")
    left, right = operands.split(",")
    sizes = dict.fromkeys(left + right, 1)
    for label, size in zip(left + right, (*x, *w), strict=True):
        sizes[label] = max(sizes[label], size)
    summed = [label for label in dict.fromkeys(left + right) if label not in output]
    found: Meetings = {}
    for free in product(*(range(sizes[label]) for label in output)):
        met = found[free] = []
        for bound in product(*(range(sizes[label]) for label in summed)):
            at = dict(zip((*output, *summed), (*free, *bound), strict=True))
            places = [
                tuple(at[label] if size > 1 else 0 for label, size in zip(labels, shape, strict=True))
                for labels, shape in ((left, x), (right, w))
            ]
            met.append((places[0], places[1]))
    return found


def product_layer(
    design: LayerDesign,
    x: Array,
    w: Array,
    bias: Array | None,
    meetings: Meetings,
    dtype: torch.dtype,
    bias_axis: int = 1,
) -> Array:
    """A sum of products: quantise, multiply, add, add the bias on its grid, round once."""
    assert design.input is not None
    assert design.weight is not None
    (x, x_scale), (w, w_scale) = split(design.input, x), split(design.weight, w)
    x_scale, w_scale = x_scale.ravel()[0], np.broadcast_to(w_scale, w.shape)
    axis = getattr(design.weight, "axis", None)
    free = axis is not None and all(len({v[axis % w.ndim] for _, v in met}) == 1 for met in meetings.values())
    result = np.empty([max(index[d] for index in meetings) + 1 for d in range(len(next(iter(meetings))))], dtype=object)
    for index, met in meetings.items():
        scale = x_scale * w_scale[met[0][1]]
        channel = met[0][1][axis % w.ndim] if free else None
        pairs = [(Fraction(0) if at is None else x[at], w[other]) for at, other in met]
        added = Fraction(0) if bias is None else bias[index[bias_axis]] / scale
        grids = [grid_of(design.input, None), grid_of(design.weight, channel)]
        grid = None if None in grids else sum(grids)
        if design.accumulator is None:
            total = sum((a * b for a, b in pairs), Fraction(0))
            total = to_odd(total + (to_odd(added) if grid is None else half_even(added, Fraction(2) ** grid)))
        else:
            total = reference.accumulate([a * b for a, b in pairs], design.accumulator)
            coarser = max(g for g in (grid, spacing(design.accumulator.format)) if g is not None)
            if bias is not None:
                total = reference.add(total, half_even(added, Fraction(2) ** coarser), design.accumulator)
        result[index] = written(design.output, total, scale, index, dtype)
    return in_blocks(design.output, result, dtype)


def in_blocks(format: Format | None, y: Array, dtype: torch.dtype) -> Array:
    """What ``written`` left to be rounded: under shared exponents."""
    shared = isinstance(format, Scaled) and isinstance(format.scale, SharedExponent)
    return quantized(format, y, dtype) if shared else y


def written(
    format: Format | None, total: Fraction, scale: Fraction, index: tuple[int, ...], dtype: torch.dtype
) -> Fraction:
    """scale * total, rounded once by the output's format."""
    if isinstance(format, Scaled) and isinstance(format.scale, SharedExponent):
        return total if scale == 1 else total * multiplier(scale)
    if isinstance(format, Scaled) and isinstance(format.scale, tuple):
        format = format.channel(index[format.axis])
    if isinstance(format, Scaled) and not dyadic(Fraction(format.scale)):
        own = Fraction(format.scale)
        return to_dtype(element_of(format, total * multiplier(scale / own), Fraction(1), format.zero) * own, dtype)
    if format is None:
        return to_dtype(to_odd(total * scale), dtype)
    return round_cached(format, total if scale == 1 else total * multiplier(scale))


def pooled(
    x: Array, size: int, stride: int, padding: int, reduce: Callable[[list[Fraction]], Fraction], fill: Fraction | None
) -> Array:
    """Windows of a padded image; positions outside count as ``fill``, or not at all."""
    images, channels, *spatial = x.shape
    sizes = [(n + 2 * padding - size) // stride + 1 for n in spatial]
    result = np.empty((images, channels, *sizes), dtype=object)
    for n, c, i, j in np.ndindex(*result.shape):
        window = []
        for r, s in product(range(size), repeat=2):
            row, column = i * stride + r - padding, j * stride + s - padding
            if 0 <= row < spatial[0] and 0 <= column < spatial[1]:
                window.append(x[n, c, row, column])
            elif fill is not None:
                window.append(fill)
        result[n, c, i, j] = reduce(window)
    return result


def mean(values: list[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)
