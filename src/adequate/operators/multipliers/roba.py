"""The rounding-based approximate multiplier."""

from dataclasses import dataclass

from adequate.circuits import Word, constant
from adequate.operators.multiplier import UnsignedMultiplier
from adequate.operators.multipliers.leading_one import leading_one


@dataclass(frozen=True)
class Roba(UnsignedMultiplier):
    """The rounding-based approximate multiplier (RoBA): a * b ~ ra * b + rb * a - ra * rb.

    ra and rb are the operands rounded to the nearest power of two; 3 * 2**k, halfway, is rounded up, but 3 to 2.
    Source: Zendegani et al. 2017, "RoBA multiplier", IEEE TVLSI 25(2), section III, eqs. 1-3 (unsigned).

    >>> Roba(8, 8)(Word(5, 8), Word(7, 8)).value == 4 * 7 + 8 * 5 - 4 * 8
    True
    """

    def __call__(self, a: Word, b: Word) -> Word:
        place_a, place_b = _nearest_power(a), _nearest_power(b)
        ra_b = b.shift_left(place_a).times_bit(a.any())
        rb_a = a.shift_left(place_b).times_bit(b.any())
        ra = constant(1).shift_left(place_a)[: a.width + 1].times_bit(a.any())
        ra_rb = ra.shift_left(place_b).times_bit(b.any())
        return (ra_b + rb_a - ra_rb).resized(a.width + b.width)


def _nearest_power(a: Word) -> Word:
    """The exponent of the power of two nearest to ``a``; of 0 any."""
    place = leading_one(a)
    below = (a << 1).shift_right(place)[0]  # the bit under the leading one
    return (place + (below & ~a.equals(constant(3))))[: a.width.bit_length()]
