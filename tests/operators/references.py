"""The families of multipliers as their papers define them: plain arithmetic on Python integers and fractions."""

from collections.abc import Iterable
from fractions import Fraction


def array(a: int, b: int, kept: Iterable[tuple[int, int]]) -> int:
    """The sum of the partial products a[i] * b[j] * 2**(i+j) kept."""
    return sum(2 ** (i + j) for i, j in kept if a >> i & 1 and b >> j & 1)


def cells(width_a: int, width_b: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(width_a) for j in range(width_b)]


def drum(a: int, b: int, segment: int) -> int:
    """The leading ``segment`` bits of each operand, the last of them 1 if any was cut off (Hashemi 2015)."""

    def approximate(x: int) -> int:
        cut = x.bit_length() - segment
        return x if cut <= 0 else (x // 2**cut | 1) * 2**cut

    return approximate(a) * approximate(b)


def static_segment(a: int, b: int, width_a: int, width_b: int, segment: int) -> int:
    """The upper ``segment`` bits if the operand does not fit in the lower ones (Narayanamoorthy 2015)."""

    def approximate(x: int, width: int) -> int:
        step = 2 ** (width - segment)
        return x if x < 2**segment else x // step * step

    return approximate(a, width_a) * approximate(b, width_b)


def mitchell(a: int, b: int, fraction: int) -> int:
    """Equations 8-10 and 25 in fractions, the logarithms' fractions cut off to ``fraction`` bits (Mitchell 1962)."""
    if a == 0 or b == 0:
        return 0

    def logarithm(x: int) -> tuple[int, Fraction]:
        k = x.bit_length() - 1
        f = Fraction(x, 2**k) - 1
        return k, Fraction(f * 2**fraction // 1, 2**fraction)

    (k1, f1), (k2, f2) = logarithm(a), logarithm(b)
    if f1 + f2 < 1:
        return int(2 ** (k1 + k2) * (1 + f1 + f2))
    return int(2 ** (k1 + k2 + 1) * (f1 + f2))


def roba(a: int, b: int) -> int:
    """ra * b + rb * a - ra * rb with the nearest powers of two, ties up but for 3 (Zendegani 2017)."""

    def nearest(x: int) -> int:
        if x in (0, 3):
            return x and 2
        return min((2**k for k in range(x.bit_length(), -1, -1)), key=lambda power: abs(power - x))  # the higher first

    return nearest(a) * b + nearest(b) * a - nearest(a) * nearest(b)


def kulkarni(a: int, b: int, width: int) -> int:
    """Halves multiplied recursively down to 2x2 blocks (Kulkarni 2011); ``width`` a power of two."""
    if width == 2:
        return 7 if a == b == 3 else a * b
    half = width // 2
    (ah, al), (bh, bl) = divmod(a, 2**half), divmod(b, 2**half)
    crossed = kulkarni(ah, bl, half) + kulkarni(al, bh, half)
    return kulkarni(ah, bh, half) * 2**width + crossed * 2**half + kulkarni(al, bl, half)


def error_tolerant(a: int, b: int, split: int) -> int:
    """Bit by bit from the highest lower place on; once a 1 is met, all places from there on are 1 (Kyaw 2010)."""
    (ah, al), (bh, bl) = divmod(a, 2**split), divmod(b, 2**split)
    if ah == bh == 0:
        return al * bl
    places, met = "", False
    for place in reversed(range(split)):
        met = met or (al >> place & 1) == 1 or (bl >> place & 1) == 1
        places += "01"[met]
    places += "01"[met] * split
    return ah * bh * 4**split + int(places, 2)


def lower_or(a: int, b: int, lower: int) -> int:
    """OR below, exact addition above with the AND of the highest lower bits as carry (Mahdiani 2010)."""
    (ah, al), (bh, bl) = divmod(a, 2**lower), divmod(b, 2**lower)
    carry = lower > 0 and al >= 2 ** (lower - 1) and bl >= 2 ** (lower - 1)
    return (ah + bh + carry) * 2**lower + (al | bl)


def segmented(a: int, b: int, width: int, result: int, previous: int) -> int:
    """Each adder sees result + previous bits; of all but the lowest the upper sum bits count (Shafique 2015)."""
    length = result + previous
    total = (a % 2**length + b % 2**length) % 2**length if width > length else a + b
    for low in range(result, width - previous, result):
        high = min(low + length, width)
        window = (a % 2**high >> low) + (b % 2**high >> low)
        if high < width:
            window %= 2**length
        total += window >> previous << (low + previous)
    return total


def booth(a: int, b: int, width_b: int, columns: int) -> int:
    """Signed digits -2..2 by carry, rows cut below ``columns``; a negative row is -(|d| a) - 1, and 1 more apart."""
    total, carry = 0, 0
    for place in range(0, width_b, 2):
        low = (b >> place) % 4
        digit, carry = (low + carry, 0) if low < 2 else (low + carry - 4, 1)
        row = digit * a if digit >= 0 else digit * a - 1
        total += row * 2**place // 2**columns * 2**columns
        if digit < 0 and place >= columns:
            total += 2**place
    return total
