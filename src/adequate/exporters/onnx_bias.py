"""A layer's bias as its sums have it: rounded to the grid of the products."""

import torch
from torch import Tensor

from adequate.design import LayerDesign
from adequate.emulated_layer.bias import bias_units
from adequate.emulated_layer.geometry import aligned, geometry_of
from adequate.emulated_layer.operand_units import product_grid, product_scale, weight_units
from adequate.exporters.onnx_dialect import Bias
from adequate.network import Layer
from adequate.quantization import units


def bias_of(layer: Layer, design: LayerDesign, weight: Tensor, bias: Tensor) -> Bias:
    """The bias on the grid, if the formats say which, and in codes of 32 bits where float32 numbers tell them.

    Where the rounded number is none of float32 the bias stays what it is: every reader rounds it to the same.
    """
    if design.input is None or design.weight is None:
        return Bias(bias)
    geometry = geometry_of(layer)
    shape = [1 if size is None else size for size in layer.input_shapes[0]]
    x = units(torch.zeros(shape), design.input, f"input of layer {layer.name!r}")
    w, place = weight_units(geometry, design, weight, f"weight of layer {layer.name!r}")
    scale = product_scale(x.scale, None if w.scale is None else aligned(geometry, w.scale, place))
    grid = product_grid(geometry, x, w, place)
    if grid is None:
        return Bias(bias)

    def counted(value: Tensor) -> Tensor:
        """In units of the scale."""
        found = bias_units(geometry, value, scale, grid)
        return torch.zeros(len(bias), dtype=torch.float64) if found is None else found.tensor.reshape(-1)

    exact = counted(bias)
    one = torch.ones((), dtype=torch.float64) if scale is None else scale.reshape(-1)
    step = torch.tensor([2.0**g for g in torch.as_tensor(grid).reshape(-1).tolist()], dtype=torch.float64)
    rounded = (exact * one).float()
    if not counted(rounded).equal(exact):
        return Bias(bias)
    codes, steps = (exact / step).expand(len(bias)), (one * step).float()
    numbers = codes.float() * steps
    if bool((codes.abs() < 2**31).all()) and counted(numbers).equal(exact):
        return Bias(rounded, codes.to(torch.int32), steps)
    return Bias(rounded)
