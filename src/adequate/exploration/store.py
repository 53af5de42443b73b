"""The memory of finished trials: one SQLite file per run, and what other files know."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from adequate.design import Design
from adequate.design.json import design_to_json
from adequate.design.tables import save_tables
from adequate.exploration.context import Context
from adequate.exploration.trial import Query, Trial
from adequate.exploration.trials_file import StoreError, TrialsFile

ANSWER = "network, data, seed, settings, versions, digest, epochs, split, figures, seconds, created"
QUESTION = "context = ? AND digest = ? AND epochs = ? AND split = ?"


@dataclass(frozen=True)
class Record:
    """A stored answer: of which design (by its hash), to what, in which context; how long it took and when it was done.

    ``created`` is an ISO 8601 time in UTC.
    """

    context: Context
    digest: str
    epochs: int
    split: str
    figures: Mapping[str, float]
    seconds: float
    created: str


class Store:
    """Trials by (context, design, epochs, split) in the SQLite file ``path``, created where there is none.

    A trial is on the disk when ``put`` returns and is there whole or not at all, whenever the process dies; the first
    answer to a question stays. Several processes may use one file, one of them writing at a time. Opening an existing
    file writes no trial to it. What the file does not know is looked up in ``others``, files that are only read, and
    kept.

    Raises:
        StoreError: a file is another one, damaged, of another version or not writable, or one of ``others`` is not
            there; they are left as they are.
    """

    def __init__(self, path: str | Path, others: Sequence[str | Path] = (), *, create: bool = True) -> None:
        self.path = Path(path)
        self._file = TrialsFile(self.path, create=create)
        self._others: list[Store] = []
        try:
            for other in others:
                self._others.append(Store(other, create=False))
        except StoreError:
            self.close()
            raise

    def get(self, context: Context, query: Query) -> Trial | None:
        """The stored answer to a question, None without one."""
        record = self._answer(context, query)
        for other in self._others:
            if record is None and (record := other._answer(context, query)) is not None:
                self._keep(record, query.design)
        return None if record is None else Trial(query.design, record.figures, query.epochs, query.split)

    def put(self, context: Context, trial: Trial, seconds: float) -> None:
        """Stores an answer that took ``seconds``; a question that has one keeps it, and gets the figures it lacked.

        The tables of the design's multipliers go into the folder ``tables`` beside the file.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        asked = (trial.design.digest, trial.epochs, trial.split)
        self._keep(Record(context, *asked, dict(trial.figures), seconds, now), trial.design)

    def records(self) -> tuple[Record, ...]:
        """All answers, in the order they were stored."""
        rows = self._file.rows(f"SELECT {ANSWER} FROM trials ORDER BY rowid")
        return tuple(self._record(row) for row in rows)

    def trials(self, context: str | None = None) -> tuple[Trial, ...]:
        """All trials with their designs, or those of one context by its digest, in the order they were stored."""
        rows = self._file.rows(
            "SELECT design, figures, epochs, split FROM trials WHERE context = coalesce(?, context) ORDER BY rowid",
            (context,),
        )
        return tuple(Trial(self._design(design), self._figures(text), *rest) for design, text, *rest in rows)

    def design(self, prefix: str) -> Design:
        """The one design whose hash begins so.

        Raises:
            KeyError: there is none, or there are several.
            StoreError: it is damaged.
        """
        rows = self._file.rows(
            "SELECT digest, design FROM trials WHERE substr(digest, 1, ?) = ? GROUP BY digest", (len(prefix), prefix)
        )
        if len(rows) != 1:
            some = ", ".join(digest[:12] for digest, _ in rows[:5])
            found = f"{len(rows)} designs do: {some}{', ...' if len(rows) > 5 else ''}" if rows else "no design does"
            raise KeyError(f"{self.path}: one design's hash should begin with {prefix!r}; {found}")
        return self._design(rows[0][1])

    def close(self) -> None:
        """Lets go of the files."""
        for one in self._others:
            one.close()
        self._file.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _answer(self, context: Context, query: Query) -> Record | None:
        asked = (context.digest, query.design.digest, query.epochs, query.split)
        rows = self._file.rows(f"SELECT {ANSWER} FROM trials WHERE {QUESTION}", asked)
        return self._record(rows[0]) if rows else None

    def _keep(self, record: Record, design: Design) -> None:
        save_tables((one.multiplier for one in design.values() if one.multiplier is not None), self.path)
        context, asked = record.context, (record.context.digest, record.digest, record.epochs, record.split)
        with self._file.writing():
            known = self._file.rows(f"SELECT figures, seconds FROM trials WHERE {QUESTION}", asked)
            for text, seconds in known:
                before = self._figures(text)
                if lacked := {name: value for name, value in record.figures.items() if name not in before}:
                    changed = (json.dumps({**before, **lacked}), seconds + record.seconds, *asked)
                    self._file.rows(f"UPDATE trials SET figures = ?, seconds = ? WHERE {QUESTION}", changed)
            if not known:
                row = (context.digest, context.network, context.data, str(context.seed), context.settings)
                row += (context.versions, *asked[1:], json.dumps(dict(record.figures)), record.seconds, record.created)
                self._file.rows(
                    f"INSERT INTO trials (context, {ANSWER}, design) VALUES ({', '.join('?' * (len(row) + 1))})",
                    (*row, design_to_json(design)),
                )

    def _record(self, row: tuple[Any, ...]) -> Record:
        network, data, seed, settings, versions, digest, epochs, split, figures, seconds, created = row
        try:
            context = Context(network, data, int(seed), settings, versions)
        except (ValueError, TypeError) as error:
            raise self._file.error(f"it is damaged (a trial's seed: {error})") from error
        return Record(context, digest, epochs, split, self._figures(figures), seconds, created)

    def _figures(self, text: str) -> dict[str, float]:
        try:
            figures = {name: float(value) for name, value in json.loads(text).items()}
        except (ValueError, TypeError, AttributeError) as error:
            raise self._file.error(f"it is damaged (a trial's figures: {error})") from error
        if any(value != value for value in figures.values()):
            raise self._file.error("it is damaged (a trial's figures: NaN)")
        return figures

    def _design(self, text: str) -> Design:
        try:
            return Design.from_text(text, self.path)
        except (ValueError, TypeError) as error:
            raise self._file.error(f"it is damaged (a trial's design: {error})") from error
