"""Rounding of integer quotients: everything a program rounds goes through here."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from adequate.formats import Overflow, Rounding, Underflow

Integers = Any
"""A Python int, or a NumPy array of dtype object that holds nothing else."""

_bit_length = np.frompyfunc(int.bit_length, 1, 1)


def choose(condition: Any, a: Integers, b: Integers) -> Integers:
    """``a`` where the condition holds, else ``b``."""
    return np.where(condition, a, b) if isinstance(condition, np.ndarray) else a if condition else b


def clamp(n: Integers, low: int | None, high: int | None) -> Integers:
    """n, but no lower than ``low`` and no higher than ``high``."""
    n = n if low is None else choose(n < low, low, n)
    return n if high is None else choose(n > high, high, n)


def divide(n: Integers, d: Integers, rule: Rounding) -> Integers:
    """n / d rounded to an integer, for d > 0.

    >>> [divide(n, 2, Rounding.NEAREST_EVEN) for n in (-3, -1, 1, 3)]
    [-2, 0, 0, 2]
    """
    q = n // d
    twice = 2 * (n - q * d)
    match rule:
        case Rounding.NEAREST_EVEN:
            return q + 1 * ((twice > d) | ((twice == d) & (q % 2 == 1)))
        case Rounding.NEAREST_AWAY:
            return q + 1 * ((twice > d) | ((twice == d) & (n > 0)))
        case Rounding.TOWARD_ZERO:
            return q + 1 * ((twice > 0) & (n < 0))
        case Rounding.DOWN:
            return q
        case Rounding.STOCHASTIC:
            raise ValueError("stochastic rounding has no single result, so that no program has it")


@dataclass(frozen=True)
class ToFixed:
    """n / d rounded to an integer by ``rounding``, then brought into ``low .. high``: saturated, or wrapped around."""

    low: int
    high: int
    rounding: Rounding = Rounding.NEAREST_EVEN
    overflow: Overflow = Overflow.SATURATE

    def __call__(self, n: Integers, d: Integers = 1) -> Integers:
        """The rounded quotient."""
        q = divide(n, d, self.rounding)
        if self.overflow is Overflow.WRAP:
            return (q - self.low) % (self.high - self.low + 1) + self.low
        return clamp(q, self.low, self.high)


@dataclass(frozen=True)
class ToFloat:
    """n / d rounded to ``mantissa`` + 1 significant bits, in units of the smallest step: integers up to ``high``.

    The smallest normal number is 2**mantissa. Between 0 and it ``underflow`` says what there is (see ``Underflow``).
    Beyond -high .. high the nearer end. ``mantissa`` is at least 1.
    """

    mantissa: int
    high: int
    rounding: Rounding = Rounding.NEAREST_EVEN
    underflow: Underflow = Underflow.GRADUAL

    @property
    def low(self) -> int:
        """The lowest number."""
        return -self.high

    def __call__(self, n: Integers, d: Integers = 1) -> Integers:
        """The rounded quotient."""
        smallest = 2**self.mantissa
        whole = abs(n) // d
        length = _bit_length(whole) if isinstance(whole, np.ndarray) else whole.bit_length()
        step = 2 ** clamp(length - 1 - self.mantissa, 0, None)
        y = clamp(divide(n, d * step, self.rounding) * step, self.low, self.high)
        if self.underflow is Underflow.GRADUAL:
            return y
        tiny = whole < smallest
        if self.underflow is Underflow.FLUSH:
            return choose(tiny, 0, y)
        return choose(tiny, divide(n, d * smallest, self.rounding) * smallest, y)


Rounder = ToFixed | ToFloat
"""What the rounding circuits of a program round to."""
