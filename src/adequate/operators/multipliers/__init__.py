"""The catalogue of multipliers."""

from adequate.operators.multiplier import Multiplier
from adequate.operators.multipliers.adder_array import AdderArray
from adequate.operators.multipliers.baugh_wooley import BaughWooley
from adequate.operators.multipliers.booth import Booth
from adequate.operators.multipliers.broken_array import BrokenArray
from adequate.operators.multipliers.drum import Drum
from adequate.operators.multipliers.error_tolerant import ErrorTolerant
from adequate.operators.multipliers.exact import Exact
from adequate.operators.multipliers.kulkarni import Kulkarni
from adequate.operators.multipliers.minifloat_product import MinifloatProduct
from adequate.operators.multipliers.mitchell import Mitchell
from adequate.operators.multipliers.perforated import Perforated
from adequate.operators.multipliers.roba import Roba
from adequate.operators.multipliers.shift import Shift
from adequate.operators.multipliers.signed import Offset, SignMagnitude
from adequate.operators.multipliers.static_segment import StaticSegment
from adequate.operators.multipliers.truncated_array import TruncatedArray
from adequate.operators.multipliers.truncated_operands import TruncatedOperands
from adequate.operators.multipliers.xnor_product import XnorProduct

MULTIPLIERS: tuple[type[Multiplier], ...] = (
    Exact,
    TruncatedArray,
    BrokenArray,
    Perforated,
    TruncatedOperands,
    StaticSegment,
    Drum,
    Mitchell,
    Roba,
    Kulkarni,
    ErrorTolerant,
    AdderArray,
    Booth,
    BaughWooley,
    Shift,
    XnorProduct,
    MinifloatProduct,
    SignMagnitude,
    Offset,
)
"""Every family of multipliers that is a circuit."""

__all__ = [
    "MULTIPLIERS",
    "AdderArray",
    "BaughWooley",
    "Booth",
    "BrokenArray",
    "Drum",
    "ErrorTolerant",
    "Exact",
    "Kulkarni",
    "MinifloatProduct",
    "Mitchell",
    "Offset",
    "Perforated",
    "Roba",
    "Shift",
    "SignMagnitude",
    "StaticSegment",
    "TruncatedArray",
    "TruncatedOperands",
    "XnorProduct",
]
