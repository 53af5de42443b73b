"""What a format must be to go under a scale, and a number to be one."""

from fractions import Fraction

import torch

from adequate.formats.binades import floor_log2
from adequate.formats.checks import nearest_binary32, require_binary32, require_int
from adequate.formats.fixed import Fixed
from adequate.formats.format import Format
from adequate.formats.rounding import Overflow


def require_element(element: object) -> None:
    """``element`` is a format that saturates, and not under a scale already."""
    if not isinstance(element, Format) or element.name in ("scaled", "per_channel"):
        raise ValueError(f"the element of scaled must be a format without a scale, not {element}")
    if getattr(element, "overflow", None) is Overflow.WRAP:
        raise ValueError(f"the element of scaled must saturate, not wrap as {element}")


def require_symmetric(element: Format) -> None:
    """``element`` may share an exponent: rounding leaves the exponent of the largest number in a block alone.

    Else the shared scale would be another one the second time, and ``quantize`` not idempotent.
    """
    power = Fraction(2) ** floor_log2(element.maximum) if element.maximum > 0 else Fraction(0)
    code = int(element.encode(torch.tensor(float(power), dtype=torch.float64)))
    if not power or element.minimum != -element.maximum or element.decode(code) != power:
        raise ValueError(
            f"{element} cannot share an exponent: its range must be symmetric and hold a power of two in its highest "
            "binade; use fixed(...,narrow) or float(...)"
        )


def require_zero(element: Format, zero: object) -> None:
    """``zero`` is 0, or one of the codes of an integer element."""
    if type(zero) is int and not zero:
        return
    if not (isinstance(element, Fixed) and element.frac == 0):
        raise ValueError(f"a zero point needs an integer element fixed(bits,0), not {element}")
    require_int("zero of scaled", zero, element.word[0], element.word[-1])


def require_scale(scale: object) -> float:
    """``scale`` is a positive float32 number; returned as a float."""
    value = require_binary32("scale of scaled", scale)
    if value <= 0:
        raise ValueError(f"scale of scaled must be positive, not {value!r}")
    return value


def nearest_scale(exact: Fraction) -> float:
    """The normal float32 number nearest to ``exact``; 1 for 0."""
    return max(nearest_binary32(float(exact)), 2.0**-126) if exact else 1.0
