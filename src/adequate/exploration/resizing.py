"""One format in another word length."""

from dataclasses import replace
from fractions import Fraction

from adequate.formats import Fixed, Format, Minifloat, PerChannel, PowerOfTwo, Scaled, SharedExponent
from adequate.formats.elements import nearest_scale


def resized(format: Format, bits: int) -> Format | None:
    """The format in ``bits`` bits, its largest number where it was: what changes is how fine it is.

    Fixed point keeps bits - frac. A minifloat keeps its exponent, and its mantissa changes. Powers of two keep the
    highest exponent. Integers under a scale that is a power of two keep scale * 2**bits, under any other scale the
    interval they cover; a shared exponent follows its data. Channels in formats of their own are resized each alone.
    None where the family has no such member, and for formats whose values are listed.

    >>> str(resized(Fixed(8, 7), 3)), str(resized(Minifloat(4, 3), 6)), resized(Minifloat(4, 3), 4)
    ('fixed(3,2)', 'float(4,1)', None)
    """
    if isinstance(format, PerChannel):
        channels = [resized(one, bits) for one in format.formats]
        found = tuple(one for one in channels if one is not None)
        return PerChannel(found, format.axis) if len(found) == len(channels) else None
    if bits == format.bits:
        return format
    try:
        if isinstance(format, Fixed):
            return replace(format, bits=bits, frac=format.frac + bits - format.bits)
        if isinstance(format, Minifloat):
            return replace(format, man=bits - 1 - format.exp)
        if isinstance(format, PowerOfTwo):
            return replace(format, bits=bits)
        return _scaled(format, bits) if isinstance(format, Scaled) else None
    except ValueError:  # the family's own bounds
        return None


def _scaled(format: Scaled, bits: int) -> Scaled | None:
    old = format.element
    if isinstance(old, Minifloat) and isinstance(format.scale, SharedExponent):
        return replace(format, element=replace(old, man=bits - 1 - old.exp))
    if not isinstance(old, Fixed):
        return None
    new = replace(old, bits=bits)
    if isinstance(format.scale, SharedExponent):
        return replace(format, element=new)
    scales = format.scale if isinstance(format.scale, tuple) else (format.scale,)
    zeros = format.zero if isinstance(format.zero, tuple) else (format.zero,) * len(scales)
    if format.dyadic and not any(zeros):
        chosen = [(scale * 2.0 ** (old.bits - bits), 0) for scale in scales]
    else:
        chosen = [_covering(old, new, scale, zero) for scale, zero in zip(scales, zeros, strict=True)]
    if not isinstance(format.scale, tuple):
        return Scaled(new, *chosen[0])
    scale, zero = zip(*chosen, strict=True)
    return Scaled(new, scale, zero if isinstance(format.zero, tuple) else zero[0], format.axis)


def _covering(old: Fixed, new: Fixed, scale: float, zero: int) -> tuple[float, int]:
    """The scale and the zero point under which the codes of ``new`` cover what those of ``old`` cover."""
    if zero == 0:
        return nearest_scale(Fraction(scale) * old.maximum / new.maximum), 0
    wider = nearest_scale(Fraction(scale) * (old.maximum - old.minimum) / (new.maximum - new.minimum))
    exact = new.minimum - (old.minimum - zero) * Fraction(scale) / Fraction(wider)
    return wider, min(max(round(exact), new.word[0]), new.word[-1])
