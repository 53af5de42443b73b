"""Sums of products that are looked up in a table: any multiplier, bit for bit.

The compiled kernels (``adequate.native``) compute them, by one of five routes that give the same bits: rows of
products for four outputs and more, permutes or scans of the input's planes or lines for a convolution's fewer, single
entries where a table per weight would not be repaid (``choose`` in native/lookup.cpp). On a GPU it is the kernel of
``kernels.triton``. Torch computes them where there are none, and for patterns of more than 16 bits: as matrix products
of the table's factors where it has some and there are many products, else entry by entry.
"""

from math import prod
from types import ModuleType

import torch
from torch import Tensor

from adequate import native
from adequate.kernels import triton
from adequate.kernels.columns import Window, columns, output_size
from adequate.kernels.low_rank import Factors, factors_of
from adequate.kernels.padding import padded
from adequate.kernels.patterns import require_patterns

BLOCK = 2**22
"""Products looked up at a time."""

MANY = 2**22
"""Products from which on torch looks for a table's factors: about the time that takes."""

FACTORED = 2**18
"""Entries of a table whose factors are looked for, at most."""


def lookup_matrices(x: Tensor, w: Tensor, table: Tensor) -> Tensor:
    """sums[..., m, n] = sum_k table[x[..., m, k], w[..., k, n]], int64, or int32 where no sum can pass it.

    ``x`` and ``w`` hold bit patterns, unsigned integers below the rows and columns of ``table`` (int32).

    Raises:
        ValueError: a pattern is not below them.
    """
    require_patterns(x, w, table)
    if triton.takes(x):
        from adequate.kernels.triton import lookup as on_gpu

        return on_gpu.lookup_matrices(x, w, table, _sums(x.shape[-1], table))
    shape = (*x.shape[:-1], w.shape[-1])
    if x.dim() > 2 and _repeated(w):  # one and the same weights: a batch of rows
        x, w = x.flatten(0, -2), w[(0,) * (w.dim() - 2)]
    x, w = (one.flatten(0, -3) if one.dim() > 2 else one[None] for one in (x, w))
    if (kernels := _kernels(x, table)) is None:
        factors = _factors(table, x.numel() * w.shape[-1])
        if factors is not None and (sums := factors.matrices(x, w)) is not None:
            return sums.reshape(shape)
        return _matrices(x, w, table).reshape(shape)
    out = torch.empty(*x.shape[:-1], w.shape[-1], dtype=_sums(x.shape[-1], table))
    kernels.lookup_matrices(
        _patterns(x, table).contiguous(),
        _patterns(w, table).mT.contiguous(),
        table.contiguous(),
        out,
        int(native.processor),
        torch.get_num_threads(),
    )
    return out.reshape(shape)


def lookup_convolution(x: Tensor, w: Tensor, table: Tensor, window: Window, zero: int) -> Tensor:
    """The convolution of bit patterns ``x`` (N, C, *sizes) with ``w`` (O, C/G, *kernel): (N, O, *places).

    Padding is the pattern ``zero``, multiplied like any other: an approximate product with zero need not be zero.
    The sums' type and errors are as of ``lookup_matrices``.
    """
    sizes, kernel = tuple(x.shape[2:]), tuple(w.shape[2:])
    places = output_size(sizes, kernel, window)
    require_patterns(x, w, table)
    if any(size > 0 for pair in window.padding for size in pair) and not 0 <= zero < table.shape[0]:
        raise ValueError(f"padding is the pattern {zero}; the table has {table.shape[0]} rows")
    if triton.takes(x):
        from adequate.kernels.triton import lookup as on_gpu

        return on_gpu.lookup_convolution(
            padded(x, window.padding, zero), w, table, window, _sums(prod(w.shape[1:]), table)
        )
    inputs = padded(_patterns(x, table), window.padding, zero)
    if (kernels := _kernels(x, table)) is None:
        unpadded = Window(window.stride, ((0, 0),) * len(kernel), window.dilation, window.groups)
        factors = _factors(table, len(x) * w.numel() * prod(places))
        if factors is not None and (sums := factors.convolution(inputs, w, unpadded)) is not None:
            return sums
        rows, weights = columns(inputs, w, unpadded)  # (N, G, L, K), (G, O/G, K)
        weights = weights.mT.expand(len(x), -1, -1, -1)
        sums = _matrices(rows.flatten(0, 1), weights.flatten(0, 1), table)
        return sums.mT.reshape(x.shape[0], w.shape[0], *places)
    ones = (1,) * (3 - len(kernel))
    out = torch.empty(x.shape[0], w.shape[0], *ones, *places, dtype=_sums(prod(w.shape[1:]), table))
    kernels.lookup_convolution(
        inputs.reshape(*x.shape[:2], *ones, *inputs.shape[2:]).contiguous(),
        _patterns(w, table).reshape(*w.shape[:2], *ones, *kernel).contiguous(),
        table.contiguous(),
        (*ones, *window.stride),
        (*ones, *window.dilation),
        window.groups,
        out,
        int(native.processor),
        torch.get_num_threads(),
    )
    return out.reshape(x.shape[0], w.shape[0], *places)


def _kernels(x: Tensor, table: Tensor) -> ModuleType | None:
    return native.kernels if x.device.type == "cpu" and max(table.shape) <= 2**16 else None


def _repeated(w: Tensor) -> bool:
    """Whether all matrices of a batch are the same memory."""
    return w.numel() > 0 and all(
        step == 0 or size == 1 for step, size in zip(w.stride()[:-2], w.shape[:-2], strict=True)
    )


def _patterns(codes: Tensor, table: Tensor) -> Tensor:
    """Patterns in as few bytes as the table's allow."""
    size = max(table.shape)
    return codes.to(torch.uint8 if size <= 2**8 else torch.uint16 if size <= 2**16 else torch.int64)


def _sums(terms: int, table: Tensor) -> torch.dtype:
    """int32 where ``terms`` entries of the table cannot pass it."""
    if table.numel() == 0:
        return torch.int32
    low, high = (int(end) for end in table.aminmax())
    return torch.int32 if terms * max(-low, high) < 2**31 else torch.int64


def _factors(table: Tensor, products: int) -> Factors | None:
    return factors_of(table) if products >= MANY and 0 < table.numel() <= FACTORED else None


def _matrices(x: Tensor, w: Tensor, table: Tensor) -> Tensor:
    """``lookup_matrices`` in torch, for (B, M, K) and (B, K, N)."""
    sums = torch.zeros(x.shape[0], x.shape[1], w.shape[2], dtype=torch.int64, device=x.device)
    add = _add_entries if x.shape[1] < table.shape[0] else _add_columns
    for total, rows, weights in zip(sums, x.long(), w.long(), strict=True):
        add(total, rows, weights, table)
    return sums


def _add_entries(sums: Tensor, x: Tensor, w: Tensor, table: Tensor) -> None:
    """One entry for each product of (M, K) and (K, N): few rows."""
    step = max(1, BLOCK // max(sums.numel(), 1))
    for rows, weights in zip((x * table.shape[1]).split(step, 1), w.split(step), strict=True):
        sums += table.take(rows[:, :, None] + weights).sum(1)


def _add_columns(sums: Tensor, x: Tensor, w: Tensor, table: Tensor) -> None:
    """The columns of a term's weights once for all rows."""
    step = max(1, BLOCK // max(w.shape[1], 1))
    for k in range(x.shape[1]):
        products = table[:, w[k]].long()
        for part, codes in zip(sums.split(step), x[:, k].split(step), strict=True):
            part += products[codes]
