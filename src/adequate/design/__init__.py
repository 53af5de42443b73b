"""The hardware we choose."""

from adequate.design.design import Design, LayerDesign, difference

__all__ = ["Design", "LayerDesign", "difference"]
