"""Training through the slopes of a multiplier's table in the place of those of the exact product."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from adequate.emulated_layer import EmulatedProduct, Gradient, Multiplied, operand_gradients, straight_through
from adequate.emulated_layer.coding import Coding
from adequate.emulated_layer.multiplied_sums import MultipliedSums
from adequate.emulated_layer.products import LIMB, TabulatedProducts
from adequate.emulation import EmulatedNetwork
from adequate.kernels.lookup_gradient import PRECISION, Gradients
from adequate.operators import Operand
from adequate.operators.units import values
from adequate.quantization import along


@dataclass(frozen=True)
class SmoothedDifference:
    """The gradient of a product is the slope of the table over ``half_window`` values to either side.

        dL/dx[m, k] = sum_n g[m, n] D_x[x, w],    D_x[x, w] = (T[x + h, w] - T[x - h, w]) / 2h,

    and likewise for the weight: see ``adequate.kernels.lookup_gradient.slopes`` for its source and for the ends of the
    range. The half window of 16 is a published choice for 8 bits. For the exact multiplier, and any half window, this
    is the straight-through gradient. The slopes are taken as a sum of products that misses ``precision`` of them (see
    ``adequate.kernels.lookup_gradient.factored``); the backward pass costs as many exact products as that has terms:
    one for most tables.

    Raises:
        ValueError: ``half_window`` is less than 1, ``precision`` not between 0 and 1.
    """

    half_window: int = 16
    precision: float = PRECISION

    def __post_init__(self) -> None:
        if self.half_window < 1:
            raise ValueError(f"half_window is 1 or more, not {self.half_window}")
        if not 0 < self.precision < 1:
            raise ValueError(f"precision is between 0 and 1, not {self.precision}")


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
            known[key] = Gradients.of(table, x, w, choice.half_window, choice.precision)
        found[name] = _Sloped(known[key])
    return found


@dataclass(frozen=True, eq=False)
class _Sloped:
    """The gradient of one layer: the slopes are those of products of codes, and the chain rule does the rest."""

    gradients: Gradients

    def __call__(self, multiplied: Multiplied, upstream: Tensor) -> tuple[Tensor, Tensor]:
        sums, scale = multiplied.sums, multiplied.sums.scale(upstream)
        by_unit = upstream if scale is None else upstream * scale.to(upstream.dtype)
        x, w = multiplied.x.to(upstream.dtype), multiplied.w.to(upstream.dtype)  # small integers: any float holds them
        to_x, to_w = operand_gradients(self.gradients, sums.geometry, x, w, by_unit, sums.x.pattern_of_zero or 0)
        if sums.w.axis is not None and sums.w.zero is not None:  # else zero points are in the table
            to_x -= _by_zero_points(multiplied, by_unit, sums.w.zero, sums.w.axis)
        unit = 2.0**sums.grid
        return to_x.mul_(unit / _step(sums.x, to_x)), to_w.mul_(unit / _step(sums.w, to_w))


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
