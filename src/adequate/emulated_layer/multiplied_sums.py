"""Exact sums of a multiplier's products."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from adequate.design import LayerDesign
from adequate.emulated_layer.bias import bias_units
from adequate.emulated_layer.call import Call
from adequate.emulated_layer.coding import Coding, coding_of
from adequate.emulated_layer.geometry import Geometry, aligned, geometry_of
from adequate.emulated_layer.kept import Kept, identity
from adequate.emulated_layer.operand_units import product_scale
from adequate.emulated_layer.products import Products, product_grid, products_of
from adequate.kernels.exact import EXPONENTS, Operand, plain_arithmetic, proven
from adequate.kernels.expansion import odd_sum
from adequate.kernels.scaling import scaled
from adequate.network import Layer
from adequate.quantization import along

WIDEST_SUM = 62
"""Magnitude bits of the largest sum in integers."""


@dataclass(frozen=True)
class _Prepared:
    """What follows from a weight and a bias; ``peak`` bounds the integers that are summed."""

    patterns: Tensor
    bias: Operand | None
    peak: float


@dataclass(frozen=True, eq=False)
class MultipliedSums:
    """scale * 2**grid * (sum_k T[x, w] - zw sum_k x - zx sum_k w + K zx zw) + bias, for the bit patterns x and w.

    T is the multiplier, zx and zw are zero points; in the corrections x and w are the numbers that the words stand for.
    Padding and what lies between the inputs of a transposed convolution
    are patterns of zero, multiplied like all others.
    """

    layer: Layer
    geometry: Geometry
    products: Products
    x: Coding
    w: Coding
    grid: int
    _kept: Kept[_Prepared] = field(default_factory=Kept[_Prepared])

    def __call__(self, call: Call) -> tuple[Tensor, Tensor | None]:
        """The sums, with the bias, and their scale."""
        x = self.x.encode(call.x, f"input of layer {self.layer.name!r}")
        prepared = self._prepare(call)
        peak = prepared.peak * self.geometry.repeats(call.x.shape, call.w.shape)
        try:
            sums = _in_float(self.sums(call, x, prepared.patterns), self.grid, prepared.bias, peak)
        except ValueError as error:
            raise ValueError(f"layer {self.layer.name!r}: {error}") from None
        return sums, self.scale(call.x)

    def patterns(self, call: Call) -> tuple[Tensor, Tensor]:
        """Input and weight as bit patterns."""
        return (
            self.x.encode(call.x, f"input of layer {self.layer.name!r}"),
            self.w.encode(call.w, f"weight of layer {self.layer.name!r}"),
        )

    def sums(self, call: Call, x: Tensor, w: Tensor) -> Tensor:
        """The sums of the products of bit patterns, integers in units of 2**grid."""
        sums = self.geometry.multiplied(x, w, self.products, self.x.pattern_of_zero or 0)
        if self.w.axis is None or self.w.zero is None:
            return sums
        zeros = torch.tensor(self.w.zero, dtype=torch.float64, device=w.device)
        with plain_arithmetic():  # integers far below 2**53
            excess = self.geometry.product(
                self.x.numbers(x).double() - (self.x.zero or (0,))[0],
                along(zeros, self.w.axis, w.dim()).expand(w.shape),
                call.operation,
            )
        return sums.long() - excess.long()

    def scale(self, like: Tensor) -> Tensor | None:
        """The scale of the sums, broadcastable against the output, on the device of ``like``."""
        x, w = (
            None if one.scale is None else torch.tensor(one.scale, dtype=torch.float64, device=like.device)
            for one in (self.x, self.w)
        )
        place = None if self.w.axis is None else self.geometry.place(self.w.axis)
        return product_scale(x, None if w is None else aligned(self.geometry, w, place))

    def _prepare(self, call: Call) -> _Prepared:
        """The weight's bit patterns, a bound, and the bias on the product grid; kept while parameters do not change."""
        if self.layer.weight is None:
            return self._prepared(call)
        return self._kept.get((identity(call.w), identity(call.bias)), lambda: self._prepared(call))

    def _prepared(self, call: Call) -> _Prepared:
        patterns = self.w.encode(call.w, f"weight of layer {self.layer.name!r}")
        corrected = 0 if self.w.axis is None else max(map(abs, self.w.zero or (0,))) * 2**self.x.operand.width
        peak, _ = self.geometry.meeting(self.products.peaks(patterns) + corrected)
        return _Prepared(patterns, bias_units(self.geometry, call.bias, self.scale(call.w), self.grid), peak)


def multiplied_sums(layer: Layer, design: LayerDesign, geometry: Geometry) -> MultipliedSums:
    """The sums of a layer whose design has a multiplier.

    Raises:
        ValueError: a format is missing or does not fit the multiplier's operand, has scales that cannot be taken out of
            the sums, or no zero to pad with.
    """
    x, w = codings_of(layer, design, geometry)
    multiplier = design.multiplier
    assert multiplier is not None
    zeros = (x.zero or (0,))[0], 0 if w.zero is None or w.axis is not None else w.zero[0]
    try:
        products = products_of(multiplier, zeros)
    except ValueError as error:
        raise ValueError(f"multiplier of layer {layer.name!r}: {error}") from None
    grid, (lowest, highest) = product_grid(multiplier, x, w), EXPONENTS[torch.float64]
    if not lowest <= grid <= highest - WIDEST_SUM:
        raise ValueError(f"layer {layer.name!r}: products in units of 2**{grid} leave the range of float64")
    return MultipliedSums(layer, geometry, products, x, w, grid)


def require_multiplier(layer: Layer, design: LayerDesign) -> None:
    """Whether the multiplier of a design, if there is one, fits the layer.

    Raises:
        ValueError: as ``multiplied_sums``, but for the products.
    """
    if design.multiplier is not None:
        codings_of(layer, design, geometry_of(layer))


def codings_of(layer: Layer, design: LayerDesign, geometry: Geometry) -> tuple[Coding, Coding]:
    """How input and weight become the words of the design's multiplier; the activation is its first operand.

    Raises:
        ValueError: as ``multiplied_sums``, but for the products.
    """
    multiplier = design.multiplier
    assert multiplier is not None
    x = coding_of(design.input, multiplier.a, multiplier, f"input of layer {layer.name!r}")
    w = coding_of(design.weight, multiplier.b, multiplier, f"weight of layer {layer.name!r}")
    if x.axis is not None:
        raise ValueError(
            f"input of layer {layer.name!r}: a scale per index of dimension {x.axis} cannot be taken out of the sum"
        )
    if w.axis is not None and geometry.place(w.axis) is None:
        raise ValueError(
            f"weight of layer {layer.name!r}: a scale per index of dimension {w.axis} cannot be taken out of the sum"
        )
    if x.pattern_of_zero is None and geometry.pads(layer.weight_shape or layer.input_shapes[1]):
        raise ValueError(f"input of layer {layer.name!r}: it is padded with zero, which {design.input} has not")
    return x, w


def _in_float(sums: Tensor, grid: int, bias: Operand | None, peak: float) -> Tensor:
    """2**grid * sums + bias: exact in float32 or float64 where those are proven to hold it, else rounded to odd."""
    unit, bias_peak = 2.0**grid, 0.0 if bias is None else bias.peak
    if proven(torch.float32, peak, unit, bias_peak, grid):
        return scaled(sums, unit, None if bias is None else bias.tensor)
    if proven(torch.float64, peak, unit, bias_peak, grid):
        found = sums.double()
        return found.mul_(unit) if bias is None else torch.add(bias.tensor.double(), found, alpha=unit, out=found)
    if peak >= 2.0**WIDEST_SUM:
        raise ValueError(f"sums of up to {peak:g} products' units leave 64-bit integers; narrow the formats")
    wide = sums.long()
    parts = [(wide >> 32).double() * 2.0**32, (wide & (2**32 - 1)).double()]
    parts = [part * unit for part in parts]
    return odd_sum(parts if bias is None else [*parts, bias.tensor.expand_as(parts[0])])
