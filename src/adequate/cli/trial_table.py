"""Rows as a table in a file, CSV or Parquet: every name and number as it is."""

import csv
import io
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from adequate.cli.errors import Misuse
from adequate.cli.trial_rows import Value
from adequate.storage import write_atomically

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that spreadsheets run (https://owasp.org/www-community/attacks/CSV_Injection)."""

WHOLE = {"epochs", "seed"}
"""Columns of whole numbers from 0 to 2^64 - 1."""


def save_table(rows: Sequence[Mapping[str, Value]], file: Path) -> None:
    """Writes rows as ``.csv`` or ``.parquet``; a column that a row lacks is empty there.

    A CSV table is for programs. Nothing in it is changed for the sake of spreadsheets, which take some texts for
    formulas; where there are such, standard error says so.

    Raises:
        Misuse: another ending.
        OSError: the file cannot be written, or pyarrow, which Parquet needs, is not installed.
    """
    columns = list(dict.fromkeys(name for row in rows for name in row))
    if file.suffix == ".csv":
        write_atomically(file, _csv(rows, columns))
        texts = [*columns, *(value for row in rows for value in row.values() if isinstance(value, str))]
        if any(text.startswith(FORMULA) for text in texts):
            print(f"{file}: spreadsheets take some of its texts for formulas; import it as text", file=sys.stderr)
    elif file.suffix == ".parquet":
        write_atomically(file, _parquet(rows, columns))
    else:
        raise Misuse(f"{file} ends in {file.suffix or 'nothing'}; tables are written as .csv and .parquet")


def _csv(rows: Sequence[Mapping[str, Value]], columns: list[str]) -> str:
    """As RFC 4180 has it; a float is the shortest text that reads back as the same number."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _parquet(rows: Sequence[Mapping[str, Value]], columns: list[str]) -> bytes:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise FileNotFoundError("Parquet needs pyarrow: pip install 'adequate[parquet]'") from None
    made = {name: [row.get(name) for row in rows] for name in columns}
    kinds = {
        name: pyarrow.uint64()
        if name in WHOLE
        else pyarrow.string()
        if any(isinstance(value, str) for value in values)
        else pyarrow.float64()
        for name, values in made.items()
    }
    table = pyarrow.table({name: pyarrow.array(values, kinds[name]) for name, values in made.items()})
    content = io.BytesIO()
    parquet.write_table(table, content)
    return content.getvalue()
