"""Sums of products in a register that rounds after every addition."""

import torch
from torch import Tensor

from adequate.kernels import triton
from adequate.kernels.accumulate_native import accumulate_native
from adequate.kernels.accumulate_steps import accumulate_steps, added, require_emulated
from adequate.operators import Accumulator


def accumulate(x: Tensor, w: Tensor, accumulator: Accumulator, table: Tensor | None = None, grid: int = 0) -> Tensor:
    """The products of x[..., m, k] and w[..., o, k] over k, added in the accumulator: float64 (..., M, O).

    ``x`` is (..., M, K) and ``w`` (..., O, K), leading dimensions broadcast. With a ``table`` (int32, rows times
    columns) they are bit patterns, integers below its rows and columns, and the product is table[x, w] * 2**grid; else
    it is x * w, exactly. Slow twin: ``reference.accumulate``.

    Sequential and blocked sums of products are computed by the compiled kernel if there is one and ``accumulate_lanes``
    has a proof that it gives the same bits for these operands, on a GPU by the kernel of ``kernels.triton`` where that
    has one; everything else step by step in torch.

    Raises:
        ValueError: a format of the accumulator has more than 51 significant bits.
    """
    require_emulated(accumulator)
    sums = None
    if triton.takes(x):
        from adequate.kernels.triton import accumulate as on_gpu

        sums = on_gpu.accumulate(x, w, accumulator, table, grid)
    elif table is None:
        sums = accumulate_native(x, w, accumulator)
    return accumulate_steps(x, w, accumulator, table, grid) if sums is None else sums


def add_last(sums: Tensor, bias: Tensor, accumulator: Accumulator) -> Tensor:
    """One more addition in the register, that of a float64 bias broadcastable against the sums: not compensated."""
    require_emulated(accumulator)
    sums, bias = torch.broadcast_tensors(sums, bias)
    return added(sums, [bias], accumulator)
