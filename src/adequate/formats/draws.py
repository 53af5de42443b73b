"""Random numbers by counter: the draw of an element depends on a key and its index, on nothing else."""

import torch
from torch import Generator, Tensor

RESOLUTION = 2.0**-24
"""Draws are multiples of it in [0, 1); so a probability p is that of rounding p up to such a multiple."""

_WORD = 2**32 - 1


def draw_key(generator: Generator) -> int:
    """A key of 64 bits: one draw from the generator, which advances by as much whatever is rounded with the key."""
    low, high = torch.randint(2**32, (2,), generator=generator, device=generator.device)
    return int(high) << 32 | int(low)


def draws(key: int, x: Tensor) -> Tensor:
    """The draw of every element of ``x``, float64 multiples of 2**-24 in [0, 1), by its index in row-major order.

    With the words k0 and k1 of the key, h = index >> 32 and z = index ^ k0 ^ 0x85ebca6b * h, modulo 2**32:
    z = (z ^ z >> 16) * 0x21f0aaad ^ (k1 + 0x9e3779b9 * h), z = (z ^ z >> 15) * 0x735a2d97,
    draw = ((z ^ z >> 15) >> 8) * 2**-24. These shifts and multipliers are the least biased ones that the search of the
    hash prospector has found for two multiplications (C. Wellons, github.com/skeeto/hash-prospector). Ours is that the
    key also enters between the multiplications: else two keys would draw the same numbers in another order. Within
    2**32 indices no word occurs twice; each further 2**32 indices have a key of their own.
    """
    index = torch.arange(x.numel(), dtype=torch.int64, device=x.device)
    high = index >> 32
    z = (index ^ (key & _WORD) ^ 0x85EBCA6B * high) & _WORD
    second = ((key >> 32) + 0x9E3779B9 * high) & _WORD
    z = ((z ^ (z >> 16)) * 0x21F0AAAD & _WORD) ^ second  # int64 wraps modulo 2**64, so the low word is right
    z = (z ^ (z >> 15)) * 0x735A2D97 & _WORD
    z = (z ^ (z >> 15)) >> 8
    return z.to(torch.float64).mul_(RESOLUTION).reshape(x.shape)
