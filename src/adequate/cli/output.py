"""What a command answers on standard output: tables for people, one JSON object for programs."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from adequate.cli.amounts import percent

WIDTH_OF_FILES = 240


def answer_json(content: Mapping[str, Any]) -> None:
    """Prints one JSON object; infinite numbers, which JSON has not, become null."""
    print(json.dumps(_plain(content), indent=2, ensure_ascii=False, allow_nan=False), flush=True)


def answer(*parts: Any) -> None:
    """Prints tables and lines; where no terminal limits them, lines are as long as they need."""
    console = Console(highlight=False, width=width())
    for part in parts:
        console.print(part, markup=False) if isinstance(part, str) else console.print(part)


def width() -> int:
    """How long a line may be: the terminal's, else as long as it needs."""
    console = Console()
    return console.width if console.is_terminal else WIDTH_OF_FILES


def table(*columns: str, title: str | None = None, numbers: Sequence[str] = ()) -> Table:
    """An empty table; the columns in ``numbers`` are set to the right."""
    made = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    for name in columns:
        made.add_column(name, justify="right" if name in numbers else "left", overflow="fold")
    return made


def facts(rows: Mapping[str, str]) -> Table:
    """Names and values, one pair a line."""
    made = Table.grid(padding=(0, 2))
    made.add_column(style="dim")
    made.add_column(overflow="fold")
    for name, value in rows.items():
        made.add_row(name, value)
    return made


def interval(bounds: Sequence[float]) -> str:
    """A 95 % interval of an accuracy.

    >>> interval((0.98839, 0.99225))
    '95 %: 98.84 to 99.22 %'
    """
    low, high = bounds
    return f"95 %: {100 * low:.2f} to {percent(high)}"


def rewritten(rewrites: Sequence[str]) -> dict[str, str]:
    """What was done to the network before its design applies, as a row of ``facts``; nothing without a rewrite."""
    return {"batch norm": f"folded into {plural(len(rewrites), 'layer')}"} if rewrites else {}


def plural(count: int, what: str) -> str:
    """A count of things.

    >>> plural(1, "epoch"), plural(2000, "epoch")
    ('1 epoch', '2,000 epochs')
    """
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
