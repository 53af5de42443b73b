"""Layers other than sums of products: quantised at their borders, and computed exactly where that is defined."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from adequate.design import LayerDesign
from adequate.formats import Format
from adequate.kernels.expansion import odd_quotient, odd_sum, two_product
from adequate.network import Layer
from adequate.quantization import quantize, rounded

ADAPTIVE = frozenset({"adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d"})
AVERAGES = ADAPTIVE | {"avg_pool1d", "avg_pool2d", "avg_pool3d", "mean"}
ELEMENTWISE = frozenset({"add", "sub", "rsub", "mul", "div"})
"""With a ``rounding_mode``, ``div`` is torch's own."""


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
    """add, sub, mul, div or an average: operands through ``input``, computed exactly, rounded once by ``output``."""

    def __init__(self, layer: Layer, design: LayerDesign, operation: Callable[..., Tensor]) -> None:
        super().__init__()
        self.layer, self.design, self.operation = layer, design, operation

    def extra_repr(self) -> str:
        """Layer and design, for ``print(module)``."""
        return described(self.layer, self.design)

    def forward(self, *args: Any, **kwargs: Any) -> Tensor:
        """Called with the arguments of the graph's own call, which it replaces."""
        source, output = (f"{slot} of layer {self.layer.name!r}" for slot in ("input", "output"))
        args = tuple(quantize(a, self.design.input, source) if isinstance(a, Tensor) else a for a in args)
        dtype = next(a.dtype for a in args if isinstance(a, Tensor))
        if self.training:
            return quantize(self.operation(*args, **kwargs), self.design.output, output)
        wide = [a.double() if isinstance(a, Tensor) else a for a in args]
        y = self._average(wide, kwargs) if self.layer.operation in AVERAGES else self._combine(wide, kwargs)
        return rounded(y, self.design.output, output, dtype)

    def _combine(self, args: list[Any], kwargs: dict[str, Any]) -> Tensor:
        device = next(a.device for a in args if isinstance(a, Tensor))
        a, b = torch.broadcast_tensors(*(torch.as_tensor(one, dtype=torch.float64, device=device) for one in args[:2]))
        match self.layer.operation:
            case "mul":
                return odd_sum(two_product(a, b))
            case "div" if kwargs.get("rounding_mode") is not None:
                return self.operation(*args, **kwargs)
            case "div":
                return odd_quotient(a, b)
            case operation:
                factor = float(kwargs.get("alpha", args[2] if len(args) > 2 else 1))
                a, b = (b, a) if operation == "rsub" else (a, b)
                return odd_sum([a, *two_product(b, torch.full_like(b, factor if operation == "add" else -factor))])

    def _average(self, args: list[Any], kwargs: dict[str, Any]) -> Tensor:
        """A float64 sum divided once; torch's adaptive pooling divides per dimension, so plain pooling does its job."""
        if self.layer.operation in ADAPTIVE:
            x, sizes = args[0], args[1]
            places = x.shape[-len(sizes) :]
            if all(whole % part == 0 for whole, part in zip(places, sizes, strict=True)):
                pool = (functional.avg_pool1d, functional.avg_pool2d, functional.avg_pool3d)[len(sizes) - 1]
                return pool(x, [whole // part for whole, part in zip(places, sizes, strict=True)])
        return self.operation(*args, **kwargs)


def described(layer: Layer, design: LayerDesign) -> str:
    """Layer and design in one line."""
    slots = ", ".join(f"{slot}={value}" for slot, value in design.slots().items())
    return f"{layer.name} ({layer.operation}): {slots}"
