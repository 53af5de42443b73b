"""Number formats: what a number can be."""

from adequate.formats.fixed import Fixed
from adequate.formats.format import Format
from adequate.formats.levels import Binary, Codebook, Ternary
from adequate.formats.minifloat import (
    BFLOAT16,
    BINARY16,
    BINARY32,
    E2M1,
    E2M3,
    E3M2,
    E4M3,
    E5M2,
    Minifloat,
    Specials,
    Underflow,
)
from adequate.formats.per_channel import PerChannel
from adequate.formats.power_of_two import Nearest, PowerOfTwo
from adequate.formats.reference import round_reference
from adequate.formats.rounding import Overflow, Rounding
from adequate.formats.scaled import Scaled
from adequate.formats.shared_exponent import SharedExponent
from adequate.formats.text import FORMATS, parse

__all__ = [
    "BFLOAT16",
    "BINARY16",
    "BINARY32",
    "E2M1",
    "E2M3",
    "E3M2",
    "E4M3",
    "E5M2",
    "FORMATS",
    "Binary",
    "Codebook",
    "Fixed",
    "Format",
    "Minifloat",
    "Nearest",
    "Overflow",
    "PerChannel",
    "PowerOfTwo",
    "Rounding",
    "Scaled",
    "SharedExponent",
    "Specials",
    "Ternary",
    "Underflow",
    "parse",
    "round_reference",
]
