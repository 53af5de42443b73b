"""``adequate diff``: the slots in which two designs differ."""

from pathlib import Path
from typing import Annotated

import typer

from adequate.cli.errors import Misuse
from adequate.cli.options import OutputOptions

_DESIGN = typer.Argument(metavar="DESIGN", exists=True, readable=True, help="A design, or a run's folder with one.")


def diff(a: Annotated[Path, _DESIGN], b: Annotated[Path, _DESIGN], output: OutputOptions) -> None:
    """Lists where two designs differ: layer, slot, format in the first and in the second.

    Example:
      adequate diff runs/first/design.json runs/second/design.json
    """
    from rich.markup import escape

    from adequate.cli.output import answer, answer_json, table
    from adequate.design import Design, difference

    found = difference(*(Design.load(_file(path)) for path in (a, b)))
    if output.json:
        answer_json({"differences": found})
        return
    if not found:
        answer("the designs are equal")
        return
    shown = table("layer", "slot", str(a), str(b))
    for name, slots in found.items():
        for position, (slot, (before, after)) in enumerate(slots.items()):
            without = "exact" if slot in ("multiplier", "accumulator") else "float"
            shown.add_row("" if position else name, slot, *(escape(one or without) for one in (before, after)))
    answer(shown)


def _file(path: Path) -> Path:
    file = path / "design.json" if path.is_dir() else path
    if not file.is_file():
        raise Misuse(f"no design in {path}")
    return file
