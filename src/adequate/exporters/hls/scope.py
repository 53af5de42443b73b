"""What the C++ of a step needs to know of its program, and what it consists of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod

from adequate.exporters.hls.parameters import Parameters
from adequate.exporters.hls.types import Range, holding
from adequate.exporters.names import identifiers
from adequate.program import Program
from adequate.program.steps import Constant, Step


@dataclass(frozen=True, eq=False)
class Scope:
    """A program with an identifier for every value."""

    program: Program
    names: Mapping[str, str]

    def range(self, name: str) -> Range:
        """Of a value's integers."""
        return Range(*self.program.values[name].range)

    def type(self, name: str) -> str:
        """Of a value's integers.

        Raises:
            ValueError: they are too wide.
        """
        return holding(self.range(name), f"value {name!r}")

    def shape(self, name: str) -> tuple[int, ...]:
        """Of a value."""
        return self.program.values[name].shape

    def size(self, name: str) -> int:
        """Elements of a value's array, which is never empty."""
        return max(prod(self.shape(name)), 1)

    def made(self, name: str) -> Step:
        """The step that makes a value."""
        return self._makers[name]

    @cached_property
    def _makers(self) -> Mapping[str, Step]:
        return {step.value.name: step for step in self.program.steps}

    def constant(self, name: str) -> Constant | None:
        """The step that makes the value, if that is a constant."""
        made = self.made(name)
        return made if isinstance(made, Constant) else None


def scope_of(program: Program) -> Scope:
    """The program with an identifier for every value."""
    return Scope(program, identifiers(program.values, "value"))


@dataclass(frozen=True)
class Code:
    """Lines of a layer's function, with the functions and the arrays that they use."""

    lines: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    arrays: tuple[Parameters, ...] = ()

    def __add__(self, other: "Code") -> "Code":
        return Code(self.lines + other.lines, self.functions + other.functions, self.arrays + other.arrays)


def code(lines: Iterable[str], functions: Iterable[str] = (), arrays: Iterable[Parameters] = ()) -> Code:
    """Of any iterables."""
    return Code(tuple(lines), tuple(functions), tuple(arrays))
