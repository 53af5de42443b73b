"""What a long command does, how far it is and what remains, on standard error."""

from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from adequate.cli.amounts import clock, percent
from adequate.cli.tally import Smallest, Tally

if TYPE_CHECKING:
    from adequate.data import Split
    from adequate.exploration import Trial
    from adequate.finetuning import Step

SECONDS_BETWEEN_LINES = 10.0
"""Where standard error is no terminal."""


@dataclass
class _Count:
    """Something that is done piece by piece."""

    what: str
    done: int
    total: int
    began: float
    first: int

    def remaining(self, now: float) -> str:
        """How long the rest takes at the pace so far."""
        pieces = self.done - self.first
        if not pieces or self.done >= self.total:
            return ""
        return f"{clock((self.total - self.done) * (now - self.began) / pieces)} left"


class Progress:
    """A ``Watcher`` that shows a stage, the trials so far and a bar; on a terminal live, else a line now and then.

    ``tally`` says how the trials stand. Where a command is interrupted, its last word stays.
    """

    def __init__(self, tally: Tally | None = None, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False)
        self.tally = tally or Smallest()
        self._stage, self._stage_began = "", monotonic()
        self._count: _Count | None = None
        self._training = ""
        self._said = monotonic()
        self._spinner = Spinner("dots", style="cyan")
        self._live = Live(get_renderable=self._picture, console=self.console, refresh_per_second=8, transient=True)

    def __enter__(self) -> "Progress":
        if self.console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is KeyboardInterrupt:
            self._keep()
        self._live.stop()

    def stage(self, text: str) -> None:
        """A new stage begins."""
        self._stage, self._stage_began = text, monotonic()
        self._count, self._training = None, ""
        self.tally.begins()
        self._say(at_once=True)

    def tried(self, trial: "Trial", reused: bool) -> None:
        """A trial was answered, from the store if ``reused``."""
        self.tally.tried(trial, reused)
        self._count, self._training = None, ""
        self._say()

    def evaluated(self, images: int, of: int) -> None:
        """So many images of an evaluation are done."""
        self._training = ""
        self.tally.evaluated(of)
        self.advance("images", images, of)

    def trained(self, step: "Step") -> None:
        """A training step is done."""
        held_out = "" if step.accuracy is None else f", held-out accuracy {percent(step.accuracy)}"
        self._training = f"fine-tuning: loss {step.loss:.4f}{held_out}"
        self.advance("steps", step.step, step.steps)

    def advance(self, what: str, done: int, total: int) -> None:
        """So many pieces of something are done."""
        count = self._count
        if count is None or (count.what, count.total) != (what, total) or done < count.done:
            self._count = _Count(what, done, total, monotonic(), done)
        else:
            count.done = done
        self._say()

    def counting(self, images: "Split") -> Iterator[Any]:
        """The batches of a split, counted as they go."""
        done = 0
        for x, y in images:
            yield x, y
            done += len(y)
            self.advance("images", done, len(images))

    def _picture(self) -> Group:
        now = monotonic()
        head = Table.grid(padding=(0, 1))
        elapsed = clock(now - self._stage_began)
        head.add_row(self._spinner, Text(self._stage, "bold"), Text(self.tally.line()), Text(elapsed, "dim"))
        parts: list[Any] = [head]
        if (picture := self.tally.picture()) is not None:
            parts.append(picture)
        if self._training:
            parts.append(Text("  " + self._training))
        count = self._count
        if count is not None:
            row = Table.grid(padding=(0, 1))
            bar = ProgressBar(count.total, count.done, width=30)
            row.add_row(" ", bar, f"{count.done:,} of {count.total:,} {count.what}", Text(count.remaining(now), "dim"))
            parts.append(row)
        return Group(*parts)

    def _keep(self) -> None:
        """The trials so far, as what remains to be seen."""
        line, picture = self.tally.line(), self.tally.picture()
        self._live.stop()
        if line:
            self.console.print(f"{self._stage}; {line}", soft_wrap=True, markup=False)
        if picture is not None and self.console.is_terminal:
            self.console.print(picture)

    def _say(self, *, at_once: bool = False) -> None:
        """A line for those who read a log."""
        now = monotonic()
        if self.console.is_terminal or not (at_once or now - self._said > SECONDS_BETWEEN_LINES):
            return
        self._said = now
        parts = [self._stage] if at_once else [self._stage, self.tally.line(), self._training]
        count = self._count
        if count is not None:
            parts += [f"{count.done:,} of {count.total:,} {count.what}", count.remaining(now)]
        self.console.print("; ".join(part for part in parts if part), soft_wrap=True, markup=False)
