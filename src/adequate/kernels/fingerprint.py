"""64 bits that tell whether a tensor has changed, without a copy of it."""

from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

from adequate import native

WORDS = 2**16
"""Words taken at a time: they and their products stay in the cache."""


def fingerprint(x: Tensor) -> int:
    """h = sum_i mix(m_i w_i) modulo 2**64 over the 64-bit words w_i of the tensor, block by block, then of the blocks.

    The multipliers m_i are fixed odd numbers drawn at random, and mix(v) = v ^ (v >> 29) carries the high bits down, or
    two changed signs could cancel. The order of the elements counts; their dtype and shape do not. Two tensors that
    were not built to collide do so with a chance of about 2**-64 (multilinear hashing, Lemire and Kaser 2014, "Strongly
    universal string hashing is fast", section 3, here with a fixed key), so a change of parameters goes unnoticed less
    often than memory errs. Nothing of the size of the tensor is kept or, if it is contiguous, allocated.
    """
    x = x.detach().contiguous()
    if native.kernels is not None and x.device.type == "cpu" and not torch.compiler.is_compiling():
        multipliers = _multipliers(x.device)
        return native.kernels.fingerprint(
            int(native.processor), x.data_ptr(), x.nbytes, multipliers.data_ptr(), len(multipliers)
        )
    return fingerprint_in_torch(x)


def fingerprint_in_torch(x: Tensor) -> int:
    """The same by torch's operations, of a contiguous tensor."""
    words = _words(x.reshape(-1).view(torch.uint8))
    while words.numel() > 1:
        words = torch.stack([_mixed(block).sum() for block in words.split(WORDS)])
    return int(words) if words.numel() else 0


def _words(bits: Tensor) -> Tensor:
    """Bytes as 64-bit words, the last filled up with zeros; copied only where they are not aligned."""
    if bits.numel() % 8:
        bits = functional.pad(bits, (0, -bits.numel() % 8))
    if bits.storage_offset() % 8:
        bits = bits.clone()
    return bits.view(torch.int64)


def _mixed(words: Tensor) -> Tensor:
    products = words * _multipliers(words.device)[: words.numel()]
    products ^= products >> 29
    return products


@lru_cache(maxsize=8)
def _multipliers(device: torch.device) -> Tensor:
    generator = torch.Generator().manual_seed(0x9E3779B97F4A7C15)
    return (torch.randint(-(2**63), 2**63 - 1, (WORDS,), generator=generator) | 1).to(device)
