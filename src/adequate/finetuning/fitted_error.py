"""Training through a function fitted to the error of a layer's sums."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator, Tensor, nn

from adequate.emulated_layer import EmulatedProduct, Gradient, Multiplied, straight_through
from adequate.emulated_layer.call import Call, call_of
from adequate.emulated_layer.gradient import multiply
from adequate.emulated_layer.multiplied_sums import MultipliedSums
from adequate.emulation import EmulatedNetwork
from adequate.quantization import quantize

SAMPLE = 2**14
"""Sums drawn of each layer and batch (assumed)."""

TAIL = 0.01
"""Share of the errors beyond either end of the clipping (assumed)."""


@dataclass(frozen=True)
class FittedError:
    """The gradient of a sum is that of y + e(y), y the exact sum and e its error as a function of it.

        e(y) = clip(k y + c, low, high),    dL/dy = g (1 + k) where k y + c is between low and high, else g.

    k and c are fitted by least squares, layer by layer, to sums drawn from ``images`` training images in the design's
    arithmetic before the training begins; between low and high lie 98 % of the errors. It costs no more than the
    straight-through gradient, which it is where the error does not grow with the sum.

    Estimating the gradient by an error function found by Monte Carlo simulation is the idea of De la Parra et al.,
    "Knowledge Distillation and Gradient Estimation for Active Error Compensation in Approximate Neural Networks", DATE
    2021, of which only the abstract could be read: function, fit and clipping are our choice.

    Raises:
        ValueError: ``images`` is less than 1.
    """

    images: int = 256

    def __post_init__(self) -> None:
        if self.images < 1:
            raise ValueError(f"an error is fitted on 1 image or more, not {self.images}")


@dataclass(frozen=True)
class ErrorFunction:
    """e(y) = clip(slope * y + offset, low, high); as a gradient, that of y + e(y)."""

    slope: float
    offset: float
    low: float
    high: float

    @classmethod
    def fitted(cls, exact: Tensor, error: Tensor) -> "ErrorFunction":
        """The least-squares line through the errors over the exact sums, clipped to all but the outermost errors."""
        y, e = exact.double(), error.double()
        centred = y - y.mean()
        spread = float(centred.square().sum())
        slope = float((centred * e).sum()) / spread if spread else 0.0
        low, high = torch.quantile(e, torch.tensor([TAIL, 1 - TAIL], dtype=torch.float64)).tolist()
        return cls(slope, float(e.mean() - slope * y.mean()), low, high)

    def __call__(self, multiplied: Multiplied, upstream: Tensor) -> tuple[Tensor, Tensor]:
        """See ``FittedError``."""
        line = multiplied.call.operation(multiplied.call.x, multiplied.call.w) * self.slope + self.offset
        inside = (line >= self.low) & (line <= self.high)
        return straight_through(multiplied, upstream * (1 + self.slope * inside))


def fitted_errors(
    emulated: EmulatedNetwork, batches: Iterable[tuple[Tensor, Tensor]], generator: Generator
) -> dict[str, Gradient]:
    """The error function of every layer with a multiplier, from what the layers sum on ``batches``."""
    samples: dict[str, list[tuple[Tensor, Tensor]]] = {}

    def watch(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        assert isinstance(module, EmulatedProduct)
        assert isinstance(module.sums, MultipliedSums)
        call = call_of(module.layer, module.operation, args, kwargs)
        x = quantize(call.x, module.design.input, f"input of layer {module.layer.name!r}")
        w = quantize(call.w, module.design.weight, f"weight of layer {module.layer.name!r}")
        exact = call.operation(x, w)
        error = multiply(module.sums, Call(x, w, None, call.operation), straight_through) - exact
        if exact.numel():
            drawn = torch.randint(exact.numel(), (min(SAMPLE, exact.numel()),), generator=generator).to(exact.device)
            samples.setdefault(module.layer.name, []).append((exact.flatten()[drawn], error.flatten()[drawn]))

    modules = [one for one in emulated.modules() if isinstance(one, EmulatedProduct)]
    hooks = [
        one.register_forward_pre_hook(watch, with_kwargs=True)
        for one in modules
        if isinstance(one.sums, MultipliedSums)
    ]
    try:
        with torch.no_grad():
            for x, _ in batches:
                emulated(x)
    finally:
        for hook in hooks:
            hook.remove()
    return {name: ErrorFunction.fitted(*map(torch.cat, zip(*pairs, strict=True))) for name, pairs in samples.items()}
