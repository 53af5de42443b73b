"""The grid of a fixed-point format, under a scale or not, as tensors: value = step * (code - zero)."""

from dataclasses import dataclass, replace
from fractions import Fraction
from math import frexp
from typing import Self

import torch
from torch import Tensor

from adequate.formats import Fixed, Format, Scaled
from adequate.quantization import along


@dataclass(frozen=True)
class Grid:
    """Codes from ``lowest`` to ``highest``, one step and zero point, or one each per index along ``axis``."""

    format: Fixed | Scaled
    steps: tuple[float, ...]
    zeros: tuple[int, ...]
    lowest: int
    highest: int
    axis: int | None

    @classmethod
    def of(cls, format: Format | None) -> Self | None:
        """The grid of ``fixed`` or ``scaled(fixed)`` with stored scales; None for every other format."""
        element = format.element if isinstance(format, Scaled) else format
        if not isinstance(element, Fixed) or not isinstance(format, Fixed | Scaled):
            return None
        codes = element.word[0], element.word[-1]
        if isinstance(format, Fixed):
            return cls(format, (2.0**-format.frac,), (0,), *codes, None)
        if not isinstance(format.scale, float | tuple):
            return None
        scales = format.scale if isinstance(format.scale, tuple) else (format.scale,)
        zeros = format.zero if isinstance(format.zero, tuple) else (format.zero,) * len(scales)
        return cls(format, tuple(scale * 2.0**-element.frac for scale in scales), zeros, *codes, format.axis)

    def along(self, values: Tensor, x: Tensor) -> Tensor:
        """One value per step, shaped to broadcast against ``x``."""
        return values.reshape(()) if self.axis is None else along(values, self.axis % x.dim(), x.dim())

    def tensors(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Step, lowest and highest value of every element of ``x``: float64, broadcastable to it."""
        steps = self.along(torch.tensor(self.steps, dtype=torch.float64, device=x.device), x)
        zeros = self.along(torch.tensor(self.zeros, dtype=torch.float64, device=x.device), x)
        return steps, steps * (self.lowest - zeros), steps * (self.highest - zeros)

    def with_steps(self, steps: tuple[float, ...]) -> Fixed | Scaled:
        """The format with other steps, float32 numbers: fixed point stays so where its step is a power of two."""
        if isinstance(self.format, Fixed):
            mantissa, exponent = frexp(steps[0])
            if mantissa == 0.5:
                return replace(self.format, frac=1 - exponent)
            return Scaled(replace(self.format, frac=0), steps[0])
        assert isinstance(self.format.element, Fixed)
        scales = tuple(float(Fraction(step) * Fraction(2) ** self.format.element.frac) for step in steps)
        return replace(self.format, scale=scales if self.axis is not None else scales[0])
