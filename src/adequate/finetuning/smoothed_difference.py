"""Training through the slopes of a multiplier's table in the place of those of the exact product."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from adequate.emulated_layer import EmulatedProduct, Gradient, Multiplied, straight_through
from adequate.emulated_layer.coding import Coding
from adequate.emulated_layer.multiplied_sums import MultipliedSums
from adequate.emulated_layer.products import LIMB, TabulatedProducts
from adequate.emulation import EmulatedNetwork
from adequate.kernels.columns import Window, output_size
from adequate.kernels.lookup_gradient import Gradients, convolution_gradient, matrices_gradient
from adequate.operators import Operand
from adequate.operators.units import values
from adequate.quantization import along


@dataclass(frozen=True)
class SmoothedDifference:
    """The gradient of a product is the slope of the table over ``half_window`` values to either side.

        dL/dx[m, k] = sum_n g[m, n] D_x[x, w],    D_x[x, w] = (T[x + h, w] - T[x - h, w]) / 2h,

    and likewise for the weight: see ``adequate.kernels.lookup_gradient.slopes`` for its source and for the ends of the
    range. The half window of 16 is a published choice for 8 bits. For the exact multiplier, and any half window, this
    is the straight-through gradient. A product costs as many exact ones, in the backward pass, as the slopes of its
    table have factors: one to ten for most.

    Raises:
        ValueError: ``half_window`` is less than 1.
    """

    half_window: int = 16

    def __post_init__(self) -> None:
        if self.half_window < 1:
            raise ValueError(f"half_window is 1 or more, not {self.half_window}")


def smoothed_differences(emulated: EmulatedNetwork, choice: SmoothedDifference) -> dict[str, Gradient]:
    """The gradient of every layer with a multiplier.

    Raises:
        ValueError: a multiplier has no table.
    """
    found: dict[str, Gradient] = {}
    known: dict[tuple[object, ...], Gradients] = {}
    for module in emulated.modules():
        if not isinstance(module, EmulatedProduct) or not isinstance(module.sums, MultipliedSums):
            continue
        name, products = module.layer.name, module.sums.products
        if not isinstance(products, TabulatedProducts):
            raise ValueError(
                f"layer {name!r}: {module.design.multiplier} is too wide for a table, so it has no smoothed difference"
            )
        key = tuple(map(id, products.parts))
        if key not in known:
            table = torch.stack([part.double() * 2.0 ** (LIMB * i) for i, part in enumerate(products.parts)]).sum(0)
            x, w = (_numbers(one.operand) for one in (module.sums.x, module.sums.w))
            known[key] = Gradients.of(table, x, w, choice.half_window)
        found[name] = _Sloped(known[key])
    return found


@dataclass(frozen=True, eq=False)
class _Sloped:
    """The gradient of one layer: the slopes are those of products of codes, and the chain rule does the rest."""

    gradients: Gradients

    def __call__(self, multiplied: Multiplied, upstream: Tensor) -> tuple[Tensor, Tensor]:
        sums = multiplied.sums
        by_unit, scale = upstream * 2.0**sums.grid, sums.scale(upstream)
        if scale is not None:
            by_unit = by_unit * scale.to(upstream.dtype)
        with torch.enable_grad():  # patterns are small integers: any float holds them
            x, w = (one.to(upstream.dtype).requires_grad_() for one in (multiplied.x, multiplied.w))
            y = sums.geometry.multiplied(x, w, _SlopedProducts(self.gradients), sums.x.pattern_of_zero or 0)
        to_x, to_w = torch.autograd.grad(y, (x, w), by_unit)
        if sums.w.axis is not None and sums.w.zero is not None:  # else zero points are in the table
            to_x -= _by_zero_points(multiplied, by_unit, sums.w.zero, sums.w.axis)
        return to_x / _step(sums.x, to_x), to_w / _step(sums.w, to_w)


def _by_zero_points(multiplied: Multiplied, by_unit: Tensor, zeros: tuple[int, ...], axis: int) -> Tensor:
    """What a zero point per channel adds to the gradient by the input: each sum has -zero * sum_k x[k] in it."""
    call = multiplied.call
    w = along(torch.tensor(zeros, dtype=call.w.dtype, device=call.w.device), axis, call.w.dim()).expand(call.w.shape)
    return straight_through(replace(multiplied, call=replace(call, w=w)), by_unit)[0]


def _step(coding: Coding, like: Tensor) -> Tensor:
    """The values of a format per unit of its codes, broadcastable to an operand."""
    step = torch.tensor(coding.scale or (1.0,), dtype=like.dtype, device=like.device) * 2.0**coding.shift
    return step.reshape(()) if coding.axis is None else along(step, coding.axis, like.dim())


def _numbers(operand: Operand) -> Tensor:
    """What the patterns of an operand stand for."""
    grid = 0 if operand.format is None else operand.format.grid or 0
    return values(operand) * 2.0**grid


@dataclass(frozen=True, eq=False)
class _SlopedProducts:
    """Sums of products that are worth nothing but their gradient, on patterns held as floats."""

    gradients: Gradients

    def matrices(self, x: Tensor, w: Tensor) -> Tensor:
        return _Matrices.apply(x, w, self.gradients)  # type: ignore[no-any-return]

    def convolution(self, x: Tensor, w: Tensor, window: Window, zero: int) -> Tensor:
        return _Convolution.apply(x, w, window, zero, self.gradients)  # type: ignore[no-any-return]


class _Matrices(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, w: Tensor, gradients: Gradients) -> Tensor:
        ctx.patterns, ctx.gradients = (x.int(), w.int()), gradients
        return x.new_zeros(*x.shape[:-1], w.shape[-1])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, Tensor, None]:  # type: ignore[override]
        x, w = ctx.patterns
        return *matrices_gradient(x, w, upstream, ctx.gradients), None


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, w: Tensor, window: Window, zero: int, gradients: Gradients) -> Tensor:
        ctx.patterns, ctx.window, ctx.zero, ctx.gradients = (x.int(), w.int()), window, zero, gradients
        sizes = output_size(tuple(x.shape[2:]), tuple(w.shape[2:]), window)
        return x.new_zeros(x.shape[0], w.shape[0], *sizes)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, Tensor, None, None, None]:  # type: ignore[override]
        x, w = ctx.patterns
        found = convolution_gradient(x, w, upstream, ctx.window, ctx.zero, ctx.gradients)
        return *found, None, None, None
