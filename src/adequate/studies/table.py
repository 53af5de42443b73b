"""The rows of a study as text: on a terminal, in a page, in a Markdown file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

from adequate.storage import write_atomically


class Line(Protocol):
    """One row of a study: ``head`` names the columns, ``cells`` fill them, numbers included."""

    head: ClassVar[tuple[str, ...]]

    @property
    def cells(self) -> tuple[str, ...]: ...

    def to_json(self) -> Mapping[str, Any]:
        """The same figures as plain data."""
        ...


def cells(rows: Sequence[Line]) -> list[tuple[str, ...]]:
    """The head and the rows as text; nothing where there are no rows."""
    return [rows[0].head, *(row.cells for row in rows)] if rows else []


def markdown(rows: Sequence[Line]) -> str:
    """The rows as a Markdown table; a column of numbers is aligned to the right."""
    head, *body = cells(rows)
    numbers = [all(_is_number(row[i]) for row in body) for i in range(len(head))]
    rule = "|".join("---:" if right else "---" for right in numbers)
    lines = ["| " + " | ".join(row) + " |" for row in (head, *body)]
    return "\n".join([lines[0], f"|{rule}|", *lines[1:]]) + "\n"


def write_between(path: Path, name: str, text: str) -> None:
    """Replaces what stands between ``<!-- name:begin -->`` and ``<!-- name:end -->`` of a file.

    Raises:
        ValueError: the file has no such marks.
    """
    content = path.read_text(encoding="utf-8")
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    if begin not in content or end not in content:
        raise ValueError(f"{path} has no marks {begin} and {end}")
    head, tail = content.split(begin)[0], content.split(end)[1]
    write_atomically(path, f"{head}{begin}\n{text}{end}{tail}")


def _is_number(text: str) -> bool:
    return not text.strip("+-.,()e 0123456789")
