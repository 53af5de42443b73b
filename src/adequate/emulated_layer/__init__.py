"""One layer in the arithmetic of its design."""

from adequate.emulated_layer.calls import calls_of, carries_data, outside
from adequate.emulated_layer.epilogues import with_epilogues
from adequate.emulated_layer.fitting import check
from adequate.emulated_layer.formed_function import FormedFunction
from adequate.emulated_layer.function import EmulatedFunction, Quantizer
from adequate.emulated_layer.gradient import Gradient, Multiplied, operand_gradients, straight_through
from adequate.emulated_layer.inside import ARITHMETIC, computes_in_float, float_inside
from adequate.emulated_layer.product import EmulatedProduct, Summed
from adequate.emulated_layer.rounded_already import leave_out_roundings

__all__ = [
    "ARITHMETIC",
    "EmulatedFunction",
    "EmulatedProduct",
    "FormedFunction",
    "Gradient",
    "Multiplied",
    "Quantizer",
    "Summed",
    "calls_of",
    "carries_data",
    "check",
    "computes_in_float",
    "float_inside",
    "leave_out_roundings",
    "operand_gradients",
    "outside",
    "straight_through",
    "with_epilogues",
]
