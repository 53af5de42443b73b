"""The truth tables of a design's multipliers: files in the folder ``tables`` beside the file that names them."""

from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar, cast

from adequate.operators import Multiplier, Operator, Tabulated, attach, parse_operator, save_table

FOLDER = "tables"

_Operator = TypeVar("_Operator", bound=Operator)


def save_tables(multipliers: Iterable[Multiplier], file: Path) -> None:
    """Writes the contents of all tables among ``multipliers``, wrapped ones too, beside ``file``; each once.

    Raises:
        OSError: they cannot be written.
        ValueError: a table has no content, or a multiplier could not be read back: it is of a class of the user's own.
    """
    found: dict[str, Tabulated] = {}

    def note(table: Tabulated) -> Tabulated:
        return found.setdefault(table.sha256, table)

    for multiplier in multipliers:
        _require_known(multiplier)
        _with_tables(multiplier, note)
    if found:
        (file.parent / FOLDER).mkdir(exist_ok=True)
    for table in found.values():
        save_table(table, file.parent / FOLDER)


def attached(multiplier: Multiplier, file: Path) -> Multiplier:
    """The multiplier with the contents of its tables, from the folder beside ``file``.

    Raises:
        ValueError: a table is missing or damaged.
    """

    def fetch(table: Tabulated) -> Tabulated:
        place = f"{FOLDER}/{table.sha256}.bin"
        try:
            return attach(table, file.parent / FOLDER)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise ValueError(f"the table {table.label!r} should lie beside it as {place}: {reason}") from None
        except ValueError as error:
            raise ValueError(f"the table {table.label!r} beside it as {place} is damaged: {error}") from None

    return _with_tables(multiplier, fetch)


def _with_tables(operator: _Operator, change: Callable[[Tabulated], Tabulated]) -> _Operator:
    """The same operator with every table in it, at any depth, changed."""
    if isinstance(operator, Tabulated):
        return cast(_Operator, change(operator))
    given = {field.name: getattr(operator, field.name) for field in fields(cast(Any, operator))}
    inner = {name: _with_tables(one, change) for name, one in given.items() if isinstance(one, Operator)}
    return cast(_Operator, replace(cast(Any, operator), **inner)) if inner else operator


def _require_known(multiplier: Multiplier) -> None:
    try:
        known = parse_operator(str(multiplier)) == multiplier
    except ValueError:
        known = False
    if not known:
        raise ValueError(f"{multiplier} cannot be read back from a file; give it as a table: tabulate(label, function)")
