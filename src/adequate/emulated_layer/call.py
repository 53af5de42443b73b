"""One call of a sum of products: which operand fills which slot."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from adequate.kernels.exact import BiasedProduct, Product
from adequate.network import Layer
from adequate.network.layer import CONVOLUTIONS

BIASED = CONVOLUTIONS | {"linear"}
"""Operations whose third argument is a bias."""


@dataclass(frozen=True)
class Call:
    """A call's operands by their slots, its bias, and the graph's own operation on other operands, without a bias.

    ``biased`` is a convolution's with one, a number per output channel.
    """

    x: Tensor
    w: Tensor
    bias: Tensor | None
    operation: Product
    biased: BiasedProduct | None = None


Sums = Callable[[Call], tuple[Tensor, Tensor | None]]
"""The sums of products and the bias, and the scale they have yet to be multiplied with (None: 1).

Exact, or rounded to odd where float64 does not hold them; the scale is broadcastable against them.
"""


def call_of(layer: Layer, operation: Callable[..., Tensor], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
    """The call of a layer's ``operation`` with the arguments of the graph."""
    before = args[:1] if layer.operation == "einsum" else ()
    first, second, *rest = (*args[1],) if before else args
    bias = None
    if layer.operation in BIASED:
        bias, *rest = rest or (None,)
        kwargs = dict(kwargs)
        bias = kwargs.pop("bias", bias)
        rest = [None, *rest]

    def unbiased(a: Tensor, b: Tensor) -> Tensor:
        return operation(*before, [a, b], **kwargs) if before else operation(a, b, *rest, **kwargs)

    def biased(a: Tensor, b: Tensor, added: Tensor | None) -> Tensor:
        return operation(a, b, added, *rest[1:], **kwargs)

    if dict(layer.attributes).get("weight_first", False):
        return Call(second, first, bias, lambda x, w: unbiased(w, x))
    return Call(first, second, bias, unbiased, biased if layer.operation in CONVOLUTIONS else None)
