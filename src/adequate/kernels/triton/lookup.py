"""Looked-up sums on a GPU: any multiplier's table, any batch of matrices, any convolution, by one kernel.

A convolution is a matrix product whose left operand is a *view* of the padded input: the pattern of place m and term k
lies ``rows[m] + terms[k]`` after the first. The kernel adds the two, so that nothing is copied but the padding. Threads
side by side hold output channels of one place: their entries lie in one row of the table, a few cache lines.
"""
# pyright: reportCallIssue=false, reportGeneralTypeIssues=false
# Triton's annotations know neither launch options, its own range, nor what a constant holds.

from collections.abc import Sequence
from math import prod

import torch
import triton
import triton.language as tl
from torch import Tensor

from adequate.kernels.columns import Window
from adequate.kernels.triton.strided import offsets_along
from adequate.kernels.triton.tiles import tiles


def lookup_matrices(x: Tensor, w: Tensor, table: Tensor, kind: torch.dtype) -> Tensor:
    """sums[..., m, n] = sum_k table[x[..., m, k], w[..., k, n]], of type ``kind``, int32 or int64.

    Slow twin: ``kernels.lookup.lookup_matrices``, which calls this after it has checked that every pattern has a row or
    column, and that no sum passes ``kind``.
    """
    sums = torch.empty(*x.shape[:-1], w.shape[-1], dtype=kind, device=x.device)
    batch = range(x.dim() - 2)
    _launch(x, w, table, sums, (batch, (-2,), (-1,)), (batch, (-2,)))
    return sums


def lookup_convolution(x: Tensor, w: Tensor, table: Tensor, window: Window, kind: torch.dtype) -> Tensor:
    """The convolution of ``x`` (N, C, *sizes), already padded, with ``w`` (O, C/G, *kernel): (N, O, *places).

    Slow twin: ``kernels.lookup.lookup_convolution``, which calls this as the above.
    """
    kernel, groups = tuple(w.shape[2:]), window.groups
    for dim, (size, step, gap) in enumerate(zip(kernel, window.stride, window.dilation, strict=True), start=2):
        x = x.unfold(dim, (size - 1) * gap + 1, step)[..., ::gap]
    places = x.shape[2 : 2 + len(kernel)]
    inputs = x.unflatten(1, (groups, x.shape[1] // groups))  # (N, G, C/G, *places, *kernel)
    weights = w.reshape(groups, w.shape[0] // groups, prod(w.shape[1:])).mT.contiguous()  # (G, K, O/G)
    result = torch.empty(len(x), w.shape[0], *places, dtype=kind, device=x.device)
    sums = result.unflatten(1, (groups, weights.shape[-1])).movedim(2, -1)  # (N, G, *places, O/G)
    dims = len(kernel)
    rows, terms = (0, *range(3, 3 + dims)), (2, *range(3 + dims, 3 + 2 * dims))
    _launch(inputs, weights, table, sums, ((1,), rows, terms), ((1,), (0, *range(2, 2 + dims))))
    return result


def _entries(table: Tensor) -> Tensor:
    """The table in 16 bits, half the cache lines, where they hold it."""
    low, high = (int(one) for one in table.aminmax())
    if low >= -(2**15) and high < 2**15:
        table = table.to(torch.int16)
    elif low >= 0 and high < 2**16:
        table = table.to(torch.int16).view(torch.uint16)
    return table.contiguous()


def _launch(
    x: Tensor,
    w: Tensor,
    table: Tensor,
    sums: Tensor,
    x_dims: tuple[Sequence[int], Sequence[int], Sequence[int]],
    sum_dims: tuple[Sequence[int], Sequence[int]],
) -> None:
    """Fills ``sums``, whose last dimension is that of ``w`` (*batch, K, N).

    ``x_dims`` are the dimensions of ``x`` that run over batch, rows and terms, ``sum_dims`` those of ``sums`` that run
    over batch and rows.
    """
    batches, rows, terms = (offsets_along(x, dims) for dims in x_dims)
    sum_batches, sum_rows = (offsets_along(sums, dims) for dims in sum_dims)
    w_batches = offsets_along(w, range(w.dim() - 2))
    shared = tiles(len(batches), len(rows), w.shape[-1])
    if not shared.programs:
        return
    with torch.cuda.device_of(x):
        _lookup[(shared.programs,)](
            x, w, _entries(table), sums, batches, rows, terms, w_batches, sum_batches, sum_rows,
            len(rows), w.shape[-1], len(terms), w.stride(-2), w.stride(-1), table.shape[1], sums.stride(-1),
            ROWS=shared.rows, COLUMNS=shared.columns, enable_fp_fusion=False,
        )  # fmt: skip


@triton.jit
def _lookup(
    x, w, table, sums, x_batches, x_rows, x_terms, w_batches, sum_batches, sum_rows,
    row_count, column_count, term_count, w_term, w_column, table_columns, sum_column,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """One tile of sums, its terms one after the other; a row or column beyond the last looks up pattern 0, unused."""
    row_tiles = (row_count + ROWS - 1) // ROWS
    column_tiles = (column_count + COLUMNS - 1) // COLUMNS
    program = tl.program_id(0)
    batch = program // (row_tiles * column_tiles)
    row = program // column_tiles % row_tiles * ROWS + tl.arange(0, ROWS)
    column = program % column_tiles * COLUMNS + tl.arange(0, COLUMNS)
    rows, columns = row < row_count, column < column_count

    places = x + tl.load(x_batches + batch) + tl.load(x_rows + row, mask=rows, other=0)
    weights = w + tl.load(w_batches + batch) + column.to(tl.int64) * w_column
    total = tl.full((ROWS, COLUMNS), 0, sums.dtype.element_ty)
    for term in tl.range(0, term_count, loop_unroll_factor=4):
        a = tl.load(places + tl.load(x_terms + term), mask=rows, other=0).to(tl.int32)
        b = tl.load(weights, mask=columns, other=0).to(tl.int32)
        total += tl.load(table + a[:, None] * table_columns + b[None, :]).to(total.dtype)
        weights += w_term
    to = sums + tl.load(sum_batches + batch) + tl.load(sum_rows + row, mask=rows, other=0)[:, None]
    tl.store(to + column[None, :].to(tl.int64) * sum_column, total, mask=rows[:, None] & columns[None, :])
