"""Rounding and overflow rules: what hardware does with a value that is not representable."""

from enum import Enum

import torch
from torch import Generator, Tensor


class Rounding(Enum):
    """Which neighbour a value between two representable values becomes."""

    NEAREST_EVEN = "nearest_even"
    """The nearer one; of two equally near, the one with the even code (IEEE 754-2019, 4.3.1)."""
    NEAREST_AWAY = "nearest_away"
    """The nearer one; of two equally near, the one of larger magnitude (IEEE 754-2019, 4.3.1)."""
    TOWARD_ZERO = "toward_zero"
    """The one of smaller magnitude: dropping bits of a sign-magnitude number."""
    DOWN = "down"
    """The lower one: dropping bits of a two's complement number."""
    STOCHASTIC = "stochastic"
    """The upper one with probability (x - lower) / (upper - lower); needs a generator (Gysel 2016, 2.6.2)."""


class Overflow(Enum):
    """What a value beyond the representable range becomes."""

    SATURATE = "saturate"
    """The nearest end of the range."""
    WRAP = "wrap"
    """The value modulo 2**bits steps: two's complement hardware without saturation logic."""


def effective(rounding: Rounding, generator: Generator | None) -> Rounding:
    """The rule in force: stochastic with a generator, else the format's own.

    Raises:
        ValueError: the format's own rule is stochastic and there is no generator.
    """
    if generator is not None:
        return Rounding.STOCHASTIC
    if rounding is Rounding.STOCHASTIC:
        raise ValueError("rounding=stochastic needs a generator: quantize(x, generator=torch.Generator())")
    return rounding


def round_to_multiple(
    x: Tensor, step: Tensor | float, rounding: Rounding, generator: Generator | None = None
) -> Tensor:
    """``x`` rounded to an integer multiple of ``step``, a power of two; ties go to the even multiple.

    Exact where ``x / step`` does not overflow and the result is a number of the dtype: dividing by a power of two
    keeps the significand. If the quotient underflows, only DOWN could tell, and it looks at the result again.
    The probability of STOCHASTIC is resolved to 2**-24 in float32 and 2**-53 in float64.
    """
    y = x / step
    match rounding:
        case Rounding.NEAREST_EVEN:
            count = y.round_()
        case Rounding.NEAREST_AWAY:
            whole = y.trunc()
            count = whole + (2 * (y - whole)).trunc()
        case Rounding.TOWARD_ZERO:
            count = y.trunc_()
        case Rounding.DOWN:
            count = y.floor_()
            count = count - (count * step > x).to(count.dtype)
        case Rounding.STOCHASTIC:
            lower = y.floor()
            chance = torch.rand(y.shape, generator=generator, dtype=y.dtype, device=y.device)
            count = lower + (chance < y - lower).to(y.dtype)
    return count.mul_(step)
