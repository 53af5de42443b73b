"""JSON of unknown origin, read with types: every wrong one is an error that says where."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

LARGEST_INTEGER = 2**63 - 1

Found = TypeVar("Found")


@dataclass(frozen=True)
class Field:
    """A value inside a JSON document and the way to it (``model.json: graph.nodes[3].target``).

    Raises:
        ValueError: from every method, where the value is of another kind.
    """

    where: str
    value: Any

    @classmethod
    def parse(cls, where: str, content: bytes) -> "Field":
        """The whole document."""
        try:
            return cls(where, json.loads(content.decode("utf-8"), parse_constant=_no_constant))
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{where} is not JSON: {error}") from None

    def __getitem__(self, name: str) -> "Field":
        """A member of an object."""
        members = self.members()
        if name not in members:
            raise self.error(f"has no {name!r}")
        return members[name]

    def members(self) -> dict[str, "Field"]:
        """All members of an object."""
        return {name: Field(f"{self.where}.{name}", one) for name, one in self._of(dict, "an object").items()}

    def elements(self) -> list["Field"]:
        """The elements of a list."""
        return [Field(f"{self.where}[{i}]", one) for i, one in enumerate(self._of(list, "a list"))]

    def choice(self) -> tuple[str, "Field"]:
        """The one member of a union, with its name."""
        members = self.members()
        if len(members) != 1:
            raise self.error("must have one member")
        return next(iter(members.items()))

    def text(self) -> str:
        """A string."""
        return self._of(str, "a string")

    def flag(self) -> bool:
        """A truth value."""
        return self._of(bool, "true or false")

    def integer(self) -> int:
        """An integer of 64 bits."""
        value = self._of(int, "an integer")
        if isinstance(value, bool) or abs(value) > LARGEST_INTEGER:
            raise self.error("must be an integer of 64 bits")
        return value

    def real(self) -> float:
        """A number; infinities and NaN are strings there."""
        if self.value in ("Infinity", "-Infinity", "NaN"):
            return float(self.value)
        value = self._of((int, float), "a number")
        if isinstance(value, bool) or (abs(value) > LARGEST_INTEGER and isinstance(value, int)):
            raise self.error("must be a number")
        return float(value)

    def chosen(self, table: dict[int, Found], what: str) -> Found:
        """The entry of a table that an integer names."""
        number = self.integer()
        if number not in table:
            raise self.error(f"is {what} {number}, which is not read")
        return table[number]

    def error(self, complaint: str) -> ValueError:
        """What is wrong here."""
        return ValueError(f"{self.where} {complaint}")

    def _of(self, kind: type | tuple[type, ...], expected: str) -> Any:
        if not isinstance(self.value, kind):
            raise self.error(f"must be {expected}, not {type(self.value).__name__}")
        return self.value


def _no_constant(name: str) -> Callable[[], None]:
    raise ValueError(f"{name} is no JSON")
