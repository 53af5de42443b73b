"""Carriers that write down what is computed, instead of computing it."""

from abc import ABC, abstractmethod
from typing import Self


class Expression(ABC):
    """An integer known only later: a hardware signal, a C++ variable.

    It has the operators of an integer; each makes a new expression by ``combined``. A ``Word`` gives its expression a
    name of its own by ``named``, so that what is used twice is written once.
    """

    @abstractmethod
    def combined(self, left: "Self | int", operator: str, right: "Self | int") -> Self:
        """``left operator right``, exact, for one of ``+ - * & | ^ << >>``."""

    @abstractmethod
    def named(self, width: int, signed: bool) -> Self:
        """The same value under a name of its own; it lies within ``width`` bits."""

    def __add__(self, other: "Self | int") -> Self:
        return self.combined(self, "+", other)

    def __radd__(self, other: int) -> Self:
        return self.combined(other, "+", self)

    def __sub__(self, other: "Self | int") -> Self:
        return self.combined(self, "-", other)

    def __rsub__(self, other: int) -> Self:
        return self.combined(other, "-", self)

    def __neg__(self) -> Self:
        return self.combined(0, "-", self)

    def __mul__(self, other: "Self | int") -> Self:
        return self.combined(self, "*", other)

    def __rmul__(self, other: int) -> Self:
        return self.combined(other, "*", self)

    def __and__(self, other: "Self | int") -> Self:
        return self.combined(self, "&", other)

    def __rand__(self, other: int) -> Self:
        return self.combined(other, "&", self)

    def __or__(self, other: "Self | int") -> Self:
        return self.combined(self, "|", other)

    def __ror__(self, other: int) -> Self:
        return self.combined(other, "|", self)

    def __xor__(self, other: "Self | int") -> Self:
        return self.combined(self, "^", other)

    def __rxor__(self, other: int) -> Self:
        return self.combined(other, "^", self)

    def __lshift__(self, other: "Self | int") -> Self:
        return self.combined(self, "<<", other)

    def __rlshift__(self, other: int) -> Self:
        return self.combined(other, "<<", self)

    def __rshift__(self, other: "Self | int") -> Self:
        return self.combined(self, ">>", other)

    def __rrshift__(self, other: int) -> Self:
        return self.combined(other, ">>", self)
