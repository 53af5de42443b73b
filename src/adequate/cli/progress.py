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

    ``margin`` (points) tells which trials count as good.
    """

    def __init__(self, margin: float | None = None, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False)
        self.margin = margin
        self._stage, self._stage_began = "", monotonic()
        self._count: _Count | None = None
        self._new = self._reused = 0
        self._full: Trial | None = None
        self._best: Trial | None = None
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
        self._live.stop()

    def stage(self, text: str) -> None:
        """A new stage begins."""
        self._stage, self._stage_began = text, monotonic()
        self._count, self._training = None, ""
        self._say(at_once=True)

    def tried(self, trial: "Trial", reused: bool) -> None:
        """A trial was answered, from the store if ``reused``."""
        self._new, self._reused = self._new + (not reused), self._reused + reused
        self._count, self._training = None, ""
        if trial.split == "validation":
            self._full = self._full or (None if trial.design else trial)
            if self._good(trial) and (self._best is None or _size(trial) < _size(self._best)):
                self._best = trial
        self._say()

    def evaluated(self, images: int, of: int) -> None:
        """So many images of an evaluation are done."""
        self._training = ""
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

    def _good(self, trial: "Trial") -> bool:
        if self.margin is None or self._full is None or not trial.design or "stored_bits" not in trial.figures:
            return False
        from adequate.exploration.trial import least_accuracy

        return trial.accuracy >= least_accuracy(self._full.accuracy, self.margin)

    def _trials(self) -> str:
        if not self._new + self._reused:
            return ""
        text = f"{self._new:,} tried" + (f", {self._reused:,} remembered" if self._reused else "")
        if self._best is not None and self._full is not None:
            smaller = _size(self._full) / max(_size(self._best), 1)
            text += f"; smallest within the margin: weights {smaller:.1f} times smaller, {percent(self._best.accuracy)}"
        return text

    def _picture(self) -> Group:
        now = monotonic()
        head = Table.grid(padding=(0, 1))
        elapsed = clock(now - self._stage_began)
        head.add_row(self._spinner, Text(self._stage, "bold"), Text(self._trials()), Text(elapsed, "dim"))
        parts: list[Any] = [head]
        if self._training:
            parts.append(Text("  " + self._training))
        count = self._count
        if count is not None:
            row = Table.grid(padding=(0, 1))
            bar = ProgressBar(count.total, count.done, width=30)
            row.add_row(" ", bar, f"{count.done:,} of {count.total:,} {count.what}", Text(count.remaining(now), "dim"))
            parts.append(row)
        return Group(*parts)

    def _say(self, *, at_once: bool = False) -> None:
        """A line for those who read a log."""
        now = monotonic()
        if self.console.is_terminal or not (at_once or now - self._said > SECONDS_BETWEEN_LINES):
            return
        self._said = now
        parts = [self._stage] if at_once else [self._stage, self._trials(), self._training]
        count = self._count
        if count is not None:
            parts += [f"{count.done:,} of {count.total:,} {count.what}", count.remaining(now)]
        self.console.print("; ".join(part for part in parts if part), soft_wrap=True, markup=False)


def clock(seconds: float) -> str:
    """A duration as people say it.

    >>> clock(4.2), clock(75), clock(3700)
    ('4 s', '1 min 15 s', '1 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"


def percent(share: float) -> str:
    """A fraction in percent.

    >>> percent(0.9905)
    '99.05 %'
    """
    return f"{100 * share:.2f} %"


def _size(trial: "Trial") -> float:
    return trial.figures["stored_bits"]
