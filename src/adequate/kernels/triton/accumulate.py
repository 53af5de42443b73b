"""Sums of products on a GPU in a register that rounds after every addition.

A thread keeps its registers in lanes of float32 where that is proven right, else of float64. Each step adds by
``rounding.odd_sum`` and rounds by ``rounding.rounded``, in the order of k: nothing is left to the order of threads.
"""
# pyright: reportCallIssue=false
# Triton's annotations know neither launch options, its own range, nor what a constant holds.

import torch
import triton
import triton.language as tl
from torch import Tensor

from adequate.kernels.triton.products import Products, of_numbers, of_patterns
from adequate.kernels.triton.rounding import DIGITS, Steps, odd_sum, rounded, steps
from adequate.kernels.triton.strided import offsets_along
from adequate.kernels.triton.tiles import tiles
from adequate.operators import Accumulator, Order


def accumulate(
    x: Tensor, w: Tensor, accumulator: Accumulator, table: Tensor | None = None, grid: int = 0
) -> Tensor | None:
    """The products of x[..., m, k] and w[..., o, k] over k, added in the accumulator: float64 (..., M, O).

    ``kernels.accumulate.accumulate`` says it in full. None where there is no kernel: adder trees, adders, roundings
    other than nearest even, underflow other than gradual, a float without mantissa, operands that are not finite or no
    float32 numbers, formats or sums too wide for float64.

    Raises:
        ValueError: a pattern has no row or no column.
    """
    if accumulator.order is Order.TREE or accumulator.adder is not None:
        return None
    products = of_numbers(x, w) if table is None else of_patterns(x, w, table, grid)
    for lane in DIGITS:
        register = steps(accumulator.format, lane)
        product = None if accumulator.product is None else steps(accumulator.product, lane)
        if products is None or register is None or (accumulator.product is not None and product is None):
            continue
        if products.exact_in(lane, register, product):
            terms = x.shape[-1]
            block = max(terms if accumulator.block is None else min(accumulator.block, terms), 1)
            return _launch(products, register, product, block, accumulator.compensated, lane)
    return None


def _launch(
    products: Products, register: Steps, product: Steps | None, block: int, compensated: bool, lane: str
) -> Tensor:
    x, w, table = products.x, products.w.mT.contiguous(), products.table
    batch = torch.broadcast_shapes(x.shape[:-2], w.shape[:-2])
    sums = torch.empty(*batch, x.shape[-2], w.shape[-1], dtype=torch.float64, device=x.device)
    x_batches, w_batches = (offsets_along(one.expand(*batch, *one.shape[-2:]), range(len(batch))) for one in (x, w))
    shared = tiles(len(x_batches), x.shape[-2], w.shape[-1])
    if not shared.programs:
        return sums
    with torch.cuda.device_of(x):
        _accumulate[(shared.programs,)](
            x, w, table, sums, x_batches, w_batches,
            x.shape[-2], w.shape[-1], x.shape[-1], block, x.stride(-2), x.stride(-1),
            0 if table is None else table.shape[1],
            UNIT=products.unit, REGISTER=register, PRODUCT=product, COMPENSATED=compensated,
            LANE=getattr(tl, lane), ROWS=shared.rows, COLUMNS=shared.columns, enable_fp_fusion=False,
        )  # fmt: skip
    return sums


@triton.jit
def _accumulate(
    x, w, table, sums, x_batches, w_batches,
    row_count, column_count, term_count, block, x_row, x_term, table_columns,
    UNIT: tl.constexpr, REGISTER: tl.constexpr, PRODUCT: tl.constexpr, COMPENSATED: tl.constexpr,
    LANE: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """One tile of registers: the blocks' sums one after the other, in each its terms one after the other."""
    row_tiles = (row_count + ROWS - 1) // ROWS
    column_tiles = (column_count + COLUMNS - 1) // COLUMNS
    program = tl.program_id(0)
    batch = program // (row_tiles * column_tiles)
    row = program // column_tiles % row_tiles * ROWS + tl.arange(0, ROWS)
    column = program % column_tiles * COLUMNS + tl.arange(0, COLUMNS)
    rows, columns = row < row_count, column < column_count

    x_at = x + tl.load(x_batches + batch) + row.to(tl.int64) * x_row
    w_at = w + tl.load(w_batches + batch) + column
    total = tl.full((ROWS, COLUMNS), 0, LANE)
    for start in range(0, term_count, block):
        part = tl.full((ROWS, COLUMNS), 0, LANE)
        error = tl.full((ROWS, COLUMNS), 0, LANE)
        for _ in range(start, tl.minimum(start + block, term_count)):
            a = tl.load(x_at, mask=rows, other=0)[:, None]
            b = tl.load(w_at, mask=columns, other=0)[None, :]
            if table is None:
                term = a.to(LANE) * b.to(LANE)
            else:
                term = tl.load(table + a.to(tl.int32) * table_columns + b.to(tl.int32)).to(LANE) * UNIT
            if PRODUCT is not None:
                term = rounded(term, PRODUCT)
            if COMPENSATED:
                term = rounded(odd_sum(term, -error), REGISTER)
                after = rounded(odd_sum(part, term), REGISTER)
                error = rounded(odd_sum(rounded(odd_sum(after, -part), REGISTER), -term), REGISTER)
                part = after
            else:
                part = rounded(odd_sum(part, term), REGISTER)
            x_at += x_term
            w_at += column_count
        total = rounded(odd_sum(total, part), REGISTER)
    to = sums + (batch.to(tl.int64) * row_count + row[:, None]) * column_count + column[None, :]
    tl.store(to, total.to(tl.float64), mask=rows[:, None] & columns[None, :])
