"""The gradient of sums of a multiplier's products, which have none of their own: how it is replaced."""

from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from adequate.emulated_layer.call import Call
from adequate.emulated_layer.differentiated import Differentiated, ExactGradient, ProductGradient
from adequate.emulated_layer.geometry import Geometry
from adequate.emulated_layer.multiplied_sums import MultipliedSums


@dataclass(frozen=True, eq=False)
class Multiplied:
    """A call whose products are a multiplier's: what a gradient may look at. All tensors are detached.

    ``call`` has the quantised operands and the graph's own operation, bilinear and differentiable; ``x`` and ``w`` are
    the operands' bit patterns. ``sums`` knows layer, geometry, products and how patterns are numbers. ``y`` is what
    came out, without a bias.
    """

    call: Call
    x: Tensor
    w: Tensor
    sums: MultipliedSums
    y: Tensor


class Gradient(Protocol):
    """From the gradient by the sums ``y`` those by the quantised input and the quantised weight."""

    def __call__(self, multiplied: Multiplied, upstream: Tensor) -> tuple[Tensor, Tensor]:
        """Shaped as ``multiplied.call.x`` and ``multiplied.call.w``."""
        ...


def straight_through(multiplied: Multiplied, upstream: Tensor) -> tuple[Tensor, Tensor]:
    """The gradient of the exact product of the same quantised operands."""
    return operand_gradients(ExactGradient(), multiplied.sums.geometry, multiplied.call.x, multiplied.call.w, upstream)


def operand_gradients(
    gradient: ProductGradient, geometry: Geometry, x: Tensor, w: Tensor, upstream: Tensor, zero: int = 0
) -> tuple[Tensor, Tensor]:
    """From the gradient by a layer's sums of products of ``x`` and ``w``, held as floats, those by ``x`` and ``w``.

    ``zero`` is what padding holds.
    """
    with torch.enable_grad():
        x, w = x.detach().requires_grad_(), w.detach().requires_grad_()
        sums = geometry.multiplied(x, w, Differentiated(gradient), zero)
    to_x, to_w = torch.autograd.grad(sums, (x, w), upstream)
    return to_x, to_w


def multiply(sums: MultipliedSums, call: Call, gradient: Gradient) -> Tensor:
    """The sums of the multiplier's products of quantised operands, differentiable by ``gradient``, without the bias.

    A value is the exact sum rounded once to the operands' dtype, and once more by a scale that is no power of two.
    """
    return _Multiply.apply(call.x, call.w, sums, call, gradient)  # type: ignore[no-any-return]


class _Multiply(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, w: Tensor, sums: MultipliedSums, call: Call, gradient: Gradient) -> Tensor:
        values = Call(x.detach(), w.detach(), None, call.operation)
        codes = sums.patterns(values)
        y = sums.sums(values, *codes).to(x.dtype).mul_(2.0**sums.grid)
        scale = sums.scale(x)
        y = y if scale is None else y.mul_(scale)
        ctx.multiplied, ctx.gradient = Multiplied(values, *codes, sums, y.detach()), gradient
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, Tensor, None, None, None]:  # type: ignore[override]
        return *ctx.gradient(ctx.multiplied, upstream), None, None, None
