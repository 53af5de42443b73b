"""A sum of products in the arithmetic of its design: quantise, multiply, sum, round once."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Generator, Tensor, nn

from adequate.design import LayerDesign
from adequate.emulated_layer.accumulated_products import AccumulatedProducts, accumulated_products
from adequate.emulated_layer.accumulated_sums import AccumulatedSums
from adequate.emulated_layer.bias import aligned_bias
from adequate.emulated_layer.call import Call, Sums, call_of
from adequate.emulated_layer.exact_sums import ExactSums
from adequate.emulated_layer.function import described
from adequate.emulated_layer.geometry import Geometry, geometry_of
from adequate.emulated_layer.gradient import Gradient, multiply, straight_through
from adequate.emulated_layer.multiplied_sums import MultipliedSums, multiplied_sums
from adequate.formats.epilogue import NOTHING, Epilogue
from adequate.network import Layer
from adequate.quantization import quantize, round_scaled


@dataclass(frozen=True, eq=False)
class Summed:
    """Exact sums before they are rounded: scale * values, to become numbers of ``dtype``."""

    values: Tensor
    scale: Tensor | None
    dtype: torch.dtype

    @property
    def nbytes(self) -> int:
        """Memory they take; the scale's is nothing beside it."""
        return self.values.nbytes

    def copied(self) -> "Summed":
        """The same in memory of its own."""
        return replace(self, values=self.values.clone())


class EmulatedProduct(nn.Module):
    """A convolution, linear layer or matrix product in the arithmetic of its design.

    In training, ``generator`` rounds the weights stochastically if there is one, and ``gradient`` is that of a
    multiplier's products.

    Raises:
        ValueError: a multiplier does not fit the formats.
    """

    def __init__(self, layer: Layer, design: LayerDesign, operation: Callable[..., Tensor]) -> None:
        super().__init__()
        self.layer, self.design, self.operation = layer, design, operation
        self.geometry = geometry_of(layer)
        self.sums = sums_of(layer, design, self.geometry)
        self.generator: Generator | None = None
        self.gradient: Gradient = straight_through

    def extra_repr(self) -> str:
        """Layer and design, for ``print(module)``."""
        return described(self.layer, self.design)

    def forward(self, *args: Any, **kwargs: Any) -> Tensor:
        """Called with the arguments of the graph's own call, which it replaces."""
        summed = self.summed(*args, **kwargs)
        if summed is None:
            return self._differentiable(call_of(self.layer, self.operation, args, kwargs))
        return self.rounded(summed)

    def summed(self, *args: Any, **kwargs: Any) -> Summed | None:
        """The sums of such a call, which ``design.output`` has no part in; None where torch rounds as it sums."""
        if self.training or self.sums is None:
            return None
        call = call_of(self.layer, self.operation, args, kwargs)
        return Summed(*self.sums(call), call.x.dtype)

    def rounded(self, summed: Summed, epilogue: Epilogue = NOTHING) -> Tensor:
        """The sums rounded once by ``design.output``, and the epilogue of that; they themselves go."""
        what = self._what("output")
        return round_scaled(summed.values, summed.scale, self.design.output, what, summed.dtype, epilogue)

    def _differentiable(self, call: Call) -> Tensor:
        """The quantised operands through torch's own kernels, or through the multiplier."""
        design, generator = self.design, self.generator if self.training else None
        x = quantize(call.x, design.input, self._what("input"))
        w = quantize(call.w, design.weight, self._what("weight"), generator)
        sums = self.sums.multiplied if isinstance(self.sums, AccumulatedProducts) else self.sums
        if isinstance(sums, MultipliedSums):
            y = multiply(sums, Call(x, w, None, call.operation), self.gradient)
        else:
            y = call.operation(x, w)
        y = y if call.bias is None else y + aligned_bias(self.geometry, call.bias)
        return quantize(y, design.output, self._what("output"))

    def _what(self, slot: str) -> str:
        return f"{slot} of layer {self.layer.name!r}"


def sums_of(layer: Layer, design: LayerDesign, geometry: Geometry) -> Sums | None:
    """How a layer's products are summed; None: as torch does.

    Raises:
        ValueError: a multiplier does not fit the formats, or an accumulator the multiplier.
    """
    if design.multiplier is not None:
        multiplied = multiplied_sums(layer, design, geometry)
        return multiplied if design.accumulator is None else accumulated_products(multiplied, design.accumulator)
    if design.accumulator is not None:
        return AccumulatedSums(layer, design, geometry)
    if design.input is not None and design.weight is not None:
        return ExactSums(layer, design, geometry)
    return None
