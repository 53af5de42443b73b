"""``adequate trials``: what a run tried."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adequate.cli.errors import Misuse
from adequate.cli.options import OutputOptions, written_file_option

if TYPE_CHECKING:
    from adequate.cli.trial_rows import Row
    from adequate.exploration import Record

SHORT = 12
"""Digits of a hash that a table shows."""


def trials(
    place: Annotated[
        Path, typer.Argument(metavar="RUN|FILE", exists=True, help="Folder of a run, or a file of trials.")
    ],
    output: OutputOptions,
    split: Annotated[
        str | None, typer.Option(metavar="NAME", help="Those on these images: validation, calibration or test.")
    ] = None,
    min_accuracy: Annotated[
        float | None, typer.Option(metavar="A", min=0.0, max=1.0, help="Those at least so accurate, a fraction.")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIGURE<NUMBER", help="Those of such figures, with <, <=, >, >= or =; may be given several times."
        ),
    ] = None,
    design: Annotated[str | None, typer.Option(metavar="PREFIX", help="Those of designs whose hash begins so.")] = None,
    sort: Annotated[
        str | None, typer.Option(metavar="FIGURE", help="By this figure, smallest first; else as they were stored.")
    ] = None,
    descending: Annotated[bool, typer.Option("--descending", help="With --sort, largest first.")] = False,
    limit: Annotated[int | None, typer.Option(metavar="N", min=1, help="So many of them.")] = None,
    to: Annotated[Path | None, written_file_option("Writes them as a table, .csv or .parquet.")] = None,
    out: Annotated[Path | None, written_file_option("Writes the design of --design, as JSON.")] = None,
) -> None:
    """Lists the trials of a run: their designs by hash, figures, seconds.

    Filters go together; seconds, epochs and seed can be asked for like a figure. A table in a file has all columns, of
    the network, the data, the settings and the versions too, and every name and number as it is.

    Example:
      adequate trials runs/front --split validation --where 'stored_bits<60000' --sort accuracy --descending --limit 10
    """
    from adequate.cli.output import answer, answer_json, plural
    from adequate.cli.trial_rows import chosen, flat
    from adequate.cli.trial_table import save_table
    from adequate.exploration import Store
    from adequate.run import Run

    if out is not None and design is None:
        raise Misuse("--out is for the design of --design")
    if descending and sort is None:
        raise Misuse("--descending is for --sort")
    conditions = [*(where or ()), *([] if min_accuracy is None else [f"accuracy>={min_accuracy!r}"])]
    file = Run(place).trials_file if place.is_dir() else place
    with Store(file, create=False) as store:
        records = store.records()
        rows = chosen([flat(one) for one in records], conditions, split, design, sort, descending, limit)
        if out is not None:
            store.design(str(design)).save(out)
    if to is not None:
        save_table([row.values for row in rows], to)
    written = {name: str(path) for name, path in (("design", out), ("table", to)) if path is not None}
    if output.json:
        answer_json({**written, "of": len(records), "trials": [_plain(row.record) for row in rows]})
        return
    files = [f"{name}  {path}" for name, path in written.items()]
    answer(*([_shown(rows)] if rows else []), f"{len(rows):,} of {plural(len(records), 'trial')}", *files)


def _plain(record: "Record") -> dict[str, Any]:
    from adequate.cli.trial_rows import parts

    first, last = parts(record)
    return {**first, "figures": dict(record.figures), **last}


def _shown(rows: "list[Row]") -> Any:
    """A table of what tells the trials apart."""
    from rich.markup import escape

    from adequate.cli.output import table
    from adequate.cli.trial_rows import shown

    figures = list(dict.fromkeys(name for row in rows for name in row.record.figures))
    several = [name for name in ("epochs", "split", "seed") if len({row.values[name] for row in rows}) > 1]
    contexts = len({row.record.context for row in rows}) > 1
    numbers = ("epochs", "seed", "seconds", *map(shown, figures))
    columns = ("design", *several, *map(shown, figures), "seconds", "created", *(["context"] if contexts else []))
    made = table(*map(escape, columns), numbers=[escape(name) for name in numbers])
    for row in rows:
        known = row.record.figures
        made.add_row(
            row.record.digest[:SHORT],
            *(str(row.values[name]) for name in several),
            *(f"{known[name]:,.6g}" if name in known else "" for name in figures),
            f"{row.record.seconds:.2f}",
            escape(shown(row.record.created)),
            *([row.record.context.digest[:SHORT]] if contexts else []),
        )
    return made
