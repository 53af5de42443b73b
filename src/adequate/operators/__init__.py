"""Arithmetic operators, each described once."""

from adequate.operators.accumulator import Accumulator, Order
from adequate.operators.adder import Adder
from adequate.operators.adders import ADDERS, LowerOr, Ripple, Segmented, TruncatedSum
from adequate.operators.catalog import catalog
from adequate.operators.errors import Errors, errors
from adequate.operators.multiplier import Multiplier
from adequate.operators.multipliers import (
    MULTIPLIERS,
    AdderArray,
    BaughWooley,
    Booth,
    BrokenArray,
    Drum,
    ErrorTolerant,
    Exact,
    Kulkarni,
    MinifloatProduct,
    Mitchell,
    Offset,
    Perforated,
    Roba,
    Shift,
    SignMagnitude,
    StaticSegment,
    TruncatedArray,
    TruncatedOperands,
    XnorProduct,
)
from adequate.operators.netlist import load_netlist
from adequate.operators.operator import Operand, Operator
from adequate.operators.tabulated import Tabulated, attach, load_table, save_table, tabulate
from adequate.operators.text import parse_operator

__all__ = [
    "ADDERS",
    "MULTIPLIERS",
    "Accumulator",
    "Adder",
    "AdderArray",
    "BaughWooley",
    "Booth",
    "BrokenArray",
    "Drum",
    "ErrorTolerant",
    "Errors",
    "Exact",
    "Kulkarni",
    "LowerOr",
    "MinifloatProduct",
    "Mitchell",
    "Multiplier",
    "Offset",
    "Operand",
    "Operator",
    "Order",
    "Perforated",
    "Ripple",
    "Roba",
    "Segmented",
    "Shift",
    "SignMagnitude",
    "StaticSegment",
    "Tabulated",
    "TruncatedArray",
    "TruncatedOperands",
    "TruncatedSum",
    "XnorProduct",
    "attach",
    "catalog",
    "errors",
    "load_netlist",
    "load_table",
    "parse_operator",
    "save_table",
    "tabulate",
]
