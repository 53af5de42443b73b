"""A register's sums by the compiled kernel, where lanes are proven to give its bits."""

from math import frexp, isfinite, isinf, prod

import torch
from torch import Tensor

from adequate.formats import Fixed, Overflow
from adequate.kernels.accumulate_lanes import SINGLE, Extent, Route, route
from adequate.native import Processor, kernels, processor
from adequate.operators import Accumulator


def accumulate_native(x: Tensor, w: Tensor, accumulator: Accumulator, on: Processor = processor) -> Tensor | None:
    """What ``accumulate`` says of products without a table; None where there is no kernel or no proof for it."""
    if kernels is None or not (x.device.type == w.device.type == "cpu"):
        return None
    x, w = (one.detach().to(torch.promote_types(one.dtype, torch.float32)) for one in (x, w))
    largest_sum = float(w.abs().sum(-1).max()) * (1 + w.shape[-1] * 2.0**-24) if w.numel() else 0.0
    x_extent, w_extent = extent_of(x, on), extent_of(w, on)
    if not (isfinite(x_extent.peak) and isfinite(w_extent.peak)):
        return None
    chosen = route(accumulator, x_extent, w_extent, x_extent.peak * largest_sum, x.shape[-1])
    if chosen is None:
        return None
    sums = _run(x, w, chosen, accumulator.block or max(x.shape[-1], 1), on)
    return accumulator.format.quantize(sums) if _wraps(accumulator) else sums


def extent_of(x: Tensor, on: Processor) -> Extent:
    """What the numbers of a float32 or float64 tensor are made of."""
    assert kernels is not None
    peak, step, digits = kernels.extent(x.contiguous().reshape(-1), on)
    return Extent(peak, 0 if isinf(step) else frexp(step)[1] - 1, digits)


def _run(x: Tensor, w: Tensor, chosen: Route, block: int, on: Processor) -> Tensor:
    """Lanes lie along w's outputs, or along x's where w has few."""
    assert kernels is not None
    few = w.shape[-2] < 2 * kernels.lanes(on, chosen.lane is not SINGLE)
    if few and x.shape[-2] > w.shape[-2]:
        return _run_lanes(w, x, chosen, block, on).mT
    return _run_lanes(x, w, chosen, block, on)


def _run_lanes(rows: Tensor, columns: Tensor, chosen: Route, block: int, on: Processor) -> Tensor:
    """sums[..., i, j] of rows (..., M, K) and columns (..., N, K), lanes along j."""
    assert kernels is not None
    dtype = torch.float32 if chosen.lane is SINGLE else torch.float64
    lanes = kernels.lanes(on, dtype is torch.float64)
    (m, terms), n = rows.shape[-2:], columns.shape[-2]
    leading = torch.broadcast_shapes(rows.shape[:-2], columns.shape[:-2])
    side = columns.new_zeros(prod(columns.shape[:-2]), terms, -(-n // lanes) * lanes, dtype=dtype)
    side[..., :n] = columns.reshape(-1, n, terms).mT if columns.numel() else 0
    sums = torch.empty(prod(leading), m, side.shape[-1], dtype=dtype)
    kernels.accumulate(
        (rows if dtype is torch.float64 else rows.float()).reshape(prod(rows.shape[:-2]), m, terms).contiguous(),
        _places(rows, leading),
        side,
        _places(columns, leading),
        block,
        chosen.product.numbers,
        chosen.sum.numbers,
        sums,
        on,
        torch.get_num_threads(),
    )
    return sums[..., :n].reshape(*leading, m, n).double().add_(0.0)  # no zero is negative


def _places(x: Tensor, leading: torch.Size) -> Tensor:
    """Which of the matrices in ``x`` each of the broadcast ones is."""
    shape = x.shape[:-2]
    return torch.arange(prod(shape)).reshape(shape).expand(leading).flatten()


def _wraps(accumulator: Accumulator) -> bool:
    return isinstance(accumulator.format, Fixed) and accumulator.format.overflow is Overflow.WRAP
