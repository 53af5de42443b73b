"""The values of a format as the words of a multiplier's operand."""

from dataclasses import dataclass, fields, replace
from functools import cached_property
from math import frexp

import torch
from torch import Tensor

from adequate.formats import Fixed, Format, Rounding, Scaled, SharedExponent
from adequate.formats.byte_codes import byte_codes
from adequate.operators import Multiplier, Operand
from adequate.operators.multiplier import integers

ROUNDING_RULES = frozenset({"rounding", "overflow", "nearest"})
"""Fields of a format that say how it rounds, not what its codes mean."""

PLACES = frozenset({"max_exponent", "bias"})
"""Fields of a format that multiply all its values by a power of two."""

INTEGER_BITS = 24
"""Integers of so many bits are float32 numbers."""

SHIFT = 100
"""Scaled by a power of two up to here, they still are."""


@dataclass(frozen=True, eq=False)
class Coding:
    """value = scale * 2**shift * (number - zero), of the number that a word of ``operand`` stands for.

    That is the integer itself, or of an operand with a format the value of the code. ``zero`` and ``scale`` are one
    number or one per index along the format's axis; a scale that is a power of two is in ``shift``.
    """

    format: Format
    operand: Operand
    shift: int
    scale: tuple[float, ...] | None = None
    zero: tuple[int, ...] | None = None

    @property
    def grid(self) -> int:
        """The values, before the scale and with the zero point taken off, are multiples of 2**grid."""
        return self.shift + (0 if self.operand.format is None else self.operand.format.grid or 0)

    @property
    def axis(self) -> int | None:
        """The dimension along which scales or zero points differ; None: there is one."""
        several = (one is not None and len(one) > 1 for one in (self.scale, self.zero))
        return self.format.axis if isinstance(self.format, Scaled) and any(several) else None

    @cached_property
    def pattern_of_zero(self) -> int | None:
        """The bit pattern of the value zero; None where there is no zero (binary, powers of two)."""
        if isinstance(self.format, Scaled):
            zeros = set(self.zero or (0,))
            if len(zeros) > 1:
                return None
            code = zeros.pop() or _code_of_zero(self.format.element)
        else:
            code = _code_of_zero(self.format)
        return None if code is None else code % 2**self.operand.width

    def numbers(self, patterns: Tensor) -> Tensor:
        """The integers that patterns of an integer operand stand for, int64."""
        return integers(self.operand, patterns.long())

    def encode(self, x: Tensor, what: str) -> Tensor:
        """The bit patterns of ``x`` quantised: uint8, or int32 where the operand is wider than 8 bits.

        Raises:
            ValueError: ``x`` has NaN or infinite values, or the format's rounding needs a generator.
        """
        try:
            codes = self._codes(x.detach())
        except ValueError as error:
            raise ValueError(f"{what}: {error}") from None
        patterns = codes.to(torch.uint8 if self.operand.width <= 8 else torch.int32)  # the lowest bits
        negative = self.format.word.start < 0 and self.operand.width not in (8, 32)
        return patterns & (2**self.operand.width - 1) if negative else patterns

    def _codes(self, x: Tensor) -> Tensor:
        format = self.format
        if isinstance(format, Fixed) and self.operand.width <= 8 and (found := byte_codes(format, x)) is not None:
            return found
        if isinstance(format, Fixed) and format.bits <= INTEGER_BITS and abs(format.frac) <= SHIFT:
            return (format.quantize(x) * 2.0**format.frac).int()  # both exact, in fewer passes than ``encode``
        element = format.element if isinstance(format, Scaled) else format
        if getattr(element, "rounding", None) is Rounding.STOCHASTIC:
            x = format.quantize(x)  # says what is missing
        return format.encode(x)


def coding_of(format: Format | None, operand: Operand, multiplier: Multiplier, what: str) -> Coding:
    """How the values of ``format`` are given to ``operand``.

    An integer operand takes ``Fixed`` numbers that fit: of at most its width, signed ones only where it is signed,
    unsigned ones in a signed operand with a bit to spare. An operand with a format takes that format; how it rounds,
    and a power of two all its values are multiplied with, are free. Either also takes such an element under a scale,
    one or one per channel, with or without zero points.

    Raises:
        ValueError: there is no format, or it does not fit.
    """
    if format is None:
        raise ValueError(f"{what}: {multiplier} needs a format here: {_wanted(operand)}")
    element = format.element if isinstance(format, Scaled) else format
    shift = _shift(element, operand)
    if shift is None:
        raise ValueError(f"{what}: {multiplier} takes {_wanted(operand)} here, not {format}{_advice(element, operand)}")
    if not isinstance(format, Scaled):
        return Coding(format, operand, shift)
    if isinstance(format.scale, SharedExponent):
        raise ValueError(f"{what}: {multiplier} takes codes under a scale that is known beforehand, not {format}")
    scales = format.scale if isinstance(format.scale, tuple) else (format.scale,)
    zeros = format.zero if isinstance(format.zero, tuple) else (format.zero,)
    zero = zeros if any(zeros) else None
    if len(scales) == 1 and format.dyadic:
        return Coding(format, operand, shift + frexp(scales[0])[1] - 1, None, zero)
    return Coding(format, operand, shift, scales, zero)


def _shift(element: Format, operand: Operand) -> int | None:
    """The power of two between an element's values and what its codes stand for in the operand; None: no fit."""
    if operand.format is None:
        if not isinstance(element, Fixed) or (element.signed and not operand.signed):
            return None
        room = operand.width - (operand.signed and not element.signed)
        return -element.frac if element.bits <= room else None
    wanted = operand.format
    if type(element) is not type(wanted):
        return None
    free = {one.name: getattr(wanted, one.name) for one in fields(wanted) if one.name in ROUNDING_RULES | PLACES}  # type: ignore[arg-type]
    if replace(element, **free) != wanted:  # type: ignore[type-var]
        return None
    assert element.grid is not None
    assert wanted.grid is not None
    return element.grid - wanted.grid


def _wanted(operand: Operand) -> str:
    if operand.format is not None:
        return str(operand.format)
    kind = "signed or unsigned" if operand.signed else "unsigned"
    return f"{kind} fixed point of at most {operand.width} bits"


def _advice(element: Format, operand: Operand) -> str:
    if isinstance(element, Fixed) and operand.format is None and element.signed and not operand.signed:
        return "; sign_magnitude(...) makes a signed multiplier of an unsigned one"
    return ""


def _code_of_zero(format: Format) -> int | None:
    code = int(format.encode(torch.zeros((), dtype=torch.float64)))
    return code if format.decode(code) == 0 else None
