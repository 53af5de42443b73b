"""A message in protobuf's text format: named fields, read with their types and bounds checked."""

from dataclasses import dataclass
from math import isfinite
from typing import overload

LARGEST = 2**31 - 1
"""The largest integer a field may hold (``int32``, ``caffe.proto``)."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value as it is written: ``kind`` is ``"word"`` (an enum, true, inf), ``"number"`` or ``"string"``."""

    kind: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Field:
    """One occurrence of a field."""

    name: str
    value: "Scalar | Message"
    line: int


@dataclass(frozen=True, slots=True)
class Message:
    """Fields in the order of the file; one that may repeat is found as often as it is written.

    Every accessor takes the last occurrence of a field that should be there once, as protobuf does. Raises a
    ``ValueError`` of one line, with the line of the file, where a value is of another type or out of bounds.
    """

    fields: tuple[Field, ...]
    line: int = 1

    def has(self, name: str) -> bool:
        return any(field.name == name for field in self.fields)

    def is_word(self, name: str) -> bool:
        """Whether the field's last value is an enum's name."""
        found = [field.value for field in self.fields if field.name == name][-1:]
        return any(isinstance(value, Scalar) and value.kind == "word" for value in found)

    def messages(self, name: str) -> tuple["Message", ...]:
        """Every message of that name."""
        found = [field for field in self.fields if field.name == name]
        for field in found:
            if not isinstance(field.value, Message):
                raise ValueError(f"line {field.line}: {name!r} must be a message in braces")
        return tuple(field.value for field in found if isinstance(field.value, Message))

    def message(self, name: str) -> "Message":
        """The messages of that name as one, empty where there is none (protobuf merges them)."""
        parts = self.messages(name)
        return Message(tuple(field for part in parts for field in part.fields), parts[0].line if parts else self.line)

    def texts(self, name: str) -> tuple[str, ...]:
        """Every string of that name."""
        return tuple(scalar.text for scalar in self._scalars(name, "string"))

    @overload
    def text(self, name: str, default: str) -> str: ...
    @overload
    def text(self, name: str, default: None = None) -> str | None: ...
    def text(self, name: str, default: str | None = None) -> str | None:
        return next(reversed(self.texts(name)), default)

    def word(self, name: str, default: str) -> str:
        """An enum's name."""
        return next((scalar.text for scalar in reversed(self._scalars(name, "word"))), default)

    def choice(self, name: str, *choices: str) -> str:
        """An enum's name, one of ``choices``; the first where it is not given."""
        given = self.word(name, choices[0])
        if given not in choices:
            raise ValueError(f"line {self._line(name)}: {name!r} is {given}; understood are {', '.join(choices)}")
        return given

    def flag(self, name: str, default: bool) -> bool:
        for scalar in reversed(self._scalars(name, "word", "number")):
            if scalar.text in ("true", "True", "t", "1"):
                return True
            if scalar.text in ("false", "False", "f", "0"):
                return False
            raise ValueError(f"line {scalar.line}: {name!r} must be true or false, not {scalar.text[:40]!r}")
        return default

    def integers(self, name: str, low: int = 0, high: int = LARGEST) -> tuple[int, ...]:
        """Every integer of that name."""
        return tuple(_integer(name, scalar, low, high) for scalar in self._scalars(name, "number"))

    def integer(self, name: str, default: int, low: int = 0, high: int = LARGEST) -> int:
        return next(reversed(self.integers(name, low, high)), default)

    def reals(self, name: str) -> tuple[float, ...]:
        """Every number of that name; they are finite."""
        return tuple(_real(name, scalar) for scalar in self._scalars(name, "number", "word"))

    def real(self, name: str, default: float) -> float:
        return next(reversed(self.reals(name)), default)

    def _scalars(self, name: str, *kinds: str) -> list[Scalar]:
        found: list[Scalar] = []
        for field in self.fields:
            if field.name != name:
                continue
            if not isinstance(field.value, Scalar) or field.value.kind not in kinds:
                raise ValueError(f"line {field.line}: {name!r} must be a {' or '.join(kinds)}")
            found.append(field.value)
        return found

    def _line(self, name: str) -> int:
        return next((field.line for field in reversed(self.fields) if field.name == name), self.line)


def _integer(name: str, scalar: Scalar, low: int, high: int) -> int:
    digits = scalar.text.lstrip("-").lower()
    base = 16 if digits.startswith("0x") else 8 if digits.startswith("0") and digits != "0" else 10
    try:
        value = int(scalar.text, base)
    except ValueError:
        value = None
    if value is None or not low <= value <= high:
        raise ValueError(
            f"line {scalar.line}: {name!r} must be an integer from {low} to {high}, not {scalar.text[:40]}"
        )
    return value


def _real(name: str, scalar: Scalar) -> float:
    try:
        value = float(scalar.text.rstrip("fF") if scalar.kind == "number" else scalar.text)
    except ValueError:
        value = float("nan")
    if not isfinite(value):
        raise ValueError(f"line {scalar.line}: {name!r} must be a finite number, not {scalar.text[:40]}")
    return value
