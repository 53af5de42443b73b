"""Recodings of integers into signed powers of two, digit by digit."""

from functools import cache


@cache
def set_bits(x: int) -> list[tuple[int, int]]:
    """(sign, exponent) of each set bit of |x|."""
    return [(1, n) for n in range(abs(x).bit_length()) if abs(x) >> n & 1]


@cache
def naf(x: int) -> list[tuple[int, int]]:
    """Canonical signed digits of |x|: of an odd number the digit that makes the rest divisible by four."""
    left, at, found = abs(x), 0, []
    while left:
        if left % 2:
            sign = 2 - left % 4
            found.append((sign, at))
            left -= sign
        left, at = left // 2, at + 1
    return found


@cache
def greedy(x: int) -> list[tuple[int, int]]:
    """DNNsim's: a run opens at 111, each 0 inside it is a term, it closes at a 1 followed by 00."""
    bits, inside, found = f"{abs(x):b}" + "00", False, []
    for place in range(len(bits) - 2):
        exponent = len(bits) - 3 - place
        three = bits[place : place + 3]
        if inside:
            if three[0] == "0":
                found.append((-1, exponent))
            if three == "100":
                found.append((-1, exponent))
                inside = False
        elif three == "111":
            found.append((1, exponent + 1))
            inside = True
        elif three[0] == "1":
            found.append((1, exponent))
    return found
