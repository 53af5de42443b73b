"""Convolutions and matrix products as passes of the array."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from adequate.exporters.verilog.hardware import Function, Mac, Order, RoundingKind, Sum, mantissa_of
from adequate.exporters.verilog.instruction import NOWHERE, Instruction, Place
from adequate.exporters.verilog.places import Indices, places, strides
from adequate.exporters.verilog.pools import Pools
from adequate.exporters.verilog.refusal import Refusal
from adequate.formats import Minifloat
from adequate.operators import Order as AdditionOrder
from adequate.program import Register
from adequate.program.register import rounder_of
from adequate.program.steps import Array, Constant, Contract, Convolve, Product, Round
from adequate.program.value import Value

_ORDERS = {
    AdditionOrder.SEQUENTIAL: Order.SEQUENTIAL,
    AdditionOrder.BLOCKED: Order.BLOCKED,
    AdditionOrder.TREE: Order.TREE,
}


LONGEST_TABLE = 2**16
"""Of the words of weights that depend on the image, one for each of their numbers."""

MOST_CODES = 2**10
"""Of a format whose codes are found by comparison, one case each; a float has a circuit."""


@dataclass(frozen=True, eq=False)
class Tile:
    """Sums of products of the elements x[x + rows[r] + terms[k]] and w[w + columns[c] + terms_w[k]].

    They go to z[z + rows_z[r] + columns_z[c]].
    """

    x: int
    rows: Indices
    terms: Indices
    w: int
    columns: Indices
    terms_w: Indices
    z: int
    rows_z: Indices
    columns_z: Indices


def convolution(step: Convolve, shape: tuple[int, ...], kernel: tuple[int, ...], channels: int) -> Iterator[Tile]:
    """One tile for each group; ``shape`` is that of x with its padding, ``channels`` how many come out."""
    window, sizes = step.window, step.value.shape[2:]
    inside, step_x = strides(shape)[2:], strides(shape)[1]
    each, places_out = channels // window.groups, prod(sizes)
    depth = shape[1] // window.groups
    rows = places(sizes, [a * b for a, b in zip(window.stride, inside, strict=True)])
    terms = places((depth, *kernel), (step_x, *(a * b for a, b in zip(window.dilation, inside, strict=True))))
    for group in range(window.groups):
        yield Tile(
            x=group * depth * step_x,
            rows=rows,
            terms=terms,
            w=group * each * len(terms),
            columns=places((each,), (len(terms),)),
            terms_w=np.arange(len(terms)),
            z=group * each * places_out,
            rows_z=np.arange(places_out),
            columns_z=places((each,), (places_out,)),
        )


def contraction(step: Contract, x: tuple[int, ...], w: tuple[int, ...]) -> Iterator[Tile]:
    """One tile for each index of the batch."""
    one, sizes = step.contraction, step.contraction.sizes(x, w)
    steps_x, steps_w = _steps(one.left, x), _steps(one.right, w)
    steps_z = _steps(one.output, [sizes[label] for label in one.output])

    def run(labels: tuple[str, ...], steps: Mapping[str, int]) -> Indices:
        return places([sizes[label] for label in labels], [steps.get(label, 0) for label in labels])

    for at_x, at_w, at_z in zip(*(run(one.batch, steps) for steps in (steps_x, steps_w, steps_z)), strict=True):
        yield Tile(
            x=int(at_x),
            rows=run(one.rows, steps_x),
            terms=run(one.summed, steps_x),
            w=int(at_w),
            columns=run(one.columns, steps_w),
            terms_w=run(one.summed, steps_w),
            z=int(at_z),
            rows_z=run(one.rows, steps_z),
            columns_z=run(one.columns, steps_z),
        )


def weights_of(step: Product, tile: Tile, w: Constant, pools: Pools, width: int) -> int:
    """Where the weights of a tile begin, in words of ``width`` lanes."""
    integers = w.integers.reshape(-1)[tile.w + tile.columns[:, None] + tile.terms_w[None, :]]
    if step.products is not None:
        integers = step.products.w.patterns(integers).astype(object)
    return pools.lanes(integers, width, pools.weights)


def loading(step: Product, tile: Tile, w: Value, buffer: str, pools: Pools, width: int) -> Instruction:
    """The pass that writes weights which depend on the image to the weight memory.

    Raises:
        Refusal: the words of the weights need too long a table.
    """
    rows = (tile.w + tile.columns[:, None] + tile.terms_w[None, :]).astype(object)
    begin = len(pools.weights)
    tiles = range(0, len(rows), width)
    padded = np.concatenate([rows, np.full((len(tiles) * width - len(rows), rows.shape[1]), -1, dtype=object)])
    order = np.concatenate([padded[tile : tile + width].T.reshape(-1) for tile in tiles]).astype(np.int64)
    pools.weights.extend(np.zeros((len(tiles) * rows.shape[1], width), dtype=object))
    place = pools.table(order)
    told = Instruction(Function.MOVE, Place(buffer), NOWHERE, len(order), places=place, stationary=True, weights=begin)
    if step.products is None:
        return told
    if w.high - w.low >= LONGEST_TABLE:
        raise Refusal(step, f"the {w.high - w.low + 1} numbers of its second operand need too long a table of words")
    entries = tuple(step.products.w.patterns(np.arange(w.low, w.high + 1).astype(object)).tolist())
    return replace(told, function=Function.TABLE, parameters=pools.records(entries), low=w.low)


def array_pass(
    step: Product, tile: Tile, weights: int, then: Round | None, buffers: tuple[str, str], pools: Pools, width: int
) -> Instruction:
    """The pass of a tile from one buffer to another, in an array of ``width`` columns; ``then`` rounds its sums."""
    at = pools.table
    instruction = Instruction(
        function=Function.MOVE,
        x=Place(buffers[0], tile.x),
        z=Place(buffers[1], tile.z),
        outer=len(tile.rows),
        inner=len(tile.terms),
        product=True,
        columns=len(tile.columns),
        places=at(tile.rows),
        terms=at(tile.terms),
        rows=at(tile.rows_z),
        along=at(tile.columns_z),
        weights=weights,
        mac=mac_of(step),
        order=_ORDERS[step.register.accumulator.order] if step.register else Order.SEQUENTIAL,
        block=min(step.register.accumulator.block or 0, len(tile.terms)) if step.register else 0,
        zeros=(step.products.x.zero, step.products.w.zero) if step.products else (0, 0),
    )
    if step.bias is not None:
        instruction = replace(instruction, biased=True, biases=_biases(step, step.bias, tile, pools, width))
    return instruction if then is None else rounding_after(instruction, tile, then, pools)


def rounds_columns(step: Product, tile: Tile, then: Round) -> int | None:
    """The channel of the first column, where the factor is one for all or one for each column; else None."""
    if then.axis is None:
        return 0
    shape = step.value.shape
    axis = then.axis % len(shape)
    inner = strides(shape)[axis]
    channel = (tile.z + tile.rows_z[:, None] + tile.columns_z[None, :]) // inner % shape[axis]
    wanted = channel[0, 0] + np.arange(len(tile.columns))
    return int(channel[0, 0]) if bool((channel == wanted[None, :]).all()) else None


def rounding_after(instruction: Instruction, tile: Tile, then: Round, pools: Pools) -> Instruction:
    """The pass with its sums rounded."""
    factors, channels = then.factor, 1
    if then.axis is not None:
        inner = strides(then.value.shape)[then.axis % len(then.value.shape)]
        first = (tile.z + int(tile.rows_z[0]) + int(tile.columns_z[0])) // inner % len(then.factor)
        factors, channels = then.factor[first : first + len(tile.columns)], len(tile.columns)
    return replace(
        instruction,
        function=Function.ROUND,
        rounding=RoundingKind.of(then.to),
        low=then.to.low,
        high=then.to.high,
        mantissa=mantissa_of(then.to),
        parameters=pools.records(factors),
        channels=channels,
    )


def mac_of(step: Product) -> Mac:
    """The processing element's part for a step.

    Raises:
        Refusal: there is no circuit for it.
    """
    one = step.products
    for operand in (one.multiplier.a, one.multiplier.b) if one else ():
        format = operand.format
        if not isinstance(format, Minifloat | None) and len(format.word) > MOST_CODES:
            raise Refusal(step, f"{format} has {len(format.word)} codes; the array tells {MOST_CODES} apart at most")
    return Mac(one.multiplier if one else None, _sum(step, step.register) if step.register else None)


def _sum(step: Product, register: Register) -> Sum:
    chosen, unit, product = register.accumulator, register.products, None
    if chosen.product is not None:
        product = (rounder_of(chosen.product), unit - chosen.product.grid)
        unit = chosen.product.grid
    bias = register.bias - register.grid if step.bias is not None else 0
    return Sum(register.rounder, unit - register.grid, bias, product, chosen.adder, chosen.compensated)


def _biases(step: Product, bias: Array, tile: Tile, pools: Pools, width: int) -> int:
    """Where the biases of a tile begin."""
    spread = np.broadcast_to(bias, step.value.shape).reshape(-1)
    biases = spread[tile.z + tile.rows_z[:, None] + tile.columns_z[None, :]]
    if (biases != biases[:1]).any():
        raise Refusal(step, "its bias differs among the rows of the product; the array has one for each column")
    return pools.lanes(biases[0][:, None], width, pools.biases)


def _steps(labels: tuple[str, ...], shape: tuple[int, ...] | list[int]) -> dict[str, int]:
    """By how many elements each label moves; a dimension of size 1 is repeated."""
    found: dict[str, int] = {}
    for label, size, step in zip(labels, shape, strides(shape), strict=True):
        found[label] = found.get(label, 0) + (step if size > 1 else 0)
    return found
