"""Layer, group, instance and RMS normalisation: exact sums, one over a root by its leading bits, two products.

    layer, group, instance:   c = n x - sum x,   v = n sum x^2 - (sum x)^2,   u = v + n^2 eps,   t = u^-1/2
    RMS:                      c = x,             v = sum x^2,                 u = v + n eps,     t = n^1/2 u^-1/2

    z = c t,   y = output(gamma z + beta)

over the n elements of a group. c and v are exact; eps times its factor is rounded half to even to a grid ``EXTRA``
bits finer than v's, and is at least one step of it; t is that of u's leading bits (``leading``); z is rounded half to
even to ``FRACTION`` fraction bits; gamma and beta are rounded as ``affine`` says; y is rounded once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isqrt, prod, sqrt
from typing import Any

import torch
from torch import Tensor

from adequate.design import LayerDesign
from adequate.emulated_layer.forms.affine import Affine, affine
from adequate.emulated_layer.forms.form import Given, IntegerForm, formats_of
from adequate.emulated_layer.forms.leading import MOST_ENTRIES, Power
from adequate.emulated_layer.forms.multiples import Multiples, has_one_scale, multiples_of
from adequate.kernels.exact import DIGITS
from adequate.kernels.expansion import odd_sum
from adequate.network import Layer
from adequate.quantization import along

EXTRA = 16
"""Bits of eps below the grid of the squares, our choice."""

FRACTION = 16
"""Fraction bits of a standardised number, our choice."""

NO_EPS = torch.finfo(torch.float32).eps
"""The eps of an RMS normalisation that names none: float32's, as in torch."""


@dataclass(frozen=True)
class Groups:
    """Which elements are standardised together: ``shape`` is x's for one image, seen so that they fill ``axes``."""

    shape: tuple[int, ...]
    axes: tuple[int, ...]

    @property
    def elements(self) -> int:
        """How many."""
        return prod(self.shape[axis] for axis in self.axes)


@dataclass(frozen=True, eq=False)
class Standardize(IntegerForm):
    """y = output(gamma z + beta)."""

    numbers: Multiples
    groups: Groups
    eps: float
    centred: bool

    def __call__(self, x: Tensor, given: Given) -> Tensor:
        n, axes = self.groups.elements, self.groups.axes
        values = self.numbers.read(x, self.what("input")).reshape(-1, *self.groups.shape[1:])
        squares = (values * values).sum(axes, keepdim=True)
        if self.centred:
            sums = values.sum(axes, keepdim=True)
            values, squares = n * values - sums, n * squares - sums * sums
        u = odd_sum([squares, torch.full_like(squares, self.added)])
        z = torch.round(values * self.power(u) * 2.0**FRACTION) * 2.0**-FRACTION
        z = z.reshape(x.shape)
        step = self.affine(given, x.dim())
        return self.settled(z if step is None else step(z, self.bound * 2.0**-FRACTION), x.dtype)

    @property
    def added(self) -> float:
        """What is added to v."""
        n, step = self.groups.elements, 2.0 ** (2 * self.numbers.grid - EXTRA)
        wanted = self.eps * (n * n if self.centred else n) / self.numbers.scale**2
        return max(round(wanted / step), 1) * step

    @cached_property
    def power(self) -> Power:
        """t of u."""
        n = self.groups.elements
        most = (n * n if self.centred else n) * self.numbers.largest**2 * 2.0 ** (2 * self.numbers.grid)
        return Power(-0.5, 1.0 if self.centred else sqrt(n), self.added, most + self.added)

    @property
    def bound(self) -> int:
        """No |z| is larger, in units of 2**-FRACTION: |c| <= sqrt(n v), and t is larger by less than 2**-11 of it."""
        root = isqrt(self.groups.elements)
        return (root + root // 2**11 + 2) * 2**FRACTION

    def affine(self, given: Given, dims: int) -> Affine | None:
        """gamma and beta, broadcastable against x; None where there are neither."""
        gamma, beta = given["weight"], given["bias"]
        if gamma is None and beta is None:
            return None
        gamma = torch.ones_like(beta) if gamma is None else gamma
        beta = torch.zeros_like(gamma) if beta is None else beta
        if self.layer.operation in CHANNELWISE:
            gamma, beta = (along(one, 0, dims - 1) for one in (gamma, beta))
        return affine(gamma, beta, -FRACTION)


CHANNELWISE = frozenset({"group_norm", "instance_norm"})
"""Operations with a gamma and a beta for each channel."""


def standardize(layer: Layer, chosen: LayerDesign) -> Standardize | None:
    """The form of a normalisation whose sums float64 holds, and whose table is not too long."""
    formats = formats_of(chosen)
    attributes: dict[str, Any] = dict(layer.attributes)
    if formats is None or not has_one_scale(formats[1]) or len(layer.input_shapes) != 1:
        return None
    numbers = multiples_of(formats[0])
    groups = GROUPS[layer.operation](tuple(size or 1 for size in layer.input_shapes[0]), attributes)
    if numbers is None or groups is None:
        return None
    centred = layer.operation != "rms_norm"
    form = Standardize(layer, *formats, numbers, groups, float(attributes.get("eps", NO_EPS)), centred)
    if (groups.elements * numbers.largest) ** 2 > 2 ** DIGITS[torch.float64] or form.power.entries > MOST_ENTRIES:
        return None
    return form


def _last(shape: tuple[int, ...], attributes: Mapping[str, Any]) -> Groups | None:
    count = len(attributes["normalized_shape"])
    return Groups(shape, tuple(range(-count, 0)))


def _channels(shape: tuple[int, ...], attributes: Mapping[str, Any]) -> Groups | None:
    groups = attributes["num_groups"]
    return Groups((shape[0], groups, shape[1] // groups, *shape[2:]), tuple(range(1 - len(shape), 0)))


def _instances(shape: tuple[int, ...], attributes: Mapping[str, Any]) -> Groups | None:
    return Groups(shape, tuple(range(2 - len(shape), 0))) if attributes["use_input_stats"] else None


GROUPS: Mapping[str, Callable[[tuple[int, ...], Mapping[str, Any]], Groups | None]] = {
    "layer_norm": _last,
    "rms_norm": _last,
    "group_norm": _channels,
    "instance_norm": _instances,
}
"""Which elements the operations standardise together."""
