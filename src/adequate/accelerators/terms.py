"""Integers as sums of signed powers of two: which terms, and how many."""

from enum import Enum
from functools import cache

import torch
from torch import Tensor

WIDEST = 16
"""Bits of the widest magnitude that is recoded."""


class Recoding(Enum):
    """How a magnitude is written as terms, signed powers of two.

    ``BINARY``: its set bits. ``NAF``: canonical signed digits, fewest, no two of them neighbours: 60 = 64 - 4.
    ``DNNSIM``: greedy, from the highest bit: a run opens at 111 with a term above it, a zero inside a run is a term, a
    run closes with a term at a 1 followed by 00 (github isakedo/DNNsim@4748a60, verified).
    """

    BINARY = "binary"
    NAF = "naf"
    DNNSIM = "dnnsim"


def digits(x: Tensor, recoding: Recoding) -> Tensor:
    """Where the terms of |x| are: bit n is set if there is one of +-2^n; int32, of integers of at most 16 bits."""
    magnitude = x.abs()
    if recoding is Recoding.BINARY:
        return magnitude
    if recoding is Recoding.NAF:
        return (magnitude ^ (3 * magnitude)) >> 1
    return _looked_up(_greedy(), magnitude)


def term_counts(x: Tensor, recoding: Recoding) -> Tensor:
    """How many terms |x| has, int16, of integers of at most 16 bits."""
    return _looked_up(_counts(recoding), x.abs())


def slices(x: Tensor, bits: int, unit_bits: int) -> list[Tensor]:
    """|x| of ``bits`` bits cut into digits of ``unit_bits`` bits, the lowest first."""
    magnitude = x.abs()
    return [(magnitude >> at) & (2**unit_bits - 1) for at in range(0, bits, unit_bits)]


def _looked_up(table: Tensor, magnitude: Tensor) -> Tensor:
    return table.index_select(0, magnitude.reshape(-1)).reshape(magnitude.shape)


@cache
def _counts(recoding: Recoding) -> Tensor:
    mask = digits(torch.arange(2**WIDEST, dtype=torch.int32), recoding)
    return sum(((mask >> at) & 1).to(torch.int16) for at in range(WIDEST + 1)) + mask.new_zeros((), dtype=torch.int16)


@cache
def _greedy() -> Tensor:
    """``digits`` of every magnitude, from the highest bit to the lowest."""
    x = torch.arange(2**WIDEST, dtype=torch.int32)
    found, inside = torch.zeros_like(x), torch.zeros_like(x, dtype=torch.bool)
    for at in reversed(range(WIDEST)):
        three = ((x << 2) >> at) & 7
        opens = ~inside & (three == 7)
        closes = inside & (three == 4)
        alone = ~inside & (three >= 4) & ~opens
        zero = inside & (three < 4)
        found |= ((alone | zero | closes).to(torch.int32) << at) | (opens.to(torch.int32) << (at + 1))
        inside = (inside | opens) & ~closes
    return found
