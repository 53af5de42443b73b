"""Ristretto's layers: Caffe's own, with the number formats of their inputs, outputs and weights."""

from adequate.formats import Fixed, Format, Minifloat, PowerOfTwo
from adequate.formats.minifloat import Underflow
from adequate.network.caffe.message import Message

RISTRETTO = {
    "ConvolutionRistretto": "Convolution",
    "DeconvolutionRistretto": "Deconvolution",
    "FcRistretto": "InnerProduct",
    "LRNRistretto": "LRN",
}
"""Ristretto's types (pmgysel/caffe, ``src/caffe/ristretto/layers``) and Caffe's."""

WIDTH, FRACTION = 32, 16
"""What Ristretto takes for a width or fractional length that is not given (its ``caffe.proto``)."""

Formats = dict[str, Format]
"""``input``, ``weight`` and ``output``: slots of a ``LayerDesign``."""


def formats_of(layer: Message) -> Formats:
    """The formats in a layer's ``quantization_param``, none where the layer is not Ristretto's.

    DYNAMIC_FIXED_POINT: ``bw_layer_in``, ``fl_layer_in`` and so on. MINIFLOAT: ``exp_bits`` and ``mant_bits`` for
    all, numbers below the smallest normal one flushed to zero. INTEGER_POWER_OF_2_WEIGHTS: exponents ``exp_min`` to
    ``exp_max``, inputs and outputs in fixed point. Rounding is to nearest even: STOCHASTIC is for fine-tuning.
    Ristretto also rounds biases to the weights' format; here they lie on the grid of the products.
    Source: pmgysel/caffe, ``QuantizationParameter`` in ``caffe.proto``, ``base_ristretto_layer.cpp``.

    Raises:
        ValueError: an unknown precision, a width beyond the formats', or exponents that fill no whole number of bits.
    """
    kind = None if layer.is_word("type") else layer.text("type")
    if kind not in RISTRETTO:
        return {}
    given = layer.message("quantization_param")
    precision = given.choice("precision", "DYNAMIC_FIXED_POINT", "MINIFLOAT", "INTEGER_POWER_OF_2_WEIGHTS")
    given.choice("rounding_scheme", "NEAREST", "STOCHASTIC")
    if precision == "MINIFLOAT":
        float_ = Minifloat(given.integer("exp_bits", 8), given.integer("mant_bits", 23), underflow=Underflow.FLUSH)
        all_three: Formats = {"input": float_, "weight": float_, "output": float_}
        return {slot: format for slot, format in all_three.items() if kind != "LRNRistretto" or slot != "weight"}
    if kind == "LRNRistretto":
        raise ValueError(f"LRNRistretto takes MINIFLOAT alone, not {precision}")
    values: Formats = {"input": _fixed(given, "layer_in"), "output": _fixed(given, "layer_out")}
    if precision == "DYNAMIC_FIXED_POINT":
        return {**values, "weight": _fixed(given, "params")}
    return {**values, "weight": _power_of_two(given)}


def _fixed(given: Message, part: str) -> Fixed:
    lowest = -(2**31)
    return Fixed(given.integer(f"bw_{part}", WIDTH, 1), given.integer(f"fl_{part}", FRACTION, lowest))


def _power_of_two(given: Message) -> PowerOfTwo:
    low, high = given.integer("exp_min", -8, -(2**31)), given.integer("exp_max", -1, -(2**31))
    exponents = high - low + 1
    if exponents < 2 or exponents & (exponents - 1):
        raise ValueError(f"exponents {low} to {high} fill no whole number of bits")
    return PowerOfTwo(exponents.bit_length(), high)
