"""A format of one family in the place of a format of another."""

from dataclasses import replace

from adequate.exploration.resizing import resized
from adequate.formats import Fixed, Format, Minifloat, PerChannel, PowerOfTwo
from adequate.formats.binades import ceil_log2


def recast(member: Format, place: Format, bits: int) -> Format | None:
    """The format of ``member``'s family in ``bits`` bits that reaches as far as ``place``.

    The family is what ``resized`` makes of the member; it is then moved by a power of two, so that
    ceil(log2(maximum)) is that of ``place``; of channels each by its own. None where there is no such format.

    >>> place = Fixed(8, 7)
    >>> [str(recast(one, place, 5)) for one in (Fixed(8, 0), Minifloat(3, 4), PowerOfTwo(4))]
    ['fixed(5,4)', 'float(3,1,bias=8)', 'pow2(5,max_exponent=0)']

    Raises:
        ValueError: the member is of another family than fixed, float and pow2, which can be moved.
    """
    if not isinstance(member, Fixed | Minifloat | PowerOfTwo):
        raise ValueError(f"a family is given by one of its members, fixed, float or pow2, not by {member}")
    if isinstance(place, PerChannel):
        formats = [recast(member, one, bits) for one in place.formats]
        found = tuple(one for one in formats if one is not None)
        return PerChannel(found, place.axis) if len(found) == len(formats) else None
    found = resized(member, bits)
    if found is None:
        return None
    by = ceil_log2(place.maximum) - ceil_log2(found.maximum)
    try:
        match found:
            case Fixed():
                return replace(found, frac=found.frac - by)
            case Minifloat():
                return replace(found, bias=1 - found.min_exponent - by)
            case _:
                assert isinstance(found, PowerOfTwo)
                return replace(found, max_exponent=found.max_exponent + by)
    except ValueError:  # the family's own bounds
        return None
