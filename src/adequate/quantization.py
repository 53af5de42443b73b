"""Formats applied to tensors: straight-through in training, split into grid values and scales for exact sums."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.autograd.function import FunctionCtx

from adequate.formats import Format, Scaled
from adequate.kernels.exact import grid_of
from adequate.kernels.expansion import odd_sum, to_odd, two_product
from adequate.kernels.requantize import rescale


def quantize(x: Tensor, format: Format | None, what: str, generator: Generator | None = None) -> Tensor:
    """``format.quantize(x)``; the gradient is 1 inside the representable range and 0 outside (straight-through).

    Without a format ``x`` itself. With a generator the rounding is stochastic.

    Raises:
        ValueError: ``x`` has NaN or infinite values; the message begins with ``what``.
    """
    if format is None:
        return x
    try:
        if x.requires_grad and torch.is_grad_enabled():
            return _StraightThrough.apply(x, format, generator)  # type: ignore[no-any-return]
        return format.quantize(x, generator=generator)
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from None


class _StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, format: Format, generator: Generator | None) -> Tensor:
        ctx.save_for_backward(format.inside(x))
        return format.quantize(x, generator=generator)

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor, None, None]:  # type: ignore[override]
        (inside,) = ctx.saved_tensors  # type: ignore[attr-defined]
        return gradient * inside, None, None


@dataclass(frozen=True)
class Units:
    """A quantised tensor as scale * values, the values multiples of 2**grid.

    ``scale`` is None where all scales are powers of two (they are then in the values), else one number or one per
    output channel. ``static_grid`` and ``static_peak`` (largest magnitude) follow from the format alone, None where
    they depend on the data.
    """

    values: Tensor
    grid: int
    static_grid: int | None
    static_peak: float | None
    scale: Tensor | None
    format: Format

    def channel_grids(self) -> int | Tensor:
        """The grid of each output channel: finer and coarser ones where the format has a scale per channel."""
        format = self.format
        if self.scale is None and isinstance(format, Scaled) and isinstance(format.scale, tuple):
            return torch.tensor([format.channel(i).grid for i in range(len(format.scale))], device=self.values.device)
        assert self.static_grid is not None
        return self.static_grid


def units(x: Tensor, format: Format, what: str, output_axis: int | None = None) -> Units:
    """``x`` quantised, as values on a grid and a scale.

    ``output_axis`` is the dimension along which a scale that is no power of two may differ (the weight's output
    channels); elsewhere such a scale cannot be taken out of a sum.

    Raises:
        ValueError: not finite, or a scale per channel that cannot be taken out of the sum.
    """
    values = quantize(x.detach(), format, what)
    if not isinstance(format, Scaled) or format.dyadic:
        grid = format.grid
        peak = None if isinstance(format, Scaled) else float(max(abs(format.minimum), abs(format.maximum)))
        return Units(values, grid if grid is not None else grid_of(values), grid, peak, None, format)
    scale = scales_of(format)
    grid = format.element.grid
    if grid is None:
        raise ValueError(f"{what}: {format.element} has no grid of its own under a scale that is no power of two")
    if scale.numel() > 1 and (output_axis is None or (format.axis or 0) % x.dim() != output_axis):
        raise ValueError(f"{what}: a scale per index of dimension {format.axis} cannot be taken out of the sum")
    divisor = scale if scale.numel() == 1 else along(scale, output_axis or 0, x.dim())
    elements = on_grid(values.double() / divisor.to(x.device), grid)
    return Units(elements.to(x.dtype), grid, grid, None, scale.to(x.device), format)


def scales_of(format: Scaled) -> Tensor:
    """The scales of a format that has stored ones, float64, one or one per channel."""
    assert isinstance(format.scale, float | tuple)
    return torch.tensor(format.scale, dtype=torch.float64).reshape(-1)


def round_scaled(sums: Tensor, scale: Tensor | None, format: Format | None, what: str) -> Tensor:
    """scale * sums, rounded once by ``format``, the scale broadcastable against the sums.

    A scale that is no power of two becomes an integer multiplier and a shift (``requantize.multiplier``), as the
    hardware has it: t = sums * multiplier(scale / scale of the format). Without a format the exact scale is used and
    the product rounded to odd.
    """
    if isinstance(format, Scaled) and not format.dyadic:
        axis = (format.axis or 0) % sums.dim()
        own = scales_of(format).to(sums.device)
        own = own if own.numel() == 1 else along(own, axis, sums.dim())
        zero = torch.tensor(format.zero, dtype=torch.float64, device=sums.device).reshape(-1)
        zero = zero if zero.numel() == 1 else along(zero, axis, sums.dim())
        elements = rescale(sums, (scale if scale is not None else torch.ones_like(own)) / own)
        codes = quantize(odd_sum(torch.broadcast_tensors(elements, zero)), format.element, what)
        return (codes - zero) * own
    if scale is not None:
        if format is None:
            return to_odd(*two_product(*torch.broadcast_tensors(sums.double(), scale)))
        sums = rescale(sums, scale)
    return quantize(sums, format, what)


def on_grid(x: Tensor, grid: int | Tensor) -> Tensor:
    """float64 ``x`` rounded half to even to multiples of 2**grid."""
    step = torch.exp2(torch.as_tensor(grid, dtype=torch.float64, device=x.device))
    return torch.round(x / step) * step


def along(per_index: Tensor, axis: int, dims: int) -> Tensor:
    """A vector shaped to vary along one of ``dims`` dimensions."""
    shape = [1] * dims
    shape[axis] = -1
    return per_index.reshape(shape)
