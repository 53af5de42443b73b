"""A batch normalisation by running statistics: one multiplication and one addition in each channel.

    y = output(m x + b),   m = gamma / sqrt(variance + eps),   b = beta - m mean

m and b are computed in float64 and rounded as ``affine`` says; y is rounded once. A scale of the input that is no power
of two is part of m.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from adequate.design import LayerDesign
from adequate.emulated_layer.forms.affine import Affine, affine
from adequate.emulated_layer.forms.form import Given, IntegerForm, formats_of
from adequate.emulated_layer.forms.multiples import Multiples, has_one_scale, multiples_of
from adequate.network import Layer
from adequate.quantization import along

CHANNELS = 1
"""The dimension of the channels."""


@dataclass(frozen=True, eq=False)
class BatchNorm(IntegerForm):
    """y = output(m x + b)."""

    numbers: Multiples

    def __call__(self, x: Tensor, given: Given) -> Tensor:
        numbers = self.numbers
        step = self.affine(given, x.dim())
        y = step(numbers.read(x, self.what("input")), numbers.largest * 2.0**numbers.grid)
        return self.settled(y, x.dtype)

    def affine(self, given: Given, dims: int) -> Affine:
        """m and b along the channels of a tensor of so many dimensions."""
        mean, variance = given["running_mean"].double(), given["running_var"].double()
        gamma, beta = (None if given[name] is None else given[name].detach().double() for name in ("weight", "bias"))
        deviation = torch.sqrt(variance + given["eps"])
        factor = (torch.ones_like(mean) if gamma is None else gamma) / deviation
        offset = (torch.zeros_like(mean) if beta is None else beta) - factor * mean
        scaled = along(factor * self.numbers.scale, CHANNELS, dims)
        return affine(scaled, along(offset, CHANNELS, dims), self.numbers.grid)


def batch_norm(layer: Layer, chosen: LayerDesign) -> BatchNorm | None:
    """The form of a batch normalisation that does not take its statistics from the batch."""
    formats = formats_of(chosen)
    if formats is None or not has_one_scale(formats[1]) or dict(layer.attributes).get("training", True):
        return None
    numbers = multiples_of(formats[0])
    if numbers is None or len(layer.input_shapes) != 1:
        return None
    return BatchNorm(layer, *formats, numbers)
