"""Exact sums of exact products."""

from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor

from adequate.design import LayerDesign
from adequate.emulated_layer.bias import bias_units
from adequate.emulated_layer.call import Call
from adequate.emulated_layer.geometry import Geometry, aligned
from adequate.emulated_layer.kept import Kept, identity
from adequate.emulated_layer.operand_units import product_grid, product_scale, weight_units
from adequate.formats.peak import peak_of
from adequate.kernels.exact import BiasedProduct, Operand, exact_sum, plain_arithmetic, proven
from adequate.network import Layer
from adequate.quantization import Units, units


@dataclass(frozen=True)
class _Prepared:
    """What follows from a weight and a bias; ``weight_scale`` and ``bias`` broadcast against the output.

    ``single``: weight and bias for the library's own call, whose sums float32 is proven to hold for every input.
    """

    weight: Operand
    weight_scale: Tensor | None
    bias: Operand | None
    single: tuple[Tensor, Tensor | None] | None


@dataclass(eq=False)
class ExactSums:
    """sum_k x^[k] w^[k] + bias, exactly. ``input_rounded``: x holds values of the input's format already."""

    layer: Layer
    design: LayerDesign
    geometry: Geometry
    input_rounded: bool = False
    _kept: Kept[_Prepared] = field(default_factory=Kept[_Prepared])

    @property
    def weight_first(self) -> bool:
        """Whether the call's first argument is the weight, or both may be data."""
        return self.layer.weight is None or bool(dict(self.layer.attributes).get("weight_first", False))

    def __call__(self, call: Call) -> tuple[Tensor, Tensor | None]:
        """The sums and their scale."""
        operand = units(call.x, self.design.input, f"input of layer {self.layer.name!r}", rounded=self.input_rounded)
        prepared = self._prepare(call.w, call.bias, operand)
        scale = product_scale(operand.scale, prepared.weight_scale)
        if call.biased is not None and prepared.single is not None and operand.values.dtype is torch.float32:
            with plain_arithmetic():
                return _per_channel(call.biased, operand.values, *prepared.single), scale
        repeats = self.geometry.repeats(call.x.shape, call.w.shape)
        weight = prepared.weight.repeated(repeats)

        def product(x: Tensor, w: Tensor) -> Tensor:
            return self.geometry.product(x, w, call.operation)

        biased = None if call.biased is None else partial(_per_channel, call.biased)
        try:
            sums = exact_sum(_bounded(operand, weight, prepared.bias), weight, product, prepared.bias, biased)
        except ValueError as error:
            raise ValueError(f"layer {self.layer.name!r}: {error}") from None
        return sums, scale

    def _prepare(self, w: Tensor, bias: Tensor | None, x: Units) -> _Prepared:
        """Quantised weight, its bound, and the bias on the product grid; kept while the parameters do not change."""
        if self.layer.weight is None:
            return self._prepared(w, bias, x)
        return self._kept.get((identity(w), identity(bias), x.static_grid), lambda: self._prepared(w, bias, x))

    def _prepared(self, w: Tensor, bias: Tensor | None, x: Units) -> _Prepared:
        weight, place = weight_units(self.geometry, self.design, w, f"weight of layer {self.layer.name!r}")
        peak, terms = self.geometry.meeting(weight.values)
        scale = None if weight.scale is None else aligned(self.geometry, weight.scale, place)
        grid = product_grid(self.geometry, x, weight, place)
        added = bias_units(self.geometry, bias, product_scale(x.scale, scale), grid)
        one = Operand(weight.values, weight.grid, peak, terms)
        return _Prepared(one, scale, added, _single(x, one, added))


def _single(x: Units, w: Operand, bias: Operand | None) -> tuple[Tensor, Tensor | None] | None:
    grid, bias_peak = x.grid + w.grid, 0.0 if bias is None else bias.peak
    if x.static_peak is None or w.tensor.dtype is not torch.float32 or (bias is not None and bias.grid < grid):
        return None
    if not proven(torch.float32, x.static_peak, w.peak, bias_peak, grid):
        return None
    return w.tensor, None if bias is None else bias.tensor.float()


def _per_channel(biased: BiasedProduct, x: Tensor, w: Tensor, bias: Tensor | None) -> Tensor:
    """A convolution's bias as the library takes it: a number per output channel."""
    return biased(x, w, None if bias is None else bias.reshape(-1))


def _bounded(x: Units, weight: Operand, bias: Operand | None) -> Operand:
    """The first operand with a bound on its magnitude: the format's if that is enough, else the measured one."""
    bias_peak = 0.0 if bias is None else bias.peak
    if x.static_peak is not None and proven(torch.float32, x.static_peak, weight.peak, bias_peak, x.grid + weight.grid):
        return Operand(x.values, x.grid, x.static_peak)
    return Operand(x.values, x.grid, peak_of(x.values))
