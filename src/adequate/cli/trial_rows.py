"""Stored trials as rows of a table, and those of them that are asked for."""

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from adequate.cli.errors import Misuse
from adequate.exploration import Record

Value = str | int | float

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}


@dataclass(frozen=True)
class Row:
    """A stored trial with its columns by name."""

    record: Record
    values: dict[str, Value]


def parts(record: Record) -> tuple[dict[str, Value], dict[str, Value]]:
    """What is said of a trial before its figures, and after them."""
    context = record.context
    asked: dict[str, Value] = {"design": record.digest, "epochs": record.epochs, "split": record.split}
    known: dict[str, Value] = {
        "seconds": record.seconds,
        "created": record.created,
        "network": context.network,
        "data": context.data,
        "seed": context.seed,
        "settings": context.settings,
        "versions": context.versions,
    }
    return asked, known


def flat(record: Record) -> Row:
    """A trial in columns; a figure called like another column, or ``figures...``, becomes ``figures.NAME``."""
    first, last = parts(record)
    figures = {
        f"figures.{name}" if name in first.keys() | last.keys() or name.startswith("figures.") else name: value
        for name, value in record.figures.items()
    }
    return Row(record, {**first, **figures, **last})


def chosen(
    rows: list[Row],
    conditions: Sequence[str],
    split: str | None,
    design: str | None,
    sort: str | None,
    descending: bool,
    limit: int | None,
) -> list[Row]:
    """The rows that meet all conditions, in order; those without the figure that is sorted by come last.

    Raises:
        Misuse: a figure that no trial has, or a condition that is none.
    """
    names = dict.fromkeys(name for row in rows for name, value in row.values.items() if not isinstance(value, str))
    tests = [_condition(text, list(names)) for text in conditions]
    kept = [
        row
        for row in rows
        if split in (None, row.record.split)
        and row.record.digest.startswith(design or "")
        and all(test(row) for test in tests)
    ]
    if sort is not None:
        _require(sort, list(names))
        have = sorted((row for row in kept if sort in row.values), key=lambda row: row.values[sort], reverse=descending)
        kept = [*have, *(row for row in kept if sort not in row.values)]
    return kept[:limit]


def shown(text: str) -> str:
    """A text on a terminal: what cannot be printed, line breaks and escape sequences among it, as Python writes it."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def _condition(text: str, names: list[str]) -> Callable[[Row], bool]:
    parts = re.fullmatch(r"\s*(.+?)\s*(<=|>=|<|>|=)\s*([^<>=]+)", text, re.DOTALL)
    try:
        name, sign, bound = parts.groups() if parts else ("", "", "")
        number = float(bound)
    except ValueError:
        raise Misuse(f"{text!r} is no condition; put it as FIGURE<NUMBER, with <, <=, >, >= or =") from None
    _require(name, names)
    return lambda row: name in row.values and COMPARISONS[sign](float(row.values[name]), number)


def _require(name: str, names: list[str]) -> None:
    if name not in names:
        raise Misuse(f"no trial has a figure {name!r}; there are {', '.join(map(repr, names)) or 'no trials'}")
