"""What the bits of a format are, and which part of a range they reach."""

from math import ceil, floor, log2

from adequate.formats import Binary, Codebook, Fixed, Format, Minifloat, PowerOfTwo, Scaled, Underflow
from adequate.profiling import Range

KINDS = {
    "s": "sign",
    "i": "integer",
    "f": "fraction",
    "e": "exponent",
    "m": "mantissa",
    "c": "code",
}


def bit_kinds(format: Format) -> tuple[str, float | None]:
    """What each bit of a word is (a letter of ``KINDS``), and log2 of the first one's weight where bits have weights.

    >>> bit_kinds(Fixed(8, 4)), bit_kinds(Minifloat(4, 3))
    (('siiiffff', 3), ('seeeemmm', None))
    """
    match format:
        case Fixed():
            return _weighted(format.bits, format.signed, format.bits - 1 - format.frac)
        case Minifloat():
            return "s" + "e" * format.exp + "m" * format.man, None
        case PowerOfTwo():
            return "s" + "e" * (format.bits - 1), None
        case Binary():
            return "s", None
        case Scaled(element=Fixed() as element, scale=float() as scale):
            return _weighted(element.bits, element.signed, element.bits - 1 - element.frac + log2(scale))
        case Scaled():
            return bit_kinds(format.element)[0], None
        case _:
            return "c" * format.bits, None


def window(format: Format) -> tuple[float, float] | None:
    """The smallest positive value and the largest magnitude; None where they depend on the data.

    >>> window(Fixed(8, 4)), window(Minifloat(4, 3))
    ((0.0625, 8.0), (0.001953125, 480.0))
    """
    largest = float(max(-format.minimum, format.maximum))
    match format:
        case Minifloat(underflow=Underflow.NEAREST | Underflow.FLUSH):
            return 2.0**format.min_exponent, largest
        case PowerOfTwo():
            return 2.0 ** (format.min_exponent + format.zero), largest
        case Codebook():
            return min(abs(value) for value in format.values if value), largest
        case Scaled(scale=float() | tuple() as scale):
            inner = window(format.element)
            finest = min(scale) if isinstance(scale, tuple) else scale
            return None if inner is None else (inner[0] * finest, largest)
        case Scaled():
            return None
        case _:
            return 2.0 ** (format.grid or 0), largest


def beyond(seen: Range, format: Format) -> float | None:
    """Share of the values with |x| >= 2**ceil(log2 largest): those that saturate, counted in whole octaves."""
    ends = window(format)
    return None if ends is None else 1 - seen.share_below(ceil(log2(ends[1])))


def below(seen: Range, format: Format) -> float | None:
    """Share of the values, zeros aside, with |x| under half the smallest positive value, in whole octaves."""
    ends = window(format)
    if ends is None:
        return None
    return max(0.0, seen.share_below(floor(log2(ends[0])) - 1) - seen.zeros / max(seen.count, 1))


def _weighted(bits: int, signed: bool, top: float) -> tuple[str, float]:
    return "".join("s" if signed and i == 0 else "i" if top - i >= 0 else "f" for i in range(bits)), top
