"""A rectifier with a slope for what is below zero, one or one for each channel: one multiplication.

    y = output(m x),   m = 1 where x >= 0, else the slope

Both factors lie on one grid, as ``affine`` says; y is rounded once. A scale of the input that is no power of two is
part of m.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from adequate.design import LayerDesign
from adequate.emulated_layer.forms.affine import Affine, affine
from adequate.emulated_layer.forms.batch_norm import CHANNELS
from adequate.emulated_layer.forms.form import Given, IntegerForm, formats_of
from adequate.emulated_layer.forms.multiples import Multiples, has_one_scale, multiples_of
from adequate.network import Layer
from adequate.quantization import along


@dataclass(frozen=True, eq=False)
class Rectifier(IntegerForm):
    """y = output(m x)."""

    numbers: Multiples

    def __call__(self, x: Tensor, given: Given) -> Tensor:
        numbers = self.numbers
        n = numbers.read(x, self.what("input"))
        both = self.affine(given, x.dim())
        above, below = both.factor
        step = replace(both, factor=torch.where(n < 0, below, above))
        return self.settled(step(n, numbers.largest * 2.0**numbers.grid), x.dtype)

    def affine(self, given: Given, dims: int) -> Affine:
        """m above zero and m below, one behind the other, along the channels of a tensor of so many dimensions."""
        slope = along(given["weight"].detach().double(), CHANNELS, dims)
        factors = torch.stack([torch.ones_like(slope), slope]) * self.numbers.scale
        return affine(factors, torch.zeros_like(slope), self.numbers.grid)


def prelu(layer: Layer, chosen: LayerDesign) -> Rectifier | None:
    """The form of a rectifier on tensors that have channels."""
    formats = formats_of(chosen)
    if formats is None or not has_one_scale(formats[1]):
        return None
    numbers = multiples_of(formats[0])
    if numbers is None or len(layer.input_shapes) != 1 or len(layer.input_shapes[0]) <= CHANNELS:
        return None
    return Rectifier(layer, *formats, numbers)
