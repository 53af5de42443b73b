"""Which of Caffe's layers are understood, and the module of each."""

from collections.abc import Callable, Mapping

from torch import nn

from adequate.network.caffe import layout, normalizations, pointwise, products
from adequate.network.caffe.message import Message
from adequate.network.caffe.net import CaffeLayer
from adequate.network.caffe.pooling import pooling

SHAPELESS: Mapping[str, Callable[[Message], nn.Module]] = {**pointwise.POINTWISE, "LRN": normalizations.local_response}
"""Layers whose module depends on their parameters alone."""

SHAPED: Mapping[str, Callable[..., nn.Module]] = {
    "Bias": normalizations.bias,
    "Concat": layout.concat,
    "Convolution": products.convolution,
    "Deconvolution": products.deconvolution,
    "Eltwise": pointwise.eltwise,
    "Flatten": layout.flatten,
    "InnerProduct": products.inner_product,
    "PReLU": pointwise.prelu,
    "Pooling": pooling,
    "Reshape": layout.reshape,
    "Scale": normalizations.scale,
    "Slice": layout.slices,
    "Softmax": pointwise.softmax,
}
"""Those that need the shapes of what they read."""

SEVERAL = frozenset({"Bias", "Concat", "Eltwise", "Scale"})
"""Types that may read several values."""

UNDERSTOOD = frozenset({*SHAPELESS, *SHAPED, "BatchNorm", "Split"})
"""A batch norm is built together with its scale; a split is only a second name."""


def refuse_unknown(layers: tuple[CaffeLayer, ...]) -> None:
    """Raises one ``ValueError`` that lists every layer whose type is not understood."""
    unknown: dict[str, list[str]] = {}
    for layer in layers:
        if layer.type not in UNDERSTOOD:
            unknown.setdefault(layer.type, []).append(layer.name)
    if unknown:
        shown = {kind: kind if kind.isprintable() else repr(kind) for kind in unknown}
        listed = "; ".join(f"{shown[kind]} ({', '.join(map(repr, names))})" for kind, names in sorted(unknown.items()))
        raise ValueError(f"layers that are not understood: {listed}")


def build(layer: CaffeLayer, shapes: list[tuple[int, ...]], scale: CaffeLayer | None) -> nn.Module:
    """The module of a layer; ``scale`` is the one that a batch norm takes in.

    Raises:
        ValueError: it reads too many values, or its parameters are wrong for these shapes.
    """
    if not shapes or (len(shapes) > 1 and layer.type not in SEVERAL):
        raise ValueError(f"reads {len(shapes)} values, not one")
    if layer.type == "BatchNorm":
        return normalizations.batch_norm(layer, shapes[0], scale)
    if layer.type in SHAPELESS:
        return SHAPELESS[layer.type](layer.message)
    return SHAPED[layer.type](layer, *shapes)
