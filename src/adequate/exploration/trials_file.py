"""The SQLite file that trials are kept in: what it must be, and what is said when it is not."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from adequate.exploration.journal import journal_mode

SCHEMA_VERSION = 2
"""Of ``TABLE``; a file of another version is refused."""

APPLICATION = 0x61647174
"""SQLite's mark of whose file it is: "adqt" in ASCII."""

HEADER_BYTES = 100
"""What a SQLite file is never shorter than unless it is empty (https://sqlite.org/fileformat.html, section 1.3)."""

BUSY_SECONDS = 30.0
"""How long to wait for another process that writes (our choice)."""

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
    network TEXT NOT NULL,
    data TEXT NOT NULL,
    seed TEXT NOT NULL,
    settings TEXT NOT NULL,
    versions TEXT NOT NULL,
    digest TEXT NOT NULL,
    epochs INTEGER NOT NULL,
    split TEXT NOT NULL,
    figures TEXT NOT NULL,
    seconds REAL NOT NULL,
    created TEXT NOT NULL,
    design TEXT NOT NULL,
    PRIMARY KEY (context, digest, epochs, split)
)
"""
"""``context`` is the digest of the five columns after it; the seed is text, SQLite's integers ending at 2^63."""


class StoreError(RuntimeError):
    """The file of trials cannot be used; the message names it and says why."""


class TrialsFile:
    """The table of trials in the file ``path``; ``create`` makes it where there is no file.

    Opening writes nothing into an existing file but its journal mode (``journal_mode``). A file in a read-only folder
    can be read.

    Raises:
        StoreError: the file is another one, damaged, of another version, not there or not writable; it is left as it
            is.
    """

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self.path = path
        if not create and not path.is_file():
            raise self.error("there is no such file")
        if path.is_file() and 0 < path.stat().st_size < HEADER_BYTES:
            raise self.error(REASONS[sqlite3.SQLITE_NOTADB])
        self._connection = self._connected()
        try:
            with self._explained():
                self._prepare()
        except StoreError:
            self.close()
            raise

    def rows(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """What a query finds."""
        with self._explained():
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """All that is done within is written or nothing is, and no other process writes meanwhile."""
        with self._explained(), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            yield

    def error(self, reason: str) -> StoreError:
        """What is wrong, with the file's name."""
        return StoreError(f"{self.path}: cannot use this file of trials: {reason}")

    def close(self) -> None:
        """Lets go of the file."""
        self._connection.close()

    def _connected(self) -> sqlite3.Connection:
        """In autocommit. Where the folder is read-only and no log lies beside the file, as a file nobody writes."""
        with self._explained():
            connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
            try:
                connection.execute("PRAGMA user_version")
            except sqlite3.Error as error:
                connection.close()
                if error.sqlite_errorcode != sqlite3.SQLITE_READONLY_DIRECTORY:
                    raise
                return sqlite3.connect(f"{self.path.absolute().as_uri()}?immutable=1", uri=True, isolation_level=None)
            return connection

    def _prepare(self) -> None:
        self._connection.execute("BEGIN")  # what is read belongs together
        new = self._is_new()
        self._connection.execute("ROLLBACK")
        if new:
            with self.writing():
                if self._is_new():
                    self._connection.execute(TABLE)
                    self._connection.execute(f"PRAGMA application_id = {APPLICATION}")
                    self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        else:
            [(health,)] = self._connection.execute("PRAGMA quick_check(1)")
            if health != "ok":
                raise self.error(f"it is damaged ({health})")
        self._connection.execute("PRAGMA synchronous = FULL")  # a log, too, is on the disk when a trial was put
        self._choose_journal()

    def _is_new(self) -> bool:
        [(application,)] = self._connection.execute("PRAGMA application_id")
        [(version,)] = self._connection.execute("PRAGMA user_version")
        [(tables,)] = self._connection.execute("SELECT group_concat(name) FROM sqlite_schema WHERE type = 'table'")
        if application == APPLICATION and version == SCHEMA_VERSION:
            return False
        if application == APPLICATION or (application, version, tables) == (0, 1, "trials"):
            raise self.error(f"its version is {version}; this adequate reads version {SCHEMA_VERSION}")
        if application or version or tables:
            raise self.error(REASONS[sqlite3.SQLITE_NOTADB])
        return True

    def _choose_journal(self) -> None:
        [(mode,)] = self._connection.execute("PRAGMA journal_mode")
        wanted = journal_mode(self.path)
        if mode not in ("memory", wanted):
            try:
                self._connection.execute(f"PRAGMA journal_mode = {wanted}")
            except sqlite3.Error as error:
                if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_READONLY):
                    raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            log = self.path.with_name(f"{self.path.name}-wal")
            if code == sqlite3.SQLITE_CANTOPEN and log.exists():
                raise self.error(f"its folder cannot be written and {log.name} has trials of it: copy both") from error
            known = REASONS.get(code)
            raise self.error(f"{known} ({error})" if known else str(error)) from error
