"""A bias among sums of products: on their grid, along their output channels."""

import torch
from torch import Tensor

from adequate.emulated_layer.geometry import Geometry
from adequate.kernels.exact import Operand, grid_of
from adequate.kernels.expansion import odd_quotient
from adequate.quantization import along, on_grid


def aligned_bias(geometry: Geometry, bias: Tensor) -> Tensor:
    """The bias, broadcastable against the output."""
    return along(bias, 0, -geometry.bias_place)


def bias_units(
    geometry: Geometry, bias: Tensor | None, scale: Tensor | None, grid: int | Tensor | None
) -> Operand | None:
    """The bias in units of the products' ``scale``, rounded half to even to their grid if that is known.

    float32 where that holds all of it, else float64. None for a bias of zeros.
    """
    if bias is None:
        return None
    value = aligned_bias(geometry, bias.detach().double())
    if scale is not None:
        value = odd_quotient(*torch.broadcast_tensors(value, scale))
    value = value if grid is None else on_grid(value, grid)
    value = value + 0.0  # no -0, or the order of additions could be seen where all products are -0
    if not value.any():
        return None
    narrow = value.float()
    held = narrow if torch.equal(narrow.double(), value) else value
    return Operand(held, grid_of(value), float(value.abs().max()))
