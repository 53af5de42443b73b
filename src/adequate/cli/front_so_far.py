"""The front of a search while it runs: its table, how fast it grows, and what racing saves."""

from collections.abc import Callable, Sequence
from time import monotonic
from typing import TYPE_CHECKING

from rich import box
from rich.markup import escape
from rich.table import Table

from adequate.cli.amounts import clock, percent
from adequate.cli.tally import counted

if TYPE_CHECKING:
    from adequate.exploration import Front, Trial

ROWS = 6
"""Of the table; a longer front shows so many of its designs, evenly spread."""


class FrontSoFar:
    """A ``Tally`` of a search for ``objectives``; ``expected`` is how many trials it will ask for, where that is known.

    Designs that were given up on have an estimate for an accuracy and are not of the front.
    """

    def __init__(self, objectives: Sequence[str], clock: Callable[[], float] = monotonic) -> None:
        self.objectives = tuple(objectives)
        self.expected: int | None = None
        self._clock = clock
        self._front: Front | None = None
        self._trials = list["Trial"]()
        self._reused = 0
        self._began: float | None = None
        self._last = 0.0
        self._images = 0

    def tried(self, trial: "Trial", reused: bool) -> None:
        """A trial was answered; those on other splits belong to no search."""
        from adequate.exploration import Front

        if trial.split != "validation":
            return
        self._trials.append(trial)
        self._reused += reused
        self._last = self._clock()
        self.evaluated(int(trial.figures.get("images", 0)))
        if trial.figures.get("images", 0) == self._images:
            self._front = Front.of([*(self._front or ()), trial], self.objectives)

    def begins(self) -> None:
        """A stage begins; the last one before the first trial is the search's."""
        if not self._trials:
            self._began = self._clock()

    def evaluated(self, of: int) -> None:
        """Images are run, of so many."""
        if of > self._images:
            self._images, self._front = of, None

    def line(self) -> str:
        """How many, how fast, what racing saved, and how long the rest takes."""
        done = len(self._trials)
        if not done:
            return ""
        new = done - self._reused
        parts = [counted(new, self._reused) + (f" of {self.expected:,}" if self.expected else "")]
        seconds = self._last - self._began if self._began is not None else 0.0
        if new and seconds > 0:
            parts.append(f"{new / seconds:.2g} trials/s")
        if saved := self._saved():
            parts.append(f"{percent(saved)} of the images saved")
        if self._front:
            parts.append(f"{len(self._front)} on the front")
        if new and seconds > 0 and self.expected and done < self.expected:
            left = (self.expected - done) * seconds / new - (self._clock() - self._last)
            parts.append(f"{clock(max(left, 0.0))} left")
        return ", ".join(parts)

    def picture(self) -> Table | None:
        """Some designs of the front, cheapest first."""
        if not self._front:
            return None
        shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for name in ("accuracy", *self.objectives):
            shown.add_column(escape(name), justify="right")
        for trial in _spread(self._front, ROWS):
            shown.add_row(percent(trial.accuracy), *(f"{trial.figure(name):,.6g}" for name in self.objectives))
        return shown

    def _saved(self) -> float:
        """The share of the images that trials left out."""
        seen = sum(trial.figures.get("images", self._images) for trial in self._trials)
        return 1 - seen / (len(self._trials) * self._images) if self._images else 0.0


def _spread(front: "Front", most: int) -> list["Trial"]:
    """At most so many, the first and the last among them."""
    last = len(front) - 1
    places = range(len(front)) if last < most else [round(i * last / (most - 1)) for i in range(most)]
    return [front[at] for at in places]
