"""Kulkarni's underdesigned multiplier."""

from dataclasses import dataclass

from adequate.circuits import Word, concat, sum_words
from adequate.operators.multiplier import UnsignedMultiplier


@dataclass(frozen=True)
class Kulkarni(UnsignedMultiplier):
    """The underdesigned multiplier: built of 2x2 blocks that are exact but for 3 * 3 = 7, and exact adders.

    Source: Kulkarni, Gupta and Ercegovac 2011, "Trading accuracy for power with an underdesigned multiplier
    architecture", VLSI Design, section 2. Since its adders are exact, the recursion is the sum over all pairs of
    two-bit digits; an odd width has a leading 0.

    >>> Kulkarni(8, 8)(Word(3, 8), Word(3, 8)).value, Kulkarni(8, 8)(Word(2, 8), Word(3, 8)).value
    (7, 6)
    """

    def __call__(self, a: Word, b: Word) -> Word:
        blocks = [
            _block(a[i : i + 2].resized(2), b[j : j + 2].resized(2)) << (i + j)
            for i in range(0, a.width, 2)
            for j in range(0, b.width, 2)
        ]
        return sum_words(blocks).resized(a.width + b.width)


def _block(x: Word, y: Word) -> Word:
    """The 2x2 block of figure 1: three bits for a product of up to 9."""
    return concat(x[0] & y[0], (x[1] & y[0]) | (x[0] & y[1]), x[1] & y[1])
