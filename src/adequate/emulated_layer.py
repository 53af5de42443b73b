"""One layer in the arithmetic of its design: quantise, sum exactly, round once."""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from adequate.design import LayerDesign
from adequate.formats import Format
from adequate.kernels.accumulate import accumulate_sequential
from adequate.kernels.columns import columns, output_size, untransposed, window_of
from adequate.kernels.exact import Operand, Product, exact_sum, grid_of, proven_single
from adequate.kernels.expansion import odd_quotient, odd_sum, two_product
from adequate.network import Layer
from adequate.network.layer import MULTIPLYING
from adequate.quantization import Units, along, on_grid, quantize, round_scaled, rounded, units

ADAPTIVE = frozenset({"adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d"})
AVERAGES = ADAPTIVE | {"avg_pool1d", "avg_pool2d", "avg_pool3d", "mean"}
ARITHMETIC = MULTIPLYING | AVERAGES | {"add", "sub", "mul"}
"""Operations computed exactly here; every other layer is only surrounded by quantisers."""


class Quantizer(nn.Module):
    """x -> format(x), the gradient passed straight through inside the representable range."""

    def __init__(self, format: Format, what: str) -> None:
        super().__init__()
        self.format, self.what = format, what

    def extra_repr(self) -> str:
        """What is quantised to what, for ``print(module)``."""
        return f"{self.what}: {self.format}"

    def forward(self, x: Tensor) -> Tensor:
        """x -> format(x)."""
        return quantize(x, self.format, self.what)


class EmulatedFunction(nn.Module):
    """add, sub, mul or an average: every operand through ``input``, computed exactly, rounded once by ``output``."""

    def __init__(self, layer: Layer, design: LayerDesign, operation: Callable[..., Tensor]) -> None:
        super().__init__()
        self.layer, self.design, self.operation = layer, design, operation

    def extra_repr(self) -> str:
        """Layer and design, for ``print(module)``."""
        return _described(self.layer, self.design)

    def forward(self, *args: Any, **kwargs: Any) -> Tensor:
        """Called with the arguments of the graph's own call, which it replaces."""
        source = f"input of layer {self.layer.name!r}"
        args = tuple(quantize(a, self.design.input, source) if isinstance(a, Tensor) else a for a in args)
        output = f"output of layer {self.layer.name!r}"
        if self.training:
            return quantize(self.operation(*args, **kwargs), self.design.output, output)
        wide = [a.double() if isinstance(a, Tensor) else a for a in args]
        y = self._average(wide, kwargs) if self.layer.operation in AVERAGES else self._combine(wide, kwargs)
        return rounded(y, self.design.output, output, args[0].dtype)

    def _combine(self, args: list[Any], kwargs: dict[str, Any]) -> Tensor:
        a, b = torch.broadcast_tensors(args[0], torch.as_tensor(args[1], dtype=torch.float64, device=args[0].device))
        if self.layer.operation == "mul":
            return odd_sum(two_product(a, b))
        factor = float(kwargs.get("alpha", args[2] if len(args) > 2 else 1))
        if self.layer.operation == "sub":
            factor = -factor
        return odd_sum([a, *two_product(b, torch.full_like(b, factor))])

    def _average(self, args: list[Any], kwargs: dict[str, Any]) -> Tensor:
        """A float64 sum divided once; torch's adaptive pooling divides per dimension, so plain pooling does its job."""
        if self.layer.operation in ADAPTIVE:
            x, sizes = args[0], args[1]
            places = x.shape[-len(sizes) :]
            if all(whole % part == 0 for whole, part in zip(places, sizes, strict=True)):
                pool = (functional.avg_pool1d, functional.avg_pool2d, functional.avg_pool3d)[len(sizes) - 1]
                return pool(x, [whole // part for whole, part in zip(places, sizes, strict=True)])
        return self.operation(*args, **kwargs)


@dataclass(frozen=True)
class _Prepared:
    """What follows from a weight and a bias: their quantised values with their bounds."""

    w: Tensor
    bias: Tensor | None
    x_grid: int | None
    weight: Operand
    weight_scale: Tensor | None
    bias_units: Operand | None

    def follows_from(self, w: Tensor, bias: Tensor | None, x: Units) -> bool:
        """By value: neither address nor version of a parameter tells when ``.data`` was written to."""
        return self.x_grid == x.static_grid and _same(self.w, w) and _same(self.bias, bias)


class EmulatedProduct(nn.Module):
    """A convolution, linear layer or matrix product in the arithmetic of its design."""

    def __init__(self, layer: Layer, design: LayerDesign, operation: Callable[..., Tensor]) -> None:
        super().__init__()
        self.layer, self.design, self.operation = layer, design, operation
        self.generator: Generator | None = None
        self._prepared: _Prepared | None = None

    def extra_repr(self) -> str:
        """Layer and design, for ``print(module)``."""
        return _described(self.layer, self.design)

    def forward(self, x: Tensor, w: Tensor, bias: Tensor | None = None, *rest: Any, **kwargs: Any) -> Tensor:
        """Called with the arguments of the graph's own call, which it replaces."""

        def product(a: Tensor, b: Tensor) -> Tensor:
            arguments = (a, b) if self.layer.operation == "matmul" else (a, b, None, *rest)
            return self.operation(*arguments, **kwargs)

        design = self.design
        plain = design.accumulator is None and (design.input is None or design.weight is None)
        if self.training or plain:
            generator = self.generator if self.training else None
            y = product(
                quantize(x, design.input, self._what("input")),
                quantize(w, design.weight, self._what("weight"), generator),
            )
            y = y if bias is None else y + self._aligned(bias)
            return quantize(y, design.output, self._what("output"))
        if design.accumulator is not None:
            sums, scale = self._accumulated(x, w, bias, design.accumulator.format), None
        else:
            sums, scale = self._summed(x, w, bias, product)
        return round_scaled(sums, scale, design.output, self._what("output"), x.dtype)

    def _summed(self, x: Tensor, w: Tensor, bias: Tensor | None, product: Product) -> tuple[Tensor, Tensor | None]:
        """The exact sums and the scale they have yet to be multiplied with."""
        operand = units(x, self.design.input, self._what("input"))
        prepared = self._prepare(w, bias, operand)
        weight, bias_units = prepared.weight, prepared.bias_units
        try:
            sums = exact_sum(self._bounded(operand, weight, bias_units), weight, product, bias_units)
        except ValueError as error:
            raise ValueError(f"layer {self.layer.name!r}: {error}") from None
        if operand.scale is None and prepared.weight_scale is None:
            return sums, None
        return sums, self._aligned(_times(operand.scale, prepared.weight_scale).reshape(-1))

    def _prepare(self, w: Tensor, bias: Tensor | None, x: Units) -> _Prepared:
        """Quantised weight, its bound, and the bias on the product grid; kept while the parameters do not change."""
        if self._prepared is not None and self._prepared.follows_from(w, bias, x):
            return self._prepared
        weight = self._weight_units(w)
        operand = Operand(weight.values, weight.grid, *self._meeting(weight.values))
        bias_units = None if bias is None else self._bias_units(bias, x, weight)
        copies = w.detach().clone(), None if bias is None else bias.detach().clone()
        prepared = _Prepared(*copies, x.static_grid, operand, weight.scale, bias_units)
        if self.layer.weight is not None:
            self._prepared = prepared
        return prepared

    def _weight_units(self, w: Tensor) -> Units:
        found = units(w, self.design.weight, self._what("weight"), output_axis=self._weight_axis(w))
        groups = dict(self.layer.attributes).get("groups", 1) if self._transposed else 1
        assert isinstance(groups, int)
        return found.repeated(groups)

    def _bias_units(self, bias: Tensor, x: Units, weight: Units) -> Operand | None:
        """The bias in units of the products' scale, rounded half to even to their grid if the formats say which."""
        value = bias.detach().double()
        if x.scale is not None or weight.scale is not None:
            value = odd_quotient(*torch.broadcast_tensors(value, _times(x.scale, weight.scale).reshape(-1)))
        if x.static_grid is not None and weight.output_grid is not None:
            value = on_grid(value, x.static_grid + weight.output_grid)
        return Operand(self._aligned(value), grid_of(value), float(value.abs().max())) if value.any() else None

    def _bounded(self, x: Units, weight: Operand, bias: Operand | None) -> Operand:
        """The first operand with a bound on its magnitude: the format's if that is enough, else the measured one."""
        bias_peak = 0.0 if bias is None else bias.peak
        if x.static_peak is not None and proven_single(x.static_peak, weight.peak, bias_peak, x.grid + weight.grid):
            return Operand(x.values, x.grid, x.static_peak)
        return Operand(x.values, x.grid, float(x.values.abs().amax()) if x.values.numel() else 0.0)

    def _accumulated(self, x: Tensor, w: Tensor, bias: Tensor | None, register: Format) -> Tensor:
        a, b = units(x, self.design.input, self._what("input")), self._weight_units(w)
        if a.scale is not None or b.scale is not None:
            raise ValueError(f"layer {self.layer.name!r}: an accumulator needs scales that are powers of two")
        try:
            sums = self._accumulate(a.values, b.values, register)
            if bias is None:
                return sums
            value, grid = bias.detach().double(), register.grid
            if a.static_grid is not None and b.output_grid is not None:
                grid = a.static_grid + b.output_grid
                grid = grid if register.grid is None else torch.as_tensor(grid).clamp(min=register.grid)
            value = value if grid is None else on_grid(value, grid)
            return register.quantize(odd_sum(torch.broadcast_tensors(sums, self._aligned(value))))
        except ValueError as error:
            raise ValueError(f"accumulator of layer {self.layer.name!r}: {error}") from None

    def _accumulate(self, x: Tensor, w: Tensor, register: Format) -> Tensor:
        """The sums of products in a register, shaped as the layer's output."""
        if self.layer.operation == "matmul":
            return accumulate_sequential(x, w.mT, register)
        if self.layer.operation == "linear":
            return accumulate_sequential(x.reshape(-1, w.shape[1]), w, register).reshape(*x.shape[:-1], w.shape[0])
        attributes = dict(self.layer.attributes)
        if self._transposed:
            x, w, window = untransposed(x, w, attributes)
        else:
            window = window_of(attributes, tuple(w.shape[2:]))
        sums = accumulate_sequential(*columns(x, w, window), register)
        return sums.mT.reshape(x.shape[0], w.shape[0], *output_size(tuple(x.shape[2:]), tuple(w.shape[2:]), window))

    def _meeting(self, w: Tensor) -> tuple[float, int]:
        """The largest sum of weight magnitudes that meet in one output element, and how many meet."""
        kept = self._weight_axis(w)
        met = [
            d for d in range(w.dim()) if d != kept % w.dim() and (self.layer.operation != "matmul" or d == w.dim() - 2)
        ]
        terms = prod(w.shape[d] for d in met)
        return (float(w.abs().double().sum(met).max()) if w.numel() else 0.0), max(terms, 1)

    @property
    def _transposed(self) -> bool:
        return self.layer.operation.startswith("conv_transpose")

    def _weight_axis(self, w: Tensor) -> int:
        """The weight's dimension that counts output channels."""
        return w.dim() - 1 if self.layer.operation == "matmul" else int(self._transposed)

    def _aligned(self, per_channel: Tensor) -> Tensor:
        """One number per output channel, shaped to broadcast against the output."""
        if self.layer.operation in ("linear", "matmul"):
            return per_channel
        return along(per_channel, 0, len(self.layer.output_shape) - 1)

    def _what(self, slot: str) -> str:
        return f"{slot} of layer {self.layer.name!r}"


def _described(layer: Layer, design: LayerDesign) -> str:
    slots = ", ".join(f"{slot}={value}" for slot, value in design.slots().items())
    return f"{layer.name} ({layer.operation}): {slots}"


def _times(a: Tensor | None, b: Tensor | None) -> Tensor:
    if a is None:
        assert b is not None
        return b
    return a if b is None else a * b


def _same(a: Tensor | None, b: Tensor | None) -> bool:
    if a is None or b is None:
        return a is b
    return a.device == b.device and a.dtype == b.dtype and torch.equal(a, b)
