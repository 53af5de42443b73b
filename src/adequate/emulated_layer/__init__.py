"""One layer in the arithmetic of its design."""

from adequate.emulated_layer.fitting import carries_data, check
from adequate.emulated_layer.function import EmulatedFunction, Quantizer
from adequate.emulated_layer.gradient import Gradient, Multiplied, straight_through
from adequate.emulated_layer.inside import ARITHMETIC, computes_in_float, float_inside
from adequate.emulated_layer.product import EmulatedProduct
from adequate.emulated_layer.rounded_already import leave_out_roundings

__all__ = [
    "ARITHMETIC",
    "EmulatedFunction",
    "EmulatedProduct",
    "Gradient",
    "Multiplied",
    "Quantizer",
    "carries_data",
    "check",
    "computes_in_float",
    "float_inside",
    "leave_out_roundings",
    "straight_through",
]
