"""The exact adder."""

from dataclasses import dataclass

from adequate.circuits import Word
from adequate.operators.adder import Adder


@dataclass(frozen=True)
class Ripple(Adder):
    """a + b.

    >>> from adequate.circuits import Word
    >>> Ripple(8)(Word(200, 8), Word(100, 8)).value
    300
    """

    def __call__(self, a: Word, b: Word) -> Word:
        return a + b
