"""One layer in the arithmetic of its design."""

from adequate.emulated_layer.function import EmulatedFunction, Quantizer
from adequate.emulated_layer.inside import ARITHMETIC, computes_in_float, float_inside
from adequate.emulated_layer.product import EmulatedProduct

__all__ = ["ARITHMETIC", "EmulatedFunction", "EmulatedProduct", "Quantizer", "computes_in_float", "float_inside"]
