"""One layer in the arithmetic of its design."""

from adequate.emulated_layer.function import EmulatedFunction, Quantizer
from adequate.emulated_layer.gradient import Gradient, Multiplied, straight_through
from adequate.emulated_layer.inside import ARITHMETIC, computes_in_float, float_inside
from adequate.emulated_layer.multiplied_sums import require_multiplier
from adequate.emulated_layer.product import EmulatedProduct
from adequate.emulated_layer.rounded_already import leave_out_roundings

__all__ = [
    "ARITHMETIC",
    "EmulatedFunction",
    "EmulatedProduct",
    "Gradient",
    "Multiplied",
    "Quantizer",
    "computes_in_float",
    "float_inside",
    "leave_out_roundings",
    "require_multiplier",
    "straight_through",
]
