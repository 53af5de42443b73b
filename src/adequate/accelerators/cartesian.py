"""Cartesian products: every nonzero activation of a tile with every nonzero weight, into banks of accumulators."""

from dataclasses import dataclass
from itertools import product
from math import ceil
from typing import NamedTuple

import torch
from torch import Tensor

from adequate.native import kernels, processor

_FAR = 1 << 20
"""Further than any activation: what fills up a vector, and has no output."""
_PRODUCTS = 1 << 21
"""How many products are looked at together."""
_STEP = 255
"""Products of a step that the compiled kernel can count."""


class Multiplied(NamedTuple):
    """The slowest element's cycles, over channels and blocks of filters; of all elements the steps, and the products
    that have an output.
    """

    cycles: int
    steps: int
    products: int


@dataclass(frozen=True, slots=True)
class Elements:
    """Processing elements in rows and columns, each ``inputs`` activations by ``weights`` weights a step.

    Products of one step that fall into the same of the ``banks`` wait for one another.
    """

    tiles: tuple[int, int]
    inputs: int
    weights: int
    banks: int


def multiplied(
    activation: Tensor,
    weight: Tensor,
    elements: Elements,
    *,
    stride: tuple[int, int],
    dilation: tuple[int, int],
    output: tuple[int, int],
    block: int,
) -> Multiplied:
    """What the elements spend on one image and one group, ``block`` filters at a time.

    For each channel an element takes the nonzero activations of its tile, row by row, and the nonzero weights, tap by
    tap and the filters in each, both apart by their remainders by the stride, so that every pair has an output or
    lies outside of it. For each ``inputs`` activations by ``weights`` weights: max(1, the most products in a bank).

    Args:
        activation: int32 (channels, height, width), padding included.
        weight: int32 (filters, channels, kernel height, kernel width).
    """
    if kernels is not None and elements.inputs * elements.weights <= _STEP:
        found = kernels.multiplied(
            activation.contiguous(), weight.contiguous(), stride, dilation, output, elements.tiles, elements.inputs,
            elements.weights, elements.banks, block, processor,
        )  # fmt: skip
        return Multiplied(*found)
    tile = [ceil(size / tiles) for size, tiles in zip(activation.shape[1:], elements.tiles, strict=True)]
    total = torch.zeros(3, dtype=torch.int64)
    for channel, first in product(range(len(activation)), range(0, len(weight), block)):
        spent = torch.zeros(elements.tiles[0] * elements.tiles[1], dtype=torch.int64)
        y, x = activation[channel].nonzero().T
        r, q, k = weight[first : first + block, channel].permute(1, 2, 0).nonzero().T
        r, q, k = r * dilation[0], q * dilation[1], k + first
        owner = y // tile[0] * elements.tiles[1] + x // tile[1]
        for phase in product(range(stride[0]), range(stride[1])):
            mine = _of_phase(y, x, stride, phase)
            order = owner[mine].argsort(stable=True)
            places = torch.stack((y[mine] // stride[0], x[mine] // stride[1]))[:, order]
            taps = _of_phase(r, q, stride, phase)
            offsets = torch.stack((r[taps] // stride[0], q[taps] // stride[1], k[taps]))
            owners, a = _vectors(owner[mine][order], places, elements.inputs, -_FAR)
            _, w = _vectors(torch.zeros_like(r[taps]), offsets, elements.weights, _FAR)
            if not (len(owners) and w.shape[1]):
                continue
            rows = max(1, _PRODUCTS // w[0].numel() // elements.inputs)
            for some, at in zip(a.split(rows, 1), owners.split(rows), strict=True):
                cycles, products = _steps(some, w, output, elements.banks)
                spent.index_add_(0, at, cycles.sum(1))
                total += torch.tensor([0, cycles.numel(), products])
        total[0] += spent.max()
    return Multiplied(*map(int, total))


def _of_phase(y: Tensor, x: Tensor, stride: tuple[int, int], phase: tuple[int, int]) -> Tensor:
    return (y % stride[0] == phase[0]) & (x % stride[1] == phase[1])


def _vectors(owner: Tensor, values: Tensor, width: int, filler: int) -> tuple[Tensor, Tensor]:
    """``values`` (fields, n), sorted by owner, in vectors of one owner each: owners, (fields, vectors, width)."""
    owners, counts = owner.unique_consecutive(return_counts=True)
    vectors = -(-counts // width)
    first = torch.arange(len(owner)) - torch.repeat_interleave(counts.cumsum(0) - counts, counts)
    place = torch.repeat_interleave((vectors.cumsum(0) - vectors) * width, counts) + first
    found = values.new_full((len(values), int(vectors.sum()) * width), filler)
    found[:, place] = values
    return torch.repeat_interleave(owners, vectors), found.unflatten(1, (-1, width))


def _steps(a: Tensor, w: Tensor, output: tuple[int, int], banks: int) -> tuple[Tensor, int]:
    """The cycles of every step (vectors of activations, vectors of weights), and how many products have an output."""
    row, column = a[:, :, None, :, None] - w[:2, None, :, None, :]
    inside = (row >= 0) & (row < output[0]) & (column >= 0) & (column < output[1])
    bank = torch.where(inside, bank_of(w[2, None, :, None, :], row, column, banks), banks).flatten(2)
    hits = torch.zeros((*bank.shape[:2], banks + 1), dtype=torch.int32)
    hits.scatter_add_(2, bank, torch.ones_like(bank, dtype=torch.int32))
    return hits[..., :banks].amax(2).clamp(min=1).to(torch.int64), int(inside.sum())


def bank_of(filter: Tensor, row: Tensor, column: Tensor, banks: int) -> Tensor:
    """In which bank an output is accumulated: neighbours in different ones."""
    high = ((filter & 4) << 2) ^ ((row & 2) << 3) ^ ((column & 2) << 3)
    return (high + ((row & 1) << 3) + ((column & 1) << 2) + (filter & 3)) % banks
