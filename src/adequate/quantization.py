"""Formats applied to tensors: straight-through in training, split into grid values and scales for exact sums."""

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Generator, Tensor
from torch.autograd.function import FunctionCtx

from adequate.formats import Format, PerChannel, Scaled
from adequate.formats.epilogue import NOTHING, Epilogue
from adequate.formats.quotient import quotient
from adequate.kernels.exact import grid_of
from adequate.kernels.expansion import DIGITS, odd_quotient, to_odd, two_product
from adequate.kernels.requantize import rescale

BLOCK = 2**18
"""Elements that are rounded at a time in double precision."""


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


def _quantize_(x: Tensor, format: Format, what: str, epilogue: Epilogue) -> Tensor:
    """``epilogue(format.quantize(x))`` in place."""
    try:
        return format.quantize_(x, epilogue=epilogue)
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
        return torch.where(inside, gradient, 0.0), None, None


@dataclass(frozen=True)
class Units:
    """A quantised tensor as scale * values, the values multiples of 2**grid.

    ``scale`` is None where all scales are powers of two (they are then in the values), else one number or one per
    output channel. ``static_grid``, ``static_peak`` (largest magnitude) and ``output_grid`` (the grid of each output
    channel where the format differs among them) follow from the format alone, None where they depend on the data.
    """

    values: Tensor
    grid: int
    static_grid: int | None
    static_peak: float | None
    scale: Tensor | None
    output_grid: int | Tensor | None


def units(
    x: Tensor, format: Format | None, what: str, output_axis: int | None = None, *, rounded: bool = False
) -> Units:
    """``x`` quantised, as values on a grid and a scale.

    ``output_axis`` is the dimension along which a scale that is no power of two may differ (the weight's output
    channels); elsewhere such a scale cannot be taken out of a sum. ``rounded``: ``x`` holds values of the format.

    Raises:
        ValueError: not finite, or a scale per channel that cannot be taken out of the sum.
    """
    if format is None:
        return Units(x.detach(), grid_of(x), None, None, None, None)
    axis = format.axis if isinstance(format, Scaled | PerChannel) else None
    per_output = axis is not None and output_axis is not None and axis % x.dim() == output_axis
    if not isinstance(format, Scaled) or format.dyadic:
        plain = x.detach() if x.requires_grad else x
        values = plain if rounded else quantize(plain, format, what)
        grid = output_grid = format.grid
        if per_output and (channels := channels_of(format)):
            output_grid = torch.tensor([one.grid for one in channels], device=x.device)
        peak = None if isinstance(format, Scaled) else _peak(format)
        return Units(values, grid if grid is not None else grid_of(values), grid, peak, None, output_grid)
    grid = format.element.grid
    if grid is None:
        raise ValueError(f"{what}: {format.element} has no grid of its own under a scale that is no power of two")
    scale = scales_of(format).to(x.device)
    if scale.numel() > 1 and not per_output:
        raise ValueError(f"{what}: a scale per index of dimension {format.axis} cannot be taken out of the sum")
    try:
        divisor = format.scales(x)
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from None
    if format.zero == 0:
        elements = quantize(quotient(x.detach(), divisor), format.element, what)
    else:
        zero = torch.tensor(format.zero, dtype=torch.float64, device=x.device)
        offset = zero if zero.numel() == 1 else along(zero, output_axis or 0, x.dim())
        elements = format.element.quantize(quantize(x.detach(), format, what).double() / divisor + offset) - offset
    return Units(elements.to(x.dtype), grid, grid, None, scale, grid)


def channels_of(format: Format) -> tuple[Format, ...]:
    """The formats of the indices along a format's axis; none where it is one for all, or its scales are shared."""
    if isinstance(format, PerChannel):
        return format.formats
    if isinstance(format, Scaled) and isinstance(format.scale, tuple):
        return tuple(format.channel(index) for index in range(len(format.scale)))
    return ()


@lru_cache(maxsize=1024)
def _peak(format: Format) -> float:
    """The largest magnitude of a format's values."""
    return float(max(abs(format.minimum), abs(format.maximum)))


def scales_of(format: Scaled) -> Tensor:
    """The scales of a format that has stored ones, float64, one or one per channel."""
    assert isinstance(format.scale, float | tuple)
    return torch.tensor(format.scale, dtype=torch.float64).reshape(-1)


def rounded(y: Tensor, format: Format | None, what: str, dtype: torch.dtype) -> Tensor:
    """Exact numbers, or such as were rounded to odd, rounded once by ``format``, in ``dtype``.

    Raises:
        ValueError: not finite, or the format has more bits than ``dtype`` or a number rounded to odd.
    """
    return _in_dtype(_from_odd(y.to(torch.promote_types(y.dtype, dtype)), format, what), format, what, dtype)


def round_scaled(
    sums: Tensor,
    scale: Tensor | None,
    format: Format | None,
    what: str,
    dtype: torch.dtype,
    epilogue: Epilogue = NOTHING,
) -> Tensor:
    """scale * sums, rounded once by ``format``, in ``dtype``, and the epilogue of that, whose addend is shaped alike.

    The scale is broadcastable against the sums, which go. One that is no power of two becomes an integer multiplier and
    a shift (``requantize.multiplier``), as the hardware has it: t = sums * multiplier(scale / scale of the format).
    Without a format the exact scale is used and the product rounded to odd. A block of the first dimension is taken at
    a time: in double precision a whole batch would need several times the memory of the network's own largest tensor.
    """
    dyadic = not isinstance(format, Scaled) or format.dyadic
    if scale is None and format is not None and dyadic and sums.dtype == dtype and format.digits <= DIGITS:
        return _quantize_(sums, format, what, epilogue)
    if scale is None or not _alike(sums, scale, format):
        return epilogue(_round_scaled(sums, scale, format, what, dtype))
    rows = max(1, BLOCK // max(sums[0].numel(), 1))
    result = torch.empty(sums.shape, dtype=dtype, device=sums.device)
    for start in range(0, len(sums), rows):
        part = slice(start, start + rows)
        result[part] = _round_scaled(sums[part], scale, format, what, dtype)
    return epilogue(result)


def _alike(sums: Tensor, scale: Tensor, format: Format | None) -> bool:
    """Whether all indices of the first dimension are rounded alike, and there is more than one."""
    if sums.dim() < 2 or len(sums) < 2 or (scale.dim() == sums.dim() and len(scale) > 1):
        return False
    return not isinstance(format, Scaled | PerChannel) or format.axis is None or format.axis % sums.dim() != 0


def _round_scaled(sums: Tensor, scale: Tensor | None, format: Format | None, what: str, dtype: torch.dtype) -> Tensor:
    if isinstance(format, Scaled) and not format.dyadic:
        own = scales_of(format).to(sums.device)
        own = own.reshape(()) if format.axis is None else along(own, format.axis, sums.dim())
        ratios = odd_quotient(*torch.broadcast_tensors(torch.ones_like(own) if scale is None else scale, own))
        return _in_dtype(_from_odd(rescale(sums, ratios), format.steps, what) * own, format, what, dtype)
    if scale is not None:
        if format is None:
            return to_odd(*two_product(*torch.broadcast_tensors(sums.double(), scale))).to(dtype)
        sums = rescale(sums, scale)
    return rounded(sums, format, what, dtype)


def _from_odd(y: Tensor, format: Format | None, what: str) -> Tensor:
    if format is not None and format.digits > DIGITS:
        raise ValueError(f"{what}: {format} has {format.digits} significant bits; sums are rounded to {DIGITS} at most")
    return quantize(y, format, what)


def _in_dtype(y: Tensor, format: Format | None, what: str, dtype: torch.dtype) -> Tensor:
    """``y``, which are numbers of ``format``, in a dtype that has to hold them."""
    if y.dtype != dtype and format is not None:
        quantize(y[:0].to(dtype) if y.dim() else y.to(dtype), format, what)
    return y.to(dtype)


def on_grid(x: Tensor, grid: int | Tensor) -> Tensor:
    """float64 ``x`` rounded half to even to multiples of 2**grid."""
    grids = torch.as_tensor(grid)
    steps = [2.0**one for one in grids.flatten().tolist()]  # not exp2, which a GPU may round
    step = torch.tensor(steps, dtype=torch.float64, device=x.device).reshape(grids.shape)
    return torch.round(x / step) * step


def along(per_index: Tensor, axis: int, dims: int) -> Tensor:
    """A vector shaped to vary along one of ``dims`` dimensions."""
    shape = [1] * dims
    shape[axis] = -1
    return per_index.reshape(shape)
