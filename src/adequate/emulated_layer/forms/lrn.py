"""Local response normalisation: a sum of squares, a power of it by its leading bits, a product.

    q = sum of x^2 over the window,   u = k + alpha / n q,   t = u^-beta,   y = output(x t)

q is exact; alpha / n and k are rounded as ``affine`` says; t is that of u's leading bits (``leading``); the product is
rounded once. A scale s of the input that is no power of two is a factor s^2 of alpha / n and s of t.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional

from adequate.design import LayerDesign
from adequate.emulated_layer.forms.affine import Affine, affine
from adequate.emulated_layer.forms.form import Given, IntegerForm, formats_of
from adequate.emulated_layer.forms.leading import MOST_ENTRIES, Power
from adequate.emulated_layer.forms.multiples import Multiples, has_one_scale, multiples_of
from adequate.kernels.exact import DIGITS
from adequate.network import Layer
from adequate.network.normalization import WithinChannelLRN

CHANNELS = 1
"""The dimension of the channels."""


@dataclass(frozen=True)
class Response:
    """Size of the window, across channels or within one, and the constants."""

    size: int
    alpha: float
    beta: float
    k: float
    across: bool

    @property
    def terms(self) -> int:
        """Squares in a sum."""
        return self.size if self.across else self.size**2

    def in_float(self, x: Tensor) -> Tensor:
        """The function as torch computes it."""
        if self.across:
            return functional.local_response_norm(x, self.size, self.alpha, self.beta, self.k)
        return WithinChannelLRN(self.size, self.alpha, self.beta, self.k)(x)


@dataclass(frozen=True, eq=False)
class LocalResponse(IntegerForm):
    """y = output(x u^-beta)."""

    numbers: Multiples
    response: Response

    def __call__(self, x: Tensor, given: Given) -> Tensor:  # noqa: ARG002
        values = self.numbers.read(x, self.what("input"))
        u = self.affine(self._energy(values), self._most)
        return self.settled(values * self.power(u), x.dtype)

    @cached_property
    def affine(self) -> Affine:
        """u of q."""
        one = self.response
        factor = torch.tensor(one.alpha / one.terms * self.numbers.scale**2, dtype=torch.float64)
        return affine(factor, torch.tensor(one.k, dtype=torch.float64), 2 * self.numbers.grid)

    @cached_property
    def power(self) -> Power:
        """t of u."""
        low = float(self.affine.offset)
        return Power(-self.response.beta, self.numbers.scale, low, low + float(self.affine.factor) * self._most)

    @property
    def _most(self) -> float:
        """The largest sum of squares."""
        return self.response.terms * self.numbers.largest**2 * 2.0 ** (2 * self.numbers.grid)

    def _energy(self, x: Tensor) -> Tensor:
        size, square = self.response.size, x * x
        if not self.response.across:
            return functional.avg_pool2d(square, size, 1, size // 2, divisor_override=1)
        channels = x.shape[CHANNELS]
        edges = torch.zeros_like(square[:, :1])
        padded = torch.cat([edges] * (size // 2) + [square] + [edges] * ((size - 1) // 2), CHANNELS)
        return sum(
            (padded.narrow(CHANNELS, at, channels) for at in range(1, size)), padded.narrow(CHANNELS, 0, channels)
        )


def local_response(layer: Layer, chosen: LayerDesign) -> LocalResponse | None:
    """The form of an LRN whose sums of squares float64 holds, and whose table is not too long."""
    formats, response = formats_of(chosen), response_of(dict(layer.attributes))
    if formats is None or response is None or not has_one_scale(formats[1]):
        return None
    numbers = multiples_of(formats[0])
    if numbers is None or response.terms * numbers.largest**2 > 2 ** DIGITS[torch.float64]:
        return None
    form = LocalResponse(layer, *formats, numbers, response)
    if response.alpha < 0 or form.affine.offset <= 0 or form.power.entries > MOST_ENTRIES:
        return None
    return form


def response_of(attributes: Mapping[str, object]) -> Response | None:
    """The constants of a layer, if all are known."""
    names = ("size", "alpha", "beta", "k", "across")
    if not attributes.keys() >= set(names):
        return None
    return Response(*(attributes[name] for name in names))  # type: ignore[arg-type]
