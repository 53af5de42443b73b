"""Bit-vectors over any carrier: the one language in which arithmetic operators are written."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from adequate.circuits.expression import Expression

INTEGER_BITS = 64
"""What a carrier holds: int64, two's complement."""


@dataclass(frozen=True, eq=False)
class Word:
    """An integer of stated width: unsigned 0 .. 2**width - 1, or signed two's complement.

    ``value`` is the carrier: a Python int, a NumPy int64 array, a torch int64 tensor, or an ``Expression`` (a hardware
    signal, a C++ variable). A carrier always holds the integer itself, negative where a signed word is, so that
    Python's operators mean the same on all of them. Every operation is exact: widths grow and nothing is lost; only
    ``resized`` and slices drop bits. Nothing is checked on tensors: a value outside its width is the caller's mistake.

    >>> a, b = Word(200, 8), Word(100, 8)
    >>> (a + b).value, (a + b).width, (b - a).value, (b - a).signed, a[3:].value, a[7].value
    (300, 9, -100, True, 25, 1)

    Raises:
        ValueError: the width is negative, or int64 does not hold it.
    """

    value: Any
    width: int
    signed: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.width <= INTEGER_BITS - (not self.signed):
            kind = "a signed" if self.signed else "an unsigned"
            raise ValueError(f"{kind} word has 0 to {INTEGER_BITS - (not self.signed)} bits, not {self.width}")
        if isinstance(self.value, Expression):
            object.__setattr__(self, "value", self.value.named(self.width, self.signed))

    def __getitem__(self, place: int | slice) -> "Word":
        """Bit ``a[i]``, or the unsigned word of bits ``a[low:high]``, least significant first, as Python slices."""
        if isinstance(place, slice):
            low, high, step = place.indices(self.width)
            if step != 1:
                raise ValueError(f"a word is sliced in steps of 1, not {step}")
            width = max(high - low, 0)
        else:
            low, width = range(self.width)[place], 1
        if width == 0:
            return Word(0, 0)
        if (low, width, self.signed) == (0, self.width, False):
            return self
        value = self.value >> low if low else self.value
        return Word(value & (2**width - 1), width)

    def __add__(self, other: "Word") -> "Word":
        width, signed = _common(self, other)
        return Word(self.value + other.value, width + 1, signed)

    def __sub__(self, other: "Word") -> "Word":
        width, _ = _common(self, other)
        return Word(self.value - other.value, width + 1, True)

    def __neg__(self) -> "Word":
        return constant(0) - self

    def __mul__(self, other: "Word") -> "Word":
        return Word(self.value * other.value, self.width + other.width, self.signed or other.signed)

    def __and__(self, other: "Word") -> "Word":
        return Word(self.value & other.value, *_common(self, other))

    def __or__(self, other: "Word") -> "Word":
        return Word(self.value | other.value, *_common(self, other))

    def __xor__(self, other: "Word") -> "Word":
        return Word(self.value ^ other.value, *_common(self, other))

    def __invert__(self) -> "Word":
        """Every bit of the width inverted."""
        return Word(self.value ^ (-1 if self.signed else 2**self.width - 1), self.width, self.signed)

    def __lshift__(self, places: int) -> "Word":
        return Word(self.value << places, self.width + places, self.signed) if places else self

    def __rshift__(self, places: int) -> "Word":
        """Drops the lowest bits: floor(a / 2**places)."""
        if places == 0:
            return self
        width = max(self.width - places, int(self.signed))
        return Word(self.value >> min(places, INTEGER_BITS - 1), width, self.signed)

    def shift_left(self, places: "Word") -> "Word":
        """a * 2**places, for an unsigned word of places."""
        return Word(self.value << places.value, self.width + 2**places.width - 1, self.signed)

    def shift_right(self, places: "Word") -> "Word":
        """floor(a / 2**places), for an unsigned word of at most 6 bits of places."""
        return Word(self.value >> places.value, self.width, self.signed)

    def times_bit(self, bit: "Word") -> "Word":
        """``a`` where the one-bit word is 1, else 0: a row of AND gates."""
        return Word(self.value & -bit.value, self.width, self.signed)

    def any(self) -> "Word":
        """One bit: whether a bit of ``a`` is set."""
        word = self[:]
        while word.width > 1:
            half = (word.width + 1) // 2
            word = word[:half] | word[half:]
        return word.resized(1)

    def equals(self, other: "Word") -> "Word":
        return ~(self ^ other).any()

    def less(self, other: "Word") -> "Word":
        """One bit: whether a < b: the sign of a - b."""
        return (self - other)[-1]

    def resized(self, width: int, signed: bool = False) -> "Word":
        """The word of that width with the same lowest bits: truncated, or extended with the sign of ``a``."""
        if width - signed >= self.width - self.signed and (signed or not self.signed):
            return Word(self.value, width, signed)
        low = Word(self.value & (2**width - 1), width)
        if not signed or width == 0:
            return Word(low.value, width, signed)
        sign = 2 ** (width - 1)
        return Word((low.value ^ sign) - sign, width, True)


def constant(value: int) -> Word:
    """The narrowest word of an integer."""
    return Word(value, value.bit_length(), False) if value >= 0 else Word(value, (~value).bit_length() + 1, True)


def mux(condition: Word, a: Word, b: Word) -> Word:
    """``a`` where the one-bit ``condition`` is 1, else ``b``."""
    return Word(b.value ^ (-condition.value & (a.value ^ b.value)), *_common(a, b))


def concat(*words: Word) -> Word:
    """All bits in one unsigned word, the first word's least significant."""
    value, width = words[0][:].value, words[0].width
    for word in words[1:]:
        value = value | (word[:].value << width)
        width += word.width
    return Word(value, width)


def sum_words(rows: Iterable[Word]) -> Word:
    """The exact sum, by a balanced tree of adders; 0 of nothing."""
    level: Sequence[Word] = list(rows) or [constant(0)]
    while len(level) > 1:
        odd = level[len(level) & ~1 :]
        level = [*(a + b for a, b in zip(level[::2], level[1::2], strict=False)), *odd]
    return level[0]


def _common(a: Word, b: Word) -> tuple[int, bool]:
    """The narrowest width and signedness that hold both words."""
    signed = a.signed or b.signed
    return max(w.width + (signed and not w.signed) for w in (a, b)), signed
