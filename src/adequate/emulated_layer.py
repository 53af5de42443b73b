"""One layer in the arithmetic of its design: quantise, sum exactly, round once."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from adequate.design import LayerDesign
from adequate.formats import Format
from adequate.kernels.accumulate import accumulate_sequential
from adequate.kernels.columns import columns, output_size, window_of
from adequate.kernels.exact import Operand, exact_sum, proven_single
from adequate.kernels.expansion import odd_sum, two_product
from adequate.network import Layer
from adequate.network.layer import MULTIPLYING
from adequate.quantization import Units, along, on_grid, quantize, round_scaled, units

AVERAGES = frozenset({"avg_pool1d", "avg_pool2d", "avg_pool3d", "adaptive_avg_pool2d", "mean"})
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
        if self.training:
            y = self.operation(*args, **kwargs)
        else:
            wide = [a.double() if isinstance(a, Tensor) else a for a in args]
            y = self._average(wide, kwargs) if self.layer.operation in AVERAGES else self._combine(wide, kwargs)
        return quantize(y, self.design.output, f"output of layer {self.layer.name!r}").to(args[0].dtype)

    def _combine(self, args: list[Any], kwargs: dict[str, Any]) -> Tensor:
        a, b = torch.broadcast_tensors(args[0], torch.as_tensor(args[1], dtype=torch.float64, device=args[0].device))
        if self.layer.operation == "mul":
            return odd_sum(two_product(a, b))
        factor = float(kwargs.get("alpha", args[2] if len(args) > 2 else 1))
        if self.layer.operation == "sub":
            factor = -factor
        return odd_sum([a, b * factor]) if abs(factor) == 1 else odd_sum([a, *two_product(b, torch.full_like(b, factor))])

    def _average(self, args: list[Any], kwargs: dict[str, Any]) -> Tensor:
        """An exact float64 sum divided once; torch's adaptive pooling divides twice, so equal windows are pooled plainly."""
        if self.layer.operation == "adaptive_avg_pool2d":
            x, sizes = args[0], args[1]
            if all(whole % part == 0 for whole, part in zip(x.shape[-2:], sizes, strict=True)):
                window = [whole // part for whole, part in zip(x.shape[-2:], sizes, strict=True)]
                return functional.avg_pool2d(x, window)
        return self.operation(*args, **kwargs)


class EmulatedProduct(nn.Module):
    """A convolution, linear layer or matrix product in the arithmetic of its design."""

    def __init__(self, layer: Layer, design: LayerDesign, operation: Callable[..., Tensor]) -> None:
        super().__init__()
        self.layer, self.design, self.operation = layer, design, operation
        self.generator: Generator | None = None
        self._prepared: tuple[object, Operand, Units, Tensor | None] | None = None

    def extra_repr(self) -> str:
        """Layer and design, for ``print(module)``."""
        return _described(self.layer, self.design)

    def forward(self, x: Tensor, w: Tensor, bias: Tensor | None = None, *rest: Any, **kwargs: Any) -> Tensor:
        """Called with the arguments of the graph's own call, which it replaces."""

        def product(a: Tensor, b: Tensor) -> Tensor:
            arguments = (a, b) if self.layer.operation == "matmul" else (a, b, None, *rest)
            return self.operation(*arguments, **kwargs)

        design = self.design
        if self.training or design.input is None or design.weight is None:
            generator = self.generator if self.training else None
            y = product(
                quantize(x, design.input, self._what("input")),
                quantize(w, design.weight, self._what("weight"), generator),
            )
            y = y if bias is None else y + self._aligned(bias)
            return quantize(y, design.output, self._what("output"))
        if design.accumulator is not None:
            return self._rounded(self._accumulated(x, w, bias), None, x.dtype)
        operand = units(x, design.input, self._what("input"))
        weight, weight_units, bias_units = self._prepare(w, bias, operand)
        x_scale, w_scale = operand.scale, weight_units.scale
        scale = None if x_scale is None and w_scale is None else _times(x_scale, w_scale)
        sums = exact_sum(self._bounded(operand, weight, bias_units), weight, product, bias_units)
        return self._rounded(sums, scale, x.dtype)

    def _prepare(self, w: Tensor, bias: Tensor | None, x: Units) -> tuple[Operand, Units, Tensor | None]:
        """Quantised weight, its bound, and the bias on the product grid; kept while the parameters do not change."""
        key = (w.data_ptr(), w._version, bias is not None and (bias.data_ptr(), bias._version), x.static_grid)
        if self._prepared is not None and self._prepared[0] == key and self.layer.weight is not None:
            return self._prepared[1:]
        assert self.design.weight is not None
        weight = units(w, self.design.weight, self._what("weight"), output_axis=self._weight_axis())
        operand = Operand(weight.values, weight.grid, self._meeting(weight.values))
        on_units = None if bias is None else self._aligned(self._bias_units(bias, x, weight))
        self._prepared = (key, operand, weight, on_units)
        return operand, weight, on_units

    def _bias_units(self, bias: Tensor, x: Units, weight: Units) -> Tensor:
        """The bias in units of the products' scale, rounded half to even to their grid."""
        value = bias.double()
        if x.scale is not None or weight.scale is not None:
            value = value / _times(x.scale, weight.scale).to(value.device).reshape(-1)
        if x.static_grid is None or weight.static_grid is None:
            return value
        return on_grid(value, x.static_grid + weight.channel_grids())

    def _bounded(self, x: Units, weight: Operand, bias: Tensor | None) -> Operand:
        """The first operand with a bound on its magnitude: the format's if that is enough, else the measured one."""
        bias_peak = float(bias.abs().max()) if bias is not None and bias.numel() else 0.0
        if x.static_peak is not None and proven_single(x.static_peak, weight.peak, bias_peak, x.grid + weight.grid):
            return Operand(x.values, x.grid, x.static_peak)
        return Operand(x.values, x.grid, float(x.values.abs().amax()) if x.values.numel() else 0.0)

    def _accumulated(self, x: Tensor, w: Tensor, bias: Tensor | None) -> Tensor:
        design = self.design
        assert design.input is not None
        assert design.weight is not None
        assert design.accumulator is not None
        register = design.accumulator.format
        a, b = units(x, design.input, self._what("input")), units(w, design.weight, self._what("weight"))
        if a.scale is not None or b.scale is not None:
            raise ValueError(f"layer {self.layer.name!r}: an accumulator needs scales that are powers of two")
        if self.layer.operation == "matmul":
            return accumulate_sequential(a.values, b.values.mT, register)
        if self.layer.operation == "linear":
            sums = accumulate_sequential(a.values.reshape(-1, a.values.shape[-1]), b.values, register)
            sums = sums.reshape(*x.shape[:-1], -1)
        else:
            window = window_of(dict(self.layer.attributes), tuple(w.shape[2:]))
            inputs, weights = columns(a.values, b.values, window)
            sums = accumulate_sequential(inputs, weights, register)
            sums = sums.mT.reshape(x.shape[0], w.shape[0], *output_size(tuple(x.shape[2:]), tuple(w.shape[2:]), window))
        if bias is None:
            return sums
        grids = [g for g in (register.grid,) if g is not None]
        if a.static_grid is not None and b.static_grid is not None:
            grids.append(a.static_grid + b.static_grid)
        rounded = on_grid(bias.double(), max(grids)) if grids else bias.double()
        return register.quantize(odd_sum(torch.broadcast_tensors(sums, self._aligned(rounded))))

    def _rounded(self, sums: Tensor, scale: Tensor | None, dtype: torch.dtype) -> Tensor:
        if scale is not None:
            scale = self._aligned(scale.reshape(-1))
        return round_scaled(sums, scale, self.design.output, self._what("output")).to(dtype)

    def _meeting(self, w: Tensor) -> float:
        """The largest sum of weight magnitudes that meet in one output element."""
        if not w.numel():
            return 0.0
        magnitudes = w.abs().double()
        if self.layer.operation == "matmul":
            return float(magnitudes.sum(-2).max())
        kept = self._weight_axis()
        return float(magnitudes.sum([d for d in range(w.dim()) if d != kept]).max())

    def _weight_axis(self) -> int:
        """The weight's dimension that counts output channels."""
        return 1 if self.layer.operation.startswith("conv_transpose") else 0

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
