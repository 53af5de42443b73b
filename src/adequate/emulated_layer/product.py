"""A sum of products in the arithmetic of its design: quantise, sum exactly, round once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator, Tensor, nn

from adequate.design import LayerDesign
from adequate.emulated_layer.function import described
from adequate.emulated_layer.geometry import aligned, geometry_of
from adequate.formats import Format, Scaled
from adequate.kernels.exact import Operand, Product, exact_sum, grid_of, proven_single
from adequate.kernels.expansion import odd_quotient, odd_sum
from adequate.kernels.fingerprint import fingerprint
from adequate.network import Layer
from adequate.network.layer import CONVOLUTIONS
from adequate.quantization import Units, along, on_grid, quantize, round_scaled, units

BIASED = CONVOLUTIONS | {"linear"}
"""Operations whose third argument is a bias."""


@dataclass(frozen=True)
class _Call:
    """A call's operands by their slots, its bias, and the graph's own operation on other operands, without a bias."""

    x: Tensor
    w: Tensor
    bias: Tensor | None
    operation: Product


@dataclass(frozen=True)
class _Prepared:
    """What follows from a weight and a bias; ``weight_scale`` and ``bias_units`` broadcast against the output."""

    origin: tuple[object, ...]
    weight: Operand
    weight_scale: Tensor | None
    bias_units: Operand | None


class EmulatedProduct(nn.Module):
    """A convolution, linear layer or matrix product in the arithmetic of its design.

    The quantised weight is kept and made anew when the weight has changed, which its bits tell (``fingerprint``):
    neither address nor version of a parameter would if its ``.data`` was written to.
    """

    def __init__(self, layer: Layer, design: LayerDesign, operation: Callable[..., Tensor]) -> None:
        super().__init__()
        self.layer, self.design, self.operation = layer, design, operation
        self.geometry = geometry_of(layer)
        self.generator: Generator | None = None
        self._prepared: _Prepared | None = None

    def extra_repr(self) -> str:
        """Layer and design, for ``print(module)``."""
        return described(self.layer, self.design)

    def forward(self, *args: Any, **kwargs: Any) -> Tensor:
        """Called with the arguments of the graph's own call, which it replaces."""
        call, design = self._call(args, kwargs), self.design
        x, w, bias = call.x, call.w, call.bias
        plain = design.accumulator is None and (design.input is None or design.weight is None)
        if self.training or plain:
            generator = self.generator if self.training else None
            y = call.operation(
                quantize(x, design.input, self._what("input")),
                quantize(w, design.weight, self._what("weight"), generator),
            )
            y = y if bias is None else y + self._aligned_bias(bias)
            return quantize(y, design.output, self._what("output"))
        if design.accumulator is not None:
            sums, scale = self._accumulated(x, w, bias, design.accumulator.format), None
        else:
            sums, scale = self._summed(call)
        return round_scaled(sums, scale, design.output, self._what("output"), x.dtype)

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Call:
        before = args[:1] if self.layer.operation == "einsum" else ()
        first, second, *rest = (*args[1],) if before else args
        bias = None
        if self.layer.operation in BIASED:
            bias, *rest = rest or (None,)
            kwargs = dict(kwargs)
            bias = kwargs.pop("bias", bias)
            rest = [None, *rest]

        def operation(a: Tensor, b: Tensor) -> Tensor:
            return self.operation(*before, [a, b], **kwargs) if before else self.operation(a, b, *rest, **kwargs)

        if dict(self.layer.attributes).get("weight_first", False):
            return _Call(second, first, bias, lambda x, w: operation(w, x))
        return _Call(first, second, bias, operation)

    def _summed(self, call: _Call) -> tuple[Tensor, Tensor | None]:
        """The exact sums and the scale they have yet to be multiplied with."""
        operand = units(call.x, self.design.input, self._what("input"))
        prepared = self._prepare(call.w, call.bias, operand)
        repeats = self.geometry.repeats(call.x.shape, call.w.shape)
        weight, bias_units = prepared.weight.repeated(repeats), prepared.bias_units

        def product(x: Tensor, w: Tensor) -> Tensor:
            return self.geometry.product(x, w, call.operation)

        try:
            sums = exact_sum(self._bounded(operand, weight, bias_units), weight, product, bias_units)
        except ValueError as error:
            raise ValueError(f"layer {self.layer.name!r}: {error}") from None
        return sums, _times(_number(operand.scale), prepared.weight_scale)

    def _prepare(self, w: Tensor, bias: Tensor | None, x: Units) -> _Prepared:
        """Quantised weight, its bound, and the bias on the product grid; kept while the parameters do not change."""
        if self.layer.weight is None:
            return self._prepared_from((), w, bias, x)
        origin = (_identity(w), _identity(bias), x.static_grid)
        if self._prepared is None or self._prepared.origin != origin:
            self._prepared = None  # or two would be held
            self._prepared = self._prepared_from(origin, w, bias, x)
        return self._prepared

    def _prepared_from(self, origin: tuple[object, ...], w: Tensor, bias: Tensor | None, x: Units) -> _Prepared:
        weight, place = self._weight_units(w)
        peak, terms = self.geometry.meeting(weight.values)
        scale = None if weight.scale is None else aligned(self.geometry, weight.scale, place)
        grid = self._product_grid(x, weight, place)
        bias_units = None if bias is None else self._bias_units(bias, _times(_number(x.scale), scale), grid)
        return _Prepared(origin, Operand(weight.values, weight.grid, peak, terms), scale, bias_units)

    def _weight_units(self, w: Tensor) -> tuple[Units, int | None]:
        """The quantised weight, and the output's dimension along which the scales of its format lie."""
        format = self.design.weight
        axis = format.axis if isinstance(format, Scaled) else None
        place = None if axis is None or not w.dim() else self.geometry.place(axis)
        found = units(w, format, self._what("weight"), output_axis=None if place is None else (axis or 0) % w.dim())
        return found, place

    def _product_grid(self, x: Units, weight: Units, place: int | None) -> int | Tensor | None:
        """The grid of the products, one or one per output channel, if the formats say which."""
        if x.static_grid is None or weight.output_grid is None:
            return None
        if isinstance(weight.output_grid, int):
            return x.static_grid + weight.output_grid
        return x.static_grid + aligned(self.geometry, weight.output_grid, place)

    def _bias_units(self, bias: Tensor, scale: Tensor | None, grid: int | Tensor | None) -> Operand | None:
        """The bias in units of the products' scale, rounded half to even to their grid if that is known."""
        value = self._aligned_bias(bias.detach().double())
        if scale is not None:
            value = odd_quotient(*torch.broadcast_tensors(value, scale))
        value = value if grid is None else on_grid(value, grid)
        return Operand(value, grid_of(value), float(value.abs().max())) if value.any() else None

    def _bounded(self, x: Units, weight: Operand, bias: Operand | None) -> Operand:
        """The first operand with a bound on its magnitude: the format's if that is enough, else the measured one."""
        bias_peak = 0.0 if bias is None else bias.peak
        if x.static_peak is not None and proven_single(x.static_peak, weight.peak, bias_peak, x.grid + weight.grid):
            return Operand(x.values, x.grid, x.static_peak)
        return Operand(x.values, x.grid, float(x.values.abs().amax()) if x.values.numel() else 0.0)

    def _accumulated(self, x: Tensor, w: Tensor, bias: Tensor | None, register: Format) -> Tensor:
        a, (b, place) = units(x, self.design.input, self._what("input")), self._weight_units(w)
        if a.scale is not None or b.scale is not None:
            raise ValueError(f"layer {self.layer.name!r}: an accumulator needs scales that are powers of two")
        try:
            sums = self.geometry.accumulate(a.values, b.values, register)
            if bias is None:
                return sums
            grid = self._product_grid(a, b, place)
            if register.grid is not None:
                grid = register.grid if grid is None else torch.as_tensor(grid).clamp(min=register.grid)
            value = self._aligned_bias(bias.detach().double())
            value = value if grid is None else on_grid(value, grid)
            return register.quantize(odd_sum(torch.broadcast_tensors(sums, value)))
        except ValueError as error:
            raise ValueError(f"accumulator of layer {self.layer.name!r}: {error}") from None

    def _aligned_bias(self, bias: Tensor) -> Tensor:
        return along(bias, 0, -self.geometry.bias_place)

    def _what(self, slot: str) -> str:
        return f"{slot} of layer {self.layer.name!r}"


def _identity(x: Tensor | None) -> tuple[object, ...] | None:
    return None if x is None else (x.device, x.dtype, x.shape, fingerprint(x))


def _number(scale: Tensor | None) -> Tensor | None:
    return None if scale is None else scale.reshape(())


def _times(a: Tensor | None, b: Tensor | None) -> Tensor | None:
    if a is None or b is None:
        return a if b is None else b
    return a * b
