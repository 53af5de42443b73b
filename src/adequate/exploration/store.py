"""The memory of finished trials: one SQLite file per run."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any

from adequate.design import Design
from adequate.design.json import design_to_json
from adequate.design.tables import save_tables
from adequate.exploration.trial import Query, Trial

SCHEMA_VERSION = 1
BUSY_SECONDS = 30.0

REASONS = {
    sqlite3.SQLITE_NOTADB: "it is not a file of trials",
    sqlite3.SQLITE_CORRUPT: "it is damaged",
    sqlite3.SQLITE_BUSY: f"another process has held it for {BUSY_SECONDS:.0f} s",
    sqlite3.SQLITE_READONLY: "it cannot be written",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened or created",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk refused it",
}
"""SQLite's primary result codes in plain words (https://sqlite.org/rescode.html)."""

TABLE = """
CREATE TABLE trials (
    context TEXT NOT NULL,
    digest TEXT NOT NULL,
    epochs INTEGER NOT NULL,
    split TEXT NOT NULL,
    design TEXT NOT NULL,
    figures TEXT NOT NULL,
    seconds REAL NOT NULL,
    adequate TEXT NOT NULL,
    created TEXT NOT NULL,
    PRIMARY KEY (context, digest, epochs, split)
)
"""


class StoreError(RuntimeError):
    """The file of trials cannot be used; the message names it and says why."""


class Store:
    """Trials by (context, design, epochs, split) in the SQLite file ``path``, created where there is none.

    A trial is on the disk when ``put`` returns and is there whole or not at all, whenever the process dies; the first
    answer to a question stays. Several processes may use one file. Opening an existing file does not write to it.

    Raises:
        StoreError: the file is another one, damaged, from a newer version or not writable; it is left as it is.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        with self._explained():
            # Autocommit, with BEGIN where a transaction is wanted.
            self._connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            with self._explained():
                self._prepare()
        except StoreError:
            self.close()
            raise

    def get(self, context: str, query: Query) -> Trial | None:
        """The stored answer to a question, None without one."""
        rows = self._rows(
            "SELECT figures FROM trials WHERE context = ? AND digest = ? AND epochs = ? AND split = ?",
            (context, query.design.digest, query.epochs, query.split),
        )
        for (figures,) in rows:
            return self._trial(query.design, figures, query.epochs, query.split)
        return None

    def put(self, context: str, trial: Trial, seconds: float) -> None:
        """Stores an answer that took ``seconds``; a question that has one keeps it.

        The tables of the design's multipliers go into the folder ``tables`` beside the file.
        """
        save_tables((one.multiplier for one in trial.design.values() if one.multiplier is not None), self.path)
        row = (
            context,
            trial.design.digest,
            trial.epochs,
            trial.split,
            design_to_json(trial.design),
            json.dumps(dict(trial.figures)),
            seconds,
            version("adequate"),
            datetime.now(UTC).isoformat(timespec="seconds"),
        )
        with self._explained():
            self._connection.execute(f"INSERT OR IGNORE INTO trials VALUES ({', '.join('?' * len(row))})", row)

    def trials(self, context: str | None = None) -> tuple[Trial, ...]:
        """All trials, or those of one context, in the order they were stored."""
        rows = self._rows(
            "SELECT design, figures, epochs, split FROM trials WHERE context = coalesce(?, context) ORDER BY rowid",
            (context,),
        )
        return tuple(self._trial(self._design(design), *rest) for design, *rest in rows)

    def close(self) -> None:
        """Lets go of the file."""
        self._connection.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _prepare(self) -> None:
        if self._schema_version() == SCHEMA_VERSION:
            [(health,)] = self._connection.execute("PRAGMA quick_check(1)")
            if health != "ok":
                raise self._error(f"it is damaged ({health})")
            return
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            if self._schema_version() == 0:
                if self.path.is_file() and self.path.stat().st_size > 0:
                    raise self._error(REASONS[sqlite3.SQLITE_NOTADB])
                self._connection.execute(TABLE)
                self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _schema_version(self) -> int:
        [(found,)] = self._connection.execute("PRAGMA user_version")
        if found not in range(SCHEMA_VERSION + 1):
            raise self._error(f"its version is {found}; this adequate reads version {SCHEMA_VERSION}")
        return found

    def _rows(self, query: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with self._explained():
            return self._connection.execute(query, values).fetchall()

    def _trial(self, design: Design, figures: str, epochs: int, split: str) -> Trial:
        try:
            return Trial(design, json.loads(figures), epochs, split)
        except (ValueError, TypeError, AttributeError) as error:
            raise self._error(f"it is damaged (a trial's figures: {error})") from error

    def _design(self, text: str) -> Design:
        try:
            return Design.from_text(text, self.path)
        except (ValueError, TypeError) as error:
            raise self._error(f"it is damaged (a trial's design: {error})") from error

    def _error(self, reason: str) -> StoreError:
        return StoreError(f"{self.path}: cannot use this file of trials: {reason}")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            known = REASONS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
            raise self._error(f"{known} ({error})" if known else str(error)) from error
