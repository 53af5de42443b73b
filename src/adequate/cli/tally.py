"""What is said of the trials so far while a command runs: their number, and the smallest within the margin."""

from typing import TYPE_CHECKING, Protocol

from rich.console import RenderableType

from adequate.cli.amounts import percent

if TYPE_CHECKING:
    from adequate.exploration import Trial


class Tally(Protocol):
    """Learns of trials and says how it stands."""

    def tried(self, trial: "Trial", reused: bool) -> None:
        """A trial was answered, from the store if ``reused``."""
        ...

    def begins(self) -> None:
        """A stage begins."""
        ...

    def evaluated(self, of: int) -> None:
        """Images are run, of so many."""
        ...

    def line(self) -> str:
        """How it stands, for the end of a line; empty where there is nothing to say."""
        ...

    def picture(self) -> RenderableType | None:
        """How it stands, for a terminal; None where the line says it all."""
        ...


class Smallest:
    """Counts trials, and knows the one of fewest stored bits within ``margin`` points of full precision."""

    def __init__(self, margin: float | None = None) -> None:
        self.margin = margin
        self._new = self._reused = 0
        self._full: Trial | None = None
        self._best: Trial | None = None

    def tried(self, trial: "Trial", reused: bool) -> None:
        """A trial was answered."""
        self._new, self._reused = self._new + (not reused), self._reused + reused
        if trial.split == "validation":
            self._full = self._full or (None if trial.design else trial)
            if self._good(trial) and (self._best is None or _size(trial) < _size(self._best)):
                self._best = trial

    def begins(self) -> None:
        """Says nothing of time."""

    def evaluated(self, of: int) -> None:
        """Says nothing of images."""

    def line(self) -> str:
        """How many, and the smallest."""
        if not self._new + self._reused:
            return ""
        text = counted(self._new, self._reused)
        if self._best is not None and self._full is not None:
            smaller = _size(self._full) / max(_size(self._best), 1)
            text += f"; smallest within the margin: weights {smaller:.1f} times smaller, {percent(self._best.accuracy)}"
        return text

    def picture(self) -> None:
        """A line says it all."""

    def _good(self, trial: "Trial") -> bool:
        if self.margin is None or self._full is None or not trial.design or "stored_bits" not in trial.figures:
            return False
        from adequate.exploration.trial import least_accuracy

        return trial.accuracy >= least_accuracy(self._full.accuracy, self.margin)


def counted(new: int, reused: int) -> str:
    """How many trials were run and how many were known.

    >>> counted(1200, 3)
    '1,200 tried, 3 remembered'
    """
    return f"{new:,} tried" + (f", {reused:,} remembered" if reused else "")


def _size(trial: "Trial") -> float:
    return trial.figures["stored_bits"]
