"""Multipliers worth trying: the families at a few settings each."""

from adequate.operators.adders import LowerOr
from adequate.operators.multiplier import Multiplier
from adequate.operators.multipliers import (
    AdderArray,
    BaughWooley,
    Booth,
    BrokenArray,
    Drum,
    ErrorTolerant,
    Exact,
    Kulkarni,
    Mitchell,
    Perforated,
    Roba,
    SignMagnitude,
    StaticSegment,
    TruncatedArray,
    TruncatedOperands,
)


def catalog(bits: int = 8, *, signed: bool = False) -> tuple[Multiplier, ...]:
    """Multipliers of two ``bits``-bit integers, from exact to coarse; the settings are our choice.

    ``signed``: of two's complement integers: the unsigned ones by sign and magnitude, Booth's and Baugh and Wooley's.

    >>> len(catalog(8)), str(catalog(8)[1])
    (28, 'truncated_array(8,8,4)')

    Raises:
        ValueError: ``bits`` is below 4 or above 16.
    """
    if not 4 <= bits <= 16:
        raise ValueError(f"the catalogue has multipliers of 4 to 16 bits, not {bits}")
    n, half = bits, bits // 2
    unsigned: tuple[Multiplier, ...] = (
        Exact(n, n),
        *(TruncatedArray(n, n, t, corrected=c) for t in sorted({half, n - 2, n}) for c in (False, True)),
        *(BrokenArray(n, n, horizontal=h, vertical=2 * h) for h in range(2, half + 1)),
        *(Perforated(n, n, first, count) for first, count in ((0, 1), (0, 2), (1, 2))),
        *(TruncatedOperands(n, n, d, d) for d in sorted({1, 2, half})),
        StaticSegment(n, n, (n + 1) // 2),
        *(Drum(n, n, k) for k in range(3, n - 1)[:4]),
        Mitchell(n, n),
        Mitchell(n, n, half),
        Roba(n, n),
        Kulkarni(n, n),
        ErrorTolerant(n, n, half),
        *(AdderArray(n, n, LowerOr(2 * n, lower)) for lower in (half, n)),
    )
    if not signed:
        return unsigned
    return (
        *(SignMagnitude(one) for one in unsigned),
        *(Booth(n, n, columns) for columns in (0, half, n)),
        *(BaughWooley(n, n, columns) for columns in (0, half, n)),
    )
