"""Sums of products in a register that rounds after every addition."""

import torch
from torch import Tensor

from adequate.kernels.accumulate_steps import accumulate_steps, added, require_emulated
from adequate.operators import Accumulator


def accumulate(x: Tensor, w: Tensor, accumulator: Accumulator, table: Tensor | None = None, grid: int = 0) -> Tensor:
    """The products of x[..., m, k] and w[..., o, k] over k, added in the accumulator: float64 (..., M, O).

    ``x`` is (..., M, K) and ``w`` (..., O, K), leading dimensions broadcast. With a ``table`` (int32, rows times
    columns) they are bit patterns, integers below its rows and columns, and the product is table[x, w] * 2**grid; else
    it is x * w, exactly. Slow twin: ``reference.accumulate``.

    Raises:
        ValueError: a format of the accumulator has more than 51 significant bits.
    """
    require_emulated(accumulator)
    return accumulate_steps(x, w, accumulator, table, grid)


def add_last(sums: Tensor, bias: Tensor, accumulator: Accumulator) -> Tensor:
    """One more addition in the register, that of a float64 bias broadcastable against the sums: not compensated."""
    require_emulated(accumulator)
    sums, bias = torch.broadcast_tensors(sums, bias)
    return added(sums, [bias], accumulator)
