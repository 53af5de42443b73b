"""Formats from text: ``parse("fixed(8,4)")``; the other way is ``str(format)``."""

import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from enum import Enum
from typing import Any

from adequate.formats.fixed import Fixed
from adequate.formats.format import Format
from adequate.formats.levels import Binary, Codebook, Ternary
from adequate.formats.minifloat import BFLOAT16, BINARY16, BINARY32, E2M1, E2M3, E3M2, E4M3, E5M2, Minifloat
from adequate.formats.per_channel import PerChannel
from adequate.formats.power_of_two import PowerOfTwo
from adequate.formats.scaled import Scaled
from adequate.formats.shared_exponent import SharedExponent

FORMATS: tuple[type[Format], ...] = (Fixed, Minifloat, PowerOfTwo, Binary, Ternary, Codebook, Scaled, PerChannel)
"""Every family of formats."""

NAMED: dict[str, Format] = {
    "e4m3": E4M3,
    "e5m2": E5M2,
    "e3m2": E3M2,
    "e2m3": E2M3,
    "e2m1": E2M1,
    "bfloat16": BFLOAT16,
    "binary16": BINARY16,
    "binary32": BINARY32,
}
"""Short names of single formats."""

_CLASSES: dict[str, type[Any]] = {kind.name: kind for kind in FORMATS} | {SharedExponent.name: SharedExponent}
_TOKEN = re.compile(r"\s*(?:([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)|([A-Za-z_]\w*)|([(),=]))", re.ASCII)
_DEPTH = 4  # per_channel((scaled(fixed(8,0),0.5),...),0) needs four


class _Word(str):
    """A bare word: a flag, a choice or the name of a format, as its place says."""


def parse(text: str) -> Format:
    """The format that ``text`` describes; ``parse(str(format)) == format``.

    Arguments are positional or ``name=value``; a flag is named (``narrow``, ``zero``) or, if it is on by default,
    negated (``unsigned``).

    >>> parse("fixed(8,4,rounding=down)")  # doctest: +ELLIPSIS
    Fixed(bits=8, frac=4, signed=True, narrow=False, rounding=<Rounding.DOWN: 'down'>, ...)
    >>> print(parse("e4m3"), parse("scaled(fixed(8,0),0.5,zero=3)"), parse("codebook(-0.5,0.25)"))
    float(4,3,specials=nan) scaled(fixed(8,0),0.5,zero=3) codebook(-0.5,0.25)

    Raises:
        ValueError: ``text`` is no format; the message says what is wrong and what there is.
    """
    try:
        tokens = _Tokens(text)
        value = _resolved(tokens.value(0))
        tokens.end()
        if not isinstance(value, Format):
            raise ValueError(f"this is no format; {_alternatives()}")
        return value
    except ValueError as error:
        shown = text if len(text) <= 60 else text[:57] + "..."
        raise ValueError(f"{shown!r}: {error}") from None


class _Tokens:
    """The grammar: value = number | word | word(arguments) | (values); argument = value | word=value."""

    def __init__(self, text: str) -> None:
        self._stream = self._read(text)
        self._next = next(self._stream)

    def value(self, depth: int) -> Any:
        if depth > _DEPTH:
            raise ValueError("nested too deeply")
        token = self._take()
        if token == "(":
            return tuple(_resolved(value) for _, value in self._arguments(depth))
        if isinstance(token, _Word) and self._next == "(":
            self._take()
            return _built(token, self._arguments(depth))
        if isinstance(token, str) and not isinstance(token, _Word):
            raise ValueError(f"there is {token or 'an end'!r} where a value should be")
        return token

    def end(self) -> None:
        if self._next != "":
            raise ValueError(f"there is {self._next!r} where it should end")

    def _arguments(self, depth: int) -> list[tuple[str | None, Any]]:
        arguments: list[tuple[str | None, Any]] = []
        while self._next != ")":
            value, key = self.value(depth + 1), None
            if self._next == "=" and isinstance(value, _Word):
                self._take()
                key, value = str(value), self.value(depth + 1)
            arguments.append((key, value))
            if self._next != ")" and self._take() != ",":
                raise ValueError("arguments are separated by ',' and closed by ')'")
        self._take()
        return arguments

    def _take(self) -> Any:
        token, self._next = self._next, next(self._stream, "")
        return token

    @staticmethod
    def _read(text: str) -> Iterator[Any]:
        text, at = text.strip(), 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise ValueError(f"there is {text[at:].strip()[0]!r} at character {at}, which no format has")
            number, word, mark = match.groups()
            at = match.end()
            if len(match[0]) > 1000:
                raise ValueError(f"there is a word or number of {len(match[0])} characters")
            if number is not None:
                yield float(number) if any(c in number for c in ".eE") else int(number)
            else:
                yield mark or _Word(word)
        yield ""


def _built(name: str, arguments: list[tuple[str | None, Any]]) -> Any:
    kind = _CLASSES.get(name)
    if kind is None:
        raise ValueError(f"no such format {name!r}; {_alternatives()}")
    if kind is Codebook:
        values: list[Any] = [value if key is None else key for key, value in arguments]
        return Codebook(tuple(values))
    known: dict[str, Field[Any]] = {field.name: field for field in fields(kind)}
    flags = {(f"un{n}" if field.default else n): n for n, field in known.items() if isinstance(field.default, bool)}
    given: dict[str, Any] = {}
    free = iter(known)
    for key, value in arguments:
        if key is None and isinstance(value, _Word) and value in flags:
            key, value = flags[value], not known[flags[value]].default
        elif key is None:
            key = next(free, None)
        if key not in known or key in given:
            raise ValueError(f"{key or value!r} is one too many; write {_usage(kind)}")
        given[key] = _chosen(known[key], value)
    missing = [n for n in _required(kind) if n not in given]
    if missing:
        raise ValueError(f"{name} lacks {', '.join(missing)}; write {_usage(kind)}")
    return kind(**given)


def _chosen(field: Field[Any], value: Any) -> Any:
    if not isinstance(field.default, Enum):
        return _resolved(value)
    kind = type(field.default)
    if value not in [member.value for member in kind]:
        raise ValueError(f"{field.name} is {' or '.join(str(member.value) for member in kind)}, not {value!r}")
    return kind(value)


def _resolved(value: Any) -> Any:
    if not isinstance(value, _Word):
        return value
    return NAMED[value.lower()] if value.lower() in NAMED else _built(value, [])


def _usage(kind: type[Any]) -> str:
    arguments = ["value", "value", "..."] if kind is Codebook else _required(kind)
    for field in fields(kind):
        if isinstance(field.default, bool):
            arguments.append(f"[un{field.name}]" if field.default else f"[{field.name}]")
        elif field.default is not MISSING:
            arguments.append(f"[{field.name}=...]")
    return f"{kind.name}({','.join(arguments)})" if arguments else kind.name


def _required(kind: type[Any]) -> list[str]:
    return [field.name for field in fields(kind) if field.default is MISSING]


def _alternatives() -> str:
    families = [f"{kind.name}({','.join(_required(kind))})" if _required(kind) else kind.name for kind in FORMATS]
    return f"formats are {', '.join(families)}, {', '.join(NAMED)}"
