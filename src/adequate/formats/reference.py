"""What every format must do, said once: rounding in exact fractions over the values that ``decode`` gives.

Nothing here is shared with the fast paths. Slow: for tests, and for other references.
"""

from bisect import bisect_left
from fractions import Fraction
from math import floor

from adequate.formats.fixed import Fixed
from adequate.formats.format import Format
from adequate.formats.levels import Binary, Ternary
from adequate.formats.minifloat import Minifloat, Underflow
from adequate.formats.power_of_two import Nearest, PowerOfTwo
from adequate.formats.rounding import Overflow, Rounding
from adequate.formats.scaled import Scaled


def round_reference(format: Format, x: Fraction, rounding: Rounding | None = None) -> Fraction:
    """The value that ``x`` becomes, by the format's own rule or by ``rounding``.

    Of two values equally near, the one with the even code wins (under a zero point, the even multiple of the scale); if
    both or neither are even, the one of smaller magnitude; if that is equal too, the positive one. Beyond the range it
    is the nearest end.

    >>> round_reference(Fixed(8, 0), Fraction(5, 2)), round_reference(Minifloat(2, 1), Fraction(100))
    (Fraction(2, 1), Fraction(6, 1))

    Raises:
        ValueError: the rule is stochastic (``draw_reference`` says what that does), or the format has several scales.
    """
    element = format.element if isinstance(format, Scaled) else format
    rule: Rounding = rounding or getattr(element, "rounding", Rounding.NEAREST_EVEN)
    match format:
        case Scaled():
            scale, zero = _scale(format)
            if zero == 0:
                return scale * round_reference(format.element, x / scale, rounding)
            code = round_reference(Fixed(64, 0), x / scale, rule) + zero
            return scale * (min(max(code, format.element.minimum), format.element.maximum) - zero)
        case Fixed():
            steps = x * Fraction(2) ** format.frac
            below = floor(steps)
            code = int(_choose(steps, Fraction(below), Fraction(below + 1), (below % 2 == 0, below % 2 == 1), rule))
            if format.overflow is Overflow.WRAP:
                return format.decode((code - format.word.start) % 2**format.bits + format.word.start)
            return format.decode(min(max(code, format.word.start), format.word.stop - 1))
        case Minifloat(underflow=Underflow.FLUSH) if abs(x) < Fraction(2) ** format.min_exponent:
            return Fraction(0)
        case PowerOfTwo(nearest=Nearest.EXPONENT):
            return _nearest_exponent(format, x)
        case Ternary():
            return Fraction((x > Fraction(format.threshold)) - (x < -Fraction(format.threshold)))
        case _:
            (lower, lower_code), (upper, upper_code) = neighbours(format, x)
            return _choose(x, lower, upper, (lower_code % 2 == 0, upper_code % 2 == 0), rule)


def draw_reference(format: Format, x: Fraction) -> tuple[Fraction, Fraction, Fraction]:
    """The two values between which stochastic rounding draws, and the probability of the upper one (without wrapping).

    >>> draw_reference(Fixed(8, 0), Fraction(5, 4))
    (Fraction(1, 1), Fraction(2, 1), Fraction(1, 4))
    """
    if isinstance(format, Scaled):
        scale, zero = _scale(format)
        lower, upper, chance = draw_reference(format.element, x / scale + zero)
        return scale * (lower - zero), scale * (upper - zero), chance
    if (
        isinstance(format, Minifloat)
        and format.underflow is Underflow.FLUSH
        and abs(x) < Fraction(2) ** format.min_exponent
    ):
        return Fraction(0), Fraction(0), Fraction(0)
    (lower, _), (upper, _) = neighbours(format, x)
    return lower, upper, (x - lower) / (upper - lower) if upper > lower else Fraction(0)


def draw_word(key: int, index: int) -> Fraction:
    """The draw of one element: a multiple of 2**-24 in [0, 1), mixed from a key of 64 bits and the element's index."""
    word = 2**32
    block = index // word
    first, second = key ^ 0x85EBCA6B * block, key // word + 0x9E3779B9 * block
    z = (index ^ first) % word
    z = ((z ^ z >> 16) * 0x21F0AAAD ^ second) % word
    z = (z ^ z >> 15) * 0x735A2D97 % word
    return Fraction((z ^ z >> 15) >> 8, 2**24)


def stochastic_reference(format: Format, x: Fraction, draw: Fraction) -> Fraction:
    """What ``x`` becomes by this draw (without wrapping), so that the upper neighbour has its probability.

    Of two values of one sign the one of larger magnitude is taken where the draw is below its probability, of two
    others the upper one.
    """
    lower, upper, chance = draw_reference(format, x)
    if lower < upper <= 0:
        return lower if draw < 1 - chance else upper
    return upper if draw < chance else lower


def neighbours(format: Format, x: Fraction) -> tuple[tuple[Fraction, int], tuple[Fraction, int]]:
    """The highest value not above ``x`` and the lowest not below it, with their canonical codes; an end twice."""
    below: list[tuple[Fraction, int]] = []
    above: list[tuple[Fraction, int]] = []
    for run in _ascending(format):
        at = bisect_left(run, x, key=format.decode)
        if at < len(run):
            above.append((format.decode(run[at]), run[at]))
        if at < len(run) and above[-1][0] == x:
            below.append(above[-1])
        elif at > 0:
            value = format.decode(run[at - 1])
            first = at - 1 if value else bisect_left(run, 0, key=format.decode)  # only 0 has several codes
            below.append((value, run[first]))
    lower = max(below, key=lambda pair: pair[0]) if below else None  # of equals the first: from the positive codes
    upper = min(above, key=lambda pair: pair[0]) if above else None
    if lower is None or upper is None:
        end = lower or upper
        assert end is not None
        return end, end
    return lower, upper


def _ascending(format: Format) -> list[range]:
    """Codes in runs of ascending values, those that are no numbers left out; canonical codes of zero come first."""
    word = format.word
    if not isinstance(format, Minifloat | PowerOfTwo | Binary):
        return [word]
    half = len(word) // 2  # below it the positive values, above it the negative ones
    positive, negative = word[:half], word[half:]
    numbers = bisect_left(positive, True, key=lambda code: not _is_number(format, code))
    return [positive[:numbers], negative[:numbers][::-1]]


def _is_number(format: Format, code: int) -> bool:
    try:
        format.decode(code)
    except ValueError:
        return False
    return True


def _choose(x: Fraction, lower: Fraction, upper: Fraction, even: tuple[bool, bool], rule: Rounding) -> Fraction:
    if x in (lower, upper):
        return x
    smaller, larger = sorted((upper, lower), key=abs)
    match rule:
        case Rounding.DOWN:
            return lower
        case Rounding.TOWARD_ZERO:
            return smaller
        case Rounding.STOCHASTIC:
            raise ValueError("stochastic rounding has no single result; draw_reference gives both and the probability")
        case Rounding.NEAREST_EVEN | Rounding.NEAREST_AWAY:
            if x - lower != upper - x:
                return lower if x - lower < upper - x else upper
            if rule is Rounding.NEAREST_AWAY:
                return larger
            return smaller if even[0] == even[1] else lower if even[0] else upper


def _nearest_exponent(format: PowerOfTwo, x: Fraction) -> Fraction:
    """sign(x) * 2**k, k the exponent nearest to log2|x|, that is 2**(2k-1) < x**2 < 2**(2k+1), within the range."""
    exponents = range(format.min_exponent, format.max_exponent + 1)
    k = exponents[max(0, bisect_left(exponents, x * x, key=lambda k: Fraction(2) ** (2 * k - 1)) - 1)]
    if format.zero and k == format.min_exponent:
        return Fraction(0)
    return (-1 if x < 0 else 1) * Fraction(2) ** k


def _scale(format: Scaled) -> tuple[Fraction, int]:
    if not isinstance(format.scale, float) or not isinstance(format.zero, int):
        raise ValueError(f"{format} has several scales; take one channel(i)")
    return Fraction(format.scale), format.zero
