"""Error bounds of functions computed in float: elementwise ones, softmax, norms (see ``tests/error_bounds``)."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

LIPSCHITZ = {
    "hardtanh": 1.0,
    "relu6": 1.0,
    "leaky_relu": 1.0,  # of slopes up to 1
    "elu": 1.0,  # of alpha up to 1
    "tanh": 1.0,
    "sigmoid": 0.25,  # s (1 - s), largest at 0
    "hardsigmoid": 0.16667,  # 1 / 6, which torch has in float32
    "hardswish": 1.5,  # (2 x + 3) / 6 at x = 3
    "silu": 1.1,  # 1.09984 where x tanh(x / 2) = 2
    "gelu": 1.13,  # Phi(x) + x phi(x), whose derivative (2 - x^2) phi(x) is 0 at sqrt(2): 1.12890; 1.12945 by tanh
}
"""An upper bound of |f'|; ``test_lipschitz_constants`` looks for a larger slope."""

ULPS = 8
"""Units in the last place of a float elementary function: assumed; SLEEF's are 1.0 each, GELU composes three."""


@dataclass(frozen=True)
class Bounded:
    """What the emulation computes is within ``error`` of ``value``, element by element."""

    value: Tensor
    error: Tensor

    @property
    def magnitude(self) -> Tensor:
        """The largest it can be."""
        return self.value.abs() + self.error


@dataclass(frozen=True)
class Unit:
    """The unit roundoff u of the arithmetic."""

    u: float

    def gamma(self, operations: int) -> float:
        """gamma_n = n u / (1 - n u): the relative error of n roundings (Higham 2002, lemma 3.1)."""
        return operations * self.u / (1 - operations * self.u)

    def rounded(self, value: Tensor, error: Tensor, operations: int = 1) -> Bounded:
        """After that many roundings more."""
        return Bounded(value, error + self.gamma(operations) * (value.abs() + error))


def known(a: Any) -> Bounded:
    """A bounded value as it is, a plain tensor or number without error."""
    if isinstance(a, Bounded):
        return a
    value = torch.as_tensor(a, dtype=torch.float64)
    return Bounded(value, torch.zeros_like(value))


def add(unit: Unit, value: Tensor, a: Any, b: Any, alpha: float = 1) -> Bounded:
    return unit.rounded(value, known(a).error + abs(alpha) * known(b).error, 2)


def mul(unit: Unit, value: Tensor, a: Any, b: Any) -> Bounded:
    x, y = known(a), known(b)
    return unit.rounded(value, x.magnitude * y.error + x.error * y.value.abs())


def div(unit: Unit, value: Tensor, a: Any, b: Any) -> Bounded:
    """a' / b' - a / b = (a' - a - (b' - b) a / b) / b'; without a bound where b' may be 0."""
    x, y = known(a), known(b)
    least = y.value.abs() - y.error
    return unit.rounded(value, torch.where(least > 0, (x.error + value.abs() * y.error) / least, math.inf), 2)


def power(unit: Unit, value: Tensor, a: Any, exponent: float) -> Bounded:
    """0 < exponent < 1 on positive x: the slope is largest at the least x."""
    assert 0 < exponent < 1
    x = known(a)
    least = (x.value - x.error).clamp(min=0)
    return unit.rounded(value, exponent * least.pow(exponent - 1) * x.error, ULPS)


def elementwise(slope: float) -> Callable[..., Bounded]:
    """A function with |f(x)| <= max(|x|, 1) and |f'| <= slope."""

    def rule(unit: Unit, value: Tensor, a: Any, *_: Any, **__: Any) -> Bounded:
        x = known(a)
        return Bounded(value, slope * x.error + ULPS * unit.u * x.magnitude.clamp(min=1))

    return rule


def prelu(unit: Unit, value: Tensor, a: Any, slope: Tensor) -> Bounded:
    return unit.rounded(value, max(1.0, float(slope.abs().max())) * known(a).error)


def masked_fill(unit: Unit, value: Tensor, a: Any, mask: Tensor, _: Any) -> Bounded:
    """A constant has no error."""
    return Bounded(value, known(a).error.masked_fill(mask, 0.0))


def pad(unit: Unit, value: Tensor, a: Any, widths: Sequence[int], mode: str = "constant", _: Any = None) -> Bounded:
    """A constant around has no error."""
    return Bounded(value, torch.nn.functional.pad(known(a).error, list(widths), mode))


def vector_norm(unit: Unit, value: Tensor, a: Any, order: float = 2, dim: Any = None, keepdim: bool = False) -> Bounded:
    """|norm(x') - norm(x)| <= norm(x' - x), the triangle inequality."""
    x = known(a)
    error = torch.linalg.vector_norm(x.error, order, dim, keepdim)
    return unit.rounded(value, error, math.prod(x.value.shape[1:]) + 2)


def softmax(unit: Unit, value: Tensor, a: Any, dim: int, *_: Any) -> Bounded:
    """p'_i / p_i lies within exp(+-(e_i + max e)), and both within 0 and 1."""
    x = known(a)
    spread = x.error + x.error.amax(dim, keepdim=True)
    distance = (x.value.amax(dim, keepdim=True) - x.value).nan_to_num(posinf=0.0) + spread
    rounding = unit.gamma(x.value.shape[dim] + ULPS) + 2 * unit.u * distance
    return Bounded(value, (value * torch.expm1(spread + rounding)).clamp(max=1.0) + ULPS * unit.u)


def log_softmax(unit: Unit, value: Tensor, a: Any, dim: int, *_: Any) -> Bounded:
    """z_i less the logarithm of a sum of exponentials, which moves by the largest error at most."""
    x = known(a)
    rounding = unit.gamma(x.value.shape[dim] + ULPS) * (1 + 2 * x.magnitude.amax(dim, keepdim=True))
    return unit.rounded(value, x.error + x.error.amax(dim, keepdim=True) + rounding)


def batch_norm(
    unit: Unit, value: Tensor, a: Any, gamma: Any, beta: Any, mean: Any, variance: Any, *rest: Any
) -> Bounded:
    """x g + (beta - mean g) with g = gamma / sqrt(variance + eps)."""
    x, eps = known(a), rest[2]
    along = [1, -1] + [1] * (value.dim() - 2)
    gain = (gamma / (variance + eps).sqrt()).abs().reshape(along)
    terms = gain * (x.magnitude + mean.abs().reshape(along)) + beta.abs().reshape(along)
    return Bounded(value, gain * x.error + unit.gamma(ULPS) * terms)


def layer_norm(
    unit: Unit, value: Tensor, a: Any, shape: Sequence[int], gamma: Any, beta: Any, eps: float, *_: Any
) -> Bounded:
    """c / s with c = x - mean(x), s = sqrt(mean(c^2) + eps); c' is within f of c and s' within t of s.

    f_i = (1 - 2/n) e_i + mean(e), since the mean takes 1/n of every element; t = sqrt(mean(e^2)), since s is the norm
    of (c, sqrt(n eps)) over sqrt(n), and c a projection of x. Then |c'/s' - c/s| <= (f + t |c/s|) / s', with
    s' >= max(s - t, sqrt(eps)); and |c/s| <= sqrt(n - 1) bounds both. The float moments are those of inputs changed
    by gamma_n max|x| (Chan, Golub and LeVeque 1983, table 1).
    """
    x, dims = known(a), tuple(range(-len(shape), 0))
    n = math.prod(shape)
    e = x.error + unit.gamma(n + ULPS) * x.magnitude.amax(dims, keepdim=True)
    c = x.value - x.value.mean(dims, keepdim=True)
    s = (c.square().mean(dims, keepdim=True) + eps).sqrt()
    f = (1 - 2 / n) * e + e.mean(dims, keepdim=True)
    t = e.square().mean(dims, keepdim=True).sqrt()
    moved = (f + t * (c / s).abs()) / (s - t).clamp(min=math.sqrt(eps))
    moved = torch.minimum(moved, math.sqrt(n - 1) + (c / s).abs()) * gamma.abs()
    return Bounded(value, moved + unit.gamma(ULPS) * (value.abs() + moved + beta.abs()))


RULES: dict[str, Callable[..., Bounded]] = {
    "add": add,
    "sub": add,
    "mul": mul,
    "div": div,
    "pow": power,
    "prelu": prelu,
    "masked_fill": masked_fill,
    "pad": pad,
    "linalg_vector_norm": vector_norm,
    "softmax": softmax,
    "log_softmax": log_softmax,
    "batch_norm": batch_norm,
    "layer_norm": layer_norm,
} | {name: elementwise(slope) for name, slope in LIPSCHITZ.items()}
