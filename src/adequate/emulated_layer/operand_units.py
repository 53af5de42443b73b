"""Operands as numbers on a grid: the quantised weight of a layer, the grid and the scale of its products."""

from torch import Tensor

from adequate.design import LayerDesign
from adequate.emulated_layer.geometry import Geometry, aligned
from adequate.formats import PerChannel, Scaled
from adequate.quantization import Units, units


def weight_units(geometry: Geometry, design: LayerDesign, w: Tensor, what: str) -> tuple[Units, int | None]:
    """The quantised weight, and the output's dimension along which the scales of its format, or its formats, lie."""
    format = design.weight
    axis = format.axis if isinstance(format, Scaled | PerChannel) else None
    place = None if axis is None or not w.dim() else geometry.place(axis)
    found = units(w, format, what, output_axis=None if place is None else (axis or 0) % w.dim())
    return found, place


def product_grid(geometry: Geometry, x: Units, weight: Units, place: int | None) -> int | Tensor | None:
    """The grid of the products, one or one per output channel, if the formats say which."""
    if x.static_grid is None or weight.output_grid is None:
        return None
    if isinstance(weight.output_grid, int):
        return x.static_grid + weight.output_grid
    return x.static_grid + aligned(geometry, weight.output_grid, place)


def product_scale(x: Tensor | None, weight: Tensor | None) -> Tensor | None:
    """The scale of the products: one number of the input's times the weight's; None: 1."""
    if x is None:
        return weight
    return x.reshape(()) if weight is None else x.reshape(()) * weight
