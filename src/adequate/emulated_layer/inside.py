"""Which layers of a design compute in floating point inside."""

from adequate.design import Design, LayerDesign
from adequate.emulated_layer.forms import form_of
from adequate.emulated_layer.function import AVERAGES, ELEMENTWISE
from adequate.network import Layer, Network
from adequate.network.layer import MULTIPLYING

ARITHMETIC = MULTIPLYING | AVERAGES | ELEMENTWISE
"""Operations computed exactly here; others have an integer form, or are only surrounded by quantisers."""

# fmt: off
SHAPING = frozenset({
    "flatten", "view", "reshape", "unflatten", "squeeze", "unsqueeze", "permute", "transpose", "t", "mT", "numpy_T",
    "movedim", "expand", "expand_as", "repeat", "repeat_interleave", "tile", "stack", "concat", "split",
    "split_with_sizes", "chunk", "unbind", "slice", "select", "narrow", "roll", "flip", "pad", "constant_pad_nd",
    "zero_pad2d", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "upsample_nearest1d", "upsample_nearest2d",
    "upsample_nearest3d", "contiguous", "clone", "identity", "dropout", "feature_dropout", "alias", "detach",
})
CHOOSING = frozenset({
    "relu", "relu6", "hardtanh", "clamp", "clamp_min", "clamp_max", "threshold", "max", "min", "maximum", "minimum",
    "amax", "amin", "argmax", "argmin", "topk", "sort", "max_pool1d", "max_pool2d", "max_pool3d",
    "adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d", "where", "masked_fill", "embedding",
    "gather", "index", "index_select", "take", "neg", "abs", "sign", "round", "floor", "ceil", "trunc", "eq", "ne",
    "lt", "le", "gt", "ge",
})
# fmt: on
EXACT = SHAPING | CHOOSING
"""Operations without rounding: they move, choose and compare values, or drop a sign or a fraction."""


def float_inside(network: Network, design: Design) -> tuple[str, ...]:
    """Names of the layers whose values are computed in torch's own floating point, formats at their borders or not.

    Those are softmax, GELU, normalisations and the like without an integer form (``forms``: it needs both ``input`` and
    ``output``); a sum of products that has neither both ``input`` and ``weight`` nor an ``accumulator``; and a sum,
    difference, product, quotient or average without any format.
    """
    return tuple(
        layer.name for layer in network.layers if computes_in_float(layer.operation, design[layer.name], layer)
    )


def computes_in_float(operation: str, chosen: LayerDesign, layer: Layer | None = None) -> bool:
    """Whether a layer of this operation and design rounds inside as torch does.

    Without the layer itself a function is taken for one: its arguments may allow no integer form.
    """
    if operation in EXACT:
        return False
    if operation in MULTIPLYING:
        return chosen.accumulator is None and (chosen.input is None or chosen.weight is None)
    if operation in ARITHMETIC:
        return not chosen
    return layer is None or form_of(layer, chosen) is None
