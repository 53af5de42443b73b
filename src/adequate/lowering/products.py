"""Sums of products as steps: convolutions, linear layers, matrix products."""

from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod
from typing import Any

import torch
from torch import Tensor

from adequate.design import LayerDesign
from adequate.emulated_layer.geometry import Convolution, Geometry, geometry_of
from adequate.emulated_layer.multiplied_sums import codings_of
from adequate.kernels.columns import Window, output_size, untransposed, window_of
from adequate.kernels.contraction import Contraction
from adequate.lowering.builder import Builder, NotLowered, Raw
from adequate.lowering.parameters import bias_integers, bias_unit, weight
from adequate.lowering.product_range import sum_range
from adequate.lowering.rounding import quantized
from adequate.network import Layer
from adequate.program.products import Approximate, Words
from adequate.program.register import Register
from adequate.program.steps import Array, Contract, Convolve
from adequate.program.value import Value, exponent, power


@dataclass(frozen=True, eq=False)
class _Operands:
    """What meets: two values, the integers of the second where it is a parameter, and how they are multiplied."""

    x: Value
    w: Value
    integers: Array | None
    products: Approximate | None
    register: Register | None
    bias: Array | None
    unit: tuple[Fraction, ...]


def product(
    builder: Builder, layer: Layer, chosen: LayerDesign, x: Value | Raw, w: Value | Raw | Tensor, bias: Tensor | None
) -> Value:
    """The sums of products of a layer, before its output format.

    Raises:
        NotLowered: a format is missing, or an operand has a scale that cannot be taken out of the sum.
    """
    missing = [slot for slot in ("input", "weight") if getattr(chosen, slot) is None]
    if missing:
        raise NotLowered(f"it multiplies, and the design has no {' and no '.join(missing)} format for it")
    assert chosen.input is not None
    assert chosen.weight is not None
    geometry = geometry_of(layer)
    a = quantized(builder, x, chosen.input)
    if len(a.unit) != 1:
        raise NotLowered(f"input: {chosen.input} has a scale per index, which cannot be taken out of the sum")
    products = None if chosen.multiplier is None else _approximate(layer, chosen, geometry)
    if isinstance(geometry, Convolution) and len(a.shape) < _dims(layer) + 2:
        a = _moved(builder, a, torch.arange(prod(a.shape)).reshape(1, *a.shape))
    window = turned = None
    if isinstance(geometry, Convolution):
        attributes = dict(layer.attributes)
        if layer.operation.startswith("conv_transpose"):
            spread, turned, window = untransposed(_places(a.shape), _places(w.shape), attributes, -1)
            a = _moved(builder, a, spread)
        else:
            window = window_of(attributes, tuple(w.shape[2:]))
    integers: Any = None
    if isinstance(w, Tensor):
        found = weight(w, chosen.weight, geometry, whole=chosen.accumulator is not None)
        integers, unit, axis, grids = found.integers, found.unit, found.axis, found.grids
        if turned is not None:
            integers = integers.reshape(-1)[turned.numpy()]
            unit, axis = (unit * geometry.copies, 0) if len(unit) > 1 else (unit, None)
            grids = grids * geometry.copies if len(grids) > 1 else grids
        if not grids and bias is not None and chosen.accumulator is None:
            finest = bias_unit(bias, max(unit) * a.unit[0]) / a.unit[0]
            integers, unit = integers * int(max(unit) / finest), (finest,)
        b = builder.constant(integers, unit, axis, chosen.weight, "weight")
    else:
        b = quantized(builder, w, chosen.weight)
        b = b if turned is None else _moved(builder, b, turned)
        grids = b.unit
    finer = power(0 if products is None else products.grid)
    products_unit = tuple(a.unit[0] * one * finer for one in b.unit)
    if chosen.accumulator is None:
        added = None if bias is None else bias_integers(bias, products_unit, products_unit)
        operands = _Operands(a, b, integers, products, None, added, products_unit)
    else:
        grid, own = exponent(products_unit[0]), chosen.accumulator.format.grid
        if len(products_unit) != 1 or grid is None:
            raise NotLowered("an accumulator needs scales that are powers of two")
        register = Register(chosen.accumulator, grid, max(grid, own) if grids else own)
        finest = power(register.bias)
        rounded_to = tuple(max(a.unit[0] * one * finer, finest) for one in grids) or (finest,)
        added = None if bias is None else bias_integers(bias, rounded_to, (finest,))
        operands = _Operands(a, b, integers, products, register, added, (power(register.grid),))
    if window is not None:
        return _convolution(builder, layer, operands, window)
    assert layer.contraction is not None
    return _contraction(builder, operands, geometry, layer.contraction)


def _convolution(builder: Builder, layer: Layer, one: _Operands, window: Window) -> Value:
    kernel = one.w.shape[2:]
    places = output_size(one.x.shape[2:], kernel, window)
    padded = replace(one.x, low=min(one.x.low, 0), high=max(one.x.high, 0)) if any(map(any, window.padding)) else one.x
    summed = tuple(range(1, len(one.w.shape)))
    count = prod(one.w.shape[1:])
    ends = sum_range(padded, one.w, one.integers, one.products, summed, count)
    one = _limited(one, ends, count)
    shape = (one.x.shape[0], one.w.shape[0], *places)
    bias = None if one.bias is None else one.bias.reshape(-1, *(1 for _ in kernel))
    value = _value(builder, shape, one, 1, ends)
    sums = builder.append(
        Convolve(value, builder.layer, one.x.name, one.w.name, bias, one.products, one.register, window)
    )
    if len(layer.output_shape) == len(shape):
        return sums
    return _moved(builder, sums, torch.arange(prod(shape)).reshape(shape[1:]))


def _contraction(builder: Builder, one: _Operands, geometry: Geometry, contraction: Contraction) -> Value:
    for labels in (contraction.left, contraction.right):
        if len(set(labels)) < len(labels):
            raise NotLowered("it takes the diagonal of an operand")
    sizes = contraction.sizes(one.x.shape, one.w.shape)
    shape = tuple(sizes[label] for label in contraction.output)
    summed = tuple(d for d, label in enumerate(contraction.right) if label in contraction.summed)
    count = prod(sizes[label] for label in contraction.summed)
    ends = sum_range(one.x, one.w, one.integers, one.products, summed, count)
    one = _limited(one, ends, count)
    place = None if one.w.axis is None else geometry.place(one.w.axis)
    value = _value(builder, shape, one, None if place is None else len(shape) + place, ends)
    return builder.append(
        Contract(value, builder.layer, one.x.name, one.w.name, one.bias, one.products, one.register, contraction)
    )


def _limited(one: _Operands, ends: tuple[int, int], count: int) -> _Operands:
    """The operands with a register that knows how large sums with these ends become in it."""
    if one.register is None:
        return one
    bias = 0 if one.bias is None else max(map(abs, one.bias.reshape(-1).tolist()))
    return replace(one, register=one.register.limited(ends[1] - ends[0], bias, count))


def _value(builder: Builder, shape: tuple[int, ...], one: _Operands, axis: int | None, ends: tuple[int, int]) -> Value:
    low, high = ends
    if one.register is not None:
        low, high = one.register.rounder.low, one.register.rounder.high
    elif one.bias is not None:
        low, high = low + min(0, *one.bias.tolist()), high + max(0, *one.bias.tolist())
    return Value(builder.named("sums"), shape, one.unit, low, high, axis if len(one.unit) > 1 else None)


def _approximate(layer: Layer, chosen: LayerDesign, geometry: Geometry) -> Approximate:
    multiplier = chosen.multiplier
    assert multiplier is not None
    words: list[Words] = []
    codings = codings_of(layer, chosen, geometry)
    for name, coding, operand in zip(("input", "weight"), codings, (multiplier.a, multiplier.b), strict=True):
        zeros = set(coding.zero or (0,))
        if len(zeros) > 1:
            raise NotLowered(f"{name}: {coding.format} has a zero point per channel; choose one for all")
        words.append(Words(operand, zeros.pop()))
    return Approximate(multiplier, words[0], words[1])


def _places(shape: tuple[int, ...]) -> Tensor:
    """Each element's own place."""
    return torch.arange(prod(shape)).reshape(shape)


def _moved(builder: Builder, x: Value, index: Tensor) -> Value:
    moved = builder.rearrange(x, index.numpy())
    assert isinstance(moved, Value)
    return moved


def _dims(layer: Layer) -> int:
    return int(layer.operation[-2])
