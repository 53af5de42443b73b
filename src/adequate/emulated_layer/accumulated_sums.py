"""Sums of products in an accumulator, which rounds after every addition."""

from dataclasses import dataclass

import torch
from torch import Tensor

from adequate.design import LayerDesign
from adequate.emulated_layer.bias import aligned_bias
from adequate.emulated_layer.call import Call
from adequate.emulated_layer.geometry import Geometry
from adequate.emulated_layer.operand_units import product_grid, weight_units
from adequate.kernels.accumulate import add_last
from adequate.network import Layer
from adequate.quantization import on_grid, units


@dataclass(frozen=True, eq=False)
class AccumulatedSums:
    """The accumulator's sum of the products x^[k] w^[k]; then the bias, on the coarser of the two grids, added last."""

    layer: Layer
    design: LayerDesign
    geometry: Geometry

    def __call__(self, call: Call) -> tuple[Tensor, None]:
        """The sums."""
        assert self.design.accumulator is not None
        accumulator, own = self.design.accumulator, self.design.accumulator.format.grid
        x = units(call.x, self.design.input, f"input of layer {self.layer.name!r}")
        w, place = weight_units(self.geometry, self.design, call.w, f"weight of layer {self.layer.name!r}")
        if x.scale is not None or w.scale is not None:
            raise ValueError(f"layer {self.layer.name!r}: an accumulator needs scales that are powers of two")
        try:
            sums = self.geometry.accumulate(x.values, w.values, accumulator)
            if call.bias is None:
                return sums, None
            grid = product_grid(self.geometry, x, w, place)
            if own is not None:
                grid = own if grid is None else torch.as_tensor(grid).clamp(min=own)
            bias = aligned_bias(self.geometry, call.bias.detach().double())
            bias = bias if grid is None else on_grid(bias, grid)
            return add_last(sums, bias, accumulator), None
        except ValueError as error:
            raise ValueError(f"accumulator of layer {self.layer.name!r}: {error}") from None
