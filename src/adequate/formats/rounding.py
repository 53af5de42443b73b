"""Rounding and overflow rules: what hardware does with a value that is not representable."""

from enum import Enum

import torch
from torch import Generator, Tensor

from adequate.formats.draws import draw_key, draws


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
    """The upper one with probability (x - lower) / (upper - lower); needs a generator (Gysel 2016, 2.6.2).

    The draw of an element (``draws``) depends on the generator and on its index. Of two values of one sign the one of
    larger magnitude is taken where the draw is below its probability, of two others the upper one.
    """


class Overflow(Enum):
    """What a value beyond the representable range becomes."""

    SATURATE = "saturate"
    """The nearest end of the range."""
    WRAP = "wrap"
    """The value modulo 2**bits steps: two's complement hardware without saturation logic."""


def effective(rounding: Rounding, generator: Generator | None) -> tuple[Rounding, int]:
    """The rule in force, stochastic with a generator, else the format's own; and the key of its draws, or 0.

    Raises:
        ValueError: the format's own rule is stochastic and there is no generator.
    """
    if generator is not None:
        return Rounding.STOCHASTIC, draw_key(generator)
    if rounding is Rounding.STOCHASTIC:
        raise ValueError("rounding=stochastic needs a generator: quantize(x, generator=torch.Generator())")
    return rounding, 0


def round_to_multiple(x: Tensor, step: Tensor | float, rounding: Rounding, key: int = 0) -> Tensor:
    """``x`` rounded to an integer multiple of ``step``, a power of two; ties go to the even multiple.

    Exact where ``x / step`` does not overflow and the result is a number of the dtype: dividing by a power of two
    keeps the significand. If the quotient underflows, only DOWN could tell, and it looks at the result again.
    STOCHASTIC compares the rest with the draws of ``key``, exactly for a step of 2**-998 or more.
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
            count = y.trunc_()
            rest = (x - count * step).abs().double()
            up = draws(key, x).mul_(step) < rest
            count = count + torch.where(up, x.sign(), 0.0)
    return count.mul_(step)
