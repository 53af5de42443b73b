"""Signed operands on an unsigned multiplier: two conventions."""

from dataclasses import dataclass
from typing import final

from adequate.circuits import Word, constant, mux
from adequate.operators.multiplier import Multiplier
from adequate.operators.operator import Operand


@dataclass(frozen=True)
class SignMagnitude(Multiplier):
    """An unsigned multiplier of the magnitudes, its product negated where the signs differ.

    T(a, b) = sign(a) * sign(b) * m(|a|, |b|). An operand has the width of the unsigned one: |-2**(w-1)| fits in w bits.
    ``signed_a`` or ``signed_b`` false leaves that operand unsigned, for instance after a ReLU.

    >>> from adequate.operators.multipliers import Exact
    >>> SignMagnitude(Exact(8, 8))(Word(-128, 8, signed=True), Word(3, 8, signed=True)).value
    -384

    Raises:
        ValueError: the multiplier is not one of unsigned integers.
    """

    multiplier: Multiplier
    signed_a: bool = True
    signed_b: bool = True

    def __post_init__(self) -> None:
        require_unsigned(self.name, self.multiplier)

    @property
    @final
    def a(self) -> Operand:
        return Operand(self.multiplier.a.width, self.signed_a)

    @property
    @final
    def b(self) -> Operand:
        return Operand(self.multiplier.b.width, self.signed_b)

    @property
    @final
    def product(self) -> None:
        return None

    def __call__(self, a: Word, b: Word) -> Word:
        result = self.multiplier(_magnitude(a), _magnitude(b))
        return mux(_sign(a) ^ _sign(b), -result, result)


@dataclass(frozen=True)
class Offset(Multiplier):
    """An unsigned multiplier of the operands moved up by half their range, the excess taken off exactly.

    With a' = a + 2**(wa-1) and b' = b + 2**(wb-1): T(a, b) = m(a', b') - 2**(wa-1) * b' - 2**(wb-1) * a' +
    2**(wa+wb-2). In a sum of products the excess is a sum of activations and one of weights.

    >>> from adequate.operators.multipliers import Exact
    >>> Offset(Exact(8, 8))(Word(-128, 8, signed=True), Word(3, 8, signed=True)).value
    -384

    Raises:
        ValueError: the multiplier is not one of unsigned integers.
    """

    multiplier: Multiplier

    def __post_init__(self) -> None:
        require_unsigned(self.name, self.multiplier)

    @property
    @final
    def a(self) -> Operand:
        return Operand(self.multiplier.a.width, signed=True)

    @property
    @final
    def b(self) -> Operand:
        return Operand(self.multiplier.b.width, signed=True)

    @property
    @final
    def product(self) -> None:
        return None

    def __call__(self, a: Word, b: Word) -> Word:
        half_a, half_b = a.width - 1, b.width - 1
        moved_a, moved_b = (w[:] ^ Word(2 ** (w.width - 1), w.width) for w in (a, b))
        excess = (moved_b << half_a) + (moved_a << half_b)
        return self.multiplier(moved_a, moved_b) + constant(2 ** (half_a + half_b)) - excess


def require_unsigned(name: str, multiplier: Multiplier) -> None:
    """``multiplier`` takes two unsigned integers and gives an integer."""
    operands = (multiplier.a, multiplier.b)
    if multiplier.product is not None or any(one.signed or one.format is not None for one in operands):
        raise ValueError(f"{name} makes a signed multiplier of one of unsigned integers, not of {multiplier}")


def _sign(a: Word) -> Word:
    return a[-1] if a.signed else Word(0, 1)


def _magnitude(a: Word) -> Word:
    return mux(a[-1], -a, a)[: a.width] if a.signed else a
