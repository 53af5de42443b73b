"""The catalogue of adders."""

from adequate.operators.adder import Adder
from adequate.operators.adders.lower_or import LowerOr
from adequate.operators.adders.ripple import Ripple
from adequate.operators.adders.segmented import Segmented
from adequate.operators.adders.truncated_sum import TruncatedSum

ADDERS: tuple[type[Adder], ...] = (Ripple, LowerOr, Segmented, TruncatedSum)
"""Every family of adders."""

__all__ = ["ADDERS", "LowerOr", "Ripple", "Segmented", "TruncatedSum"]
