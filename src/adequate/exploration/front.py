"""The trials that no other trial beats in everything."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import overload

from adequate.exploration.trial import Trial


@dataclass(frozen=True)
class Front(Sequence[Trial]):
    """Non-dominated trials, cheapest first: more accuracy is better, less of every objective is.

    One trial dominates another when it is at least as good in every figure and better in one.
    """

    trials: tuple[Trial, ...]
    objectives: tuple[str, ...]

    @staticmethod
    def of(trials: Iterable[Trial], objectives: Iterable[str]) -> "Front":
        """The front of ``trials``; equally good ones are all kept.

        Raises:
            KeyError: a trial lacks ``accuracy`` or an objective.
        """
        names = tuple(objectives)
        kept: list[tuple[tuple[float, ...], Trial]] = []
        # In this order a trial can only be dominated by one that came before it.
        for losses, trial in sorted(((_losses(t, names), t) for t in trials), key=lambda pair: pair[0]):
            if not any(other != losses and all(map(float.__le__, other, losses)) for other, _ in kept):
                kept.append((losses, trial))
        kept.sort(key=lambda pair: (pair[0][1:], pair[0][0]))
        return Front(tuple(trial for _, trial in kept), names)

    def cheapest(self, accuracy: float, by: str | None = None) -> Trial:
        """The trial with the smallest ``by`` (default: the first objective) of those at least so accurate.

        Raises:
            ValueError: none is so accurate, or ``by`` is no objective of this front.
        """
        if by is None and self.objectives:
            by = self.objectives[0]
        if by not in self.objectives:
            there = ", ".join(map(repr, self.objectives)) or "accuracy alone"
            raise ValueError(f"{by!r} is no objective of this front; it was taken over {there}")
        able = [trial for trial in self.trials if trial.accuracy >= accuracy]
        if not able:
            best = f"the best reaches {max(t.accuracy for t in self.trials)}" if self.trials else "the front is empty"
            raise ValueError(f"no trial reaches accuracy {accuracy}; {best}")
        return min(able, key=lambda trial: (trial.figure(by), -trial.accuracy))

    @overload
    def __getitem__(self, index: int) -> Trial: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Trial, ...]: ...
    def __getitem__(self, index: int | slice) -> Trial | tuple[Trial, ...]:
        return self.trials[index]

    def __len__(self) -> int:
        return len(self.trials)


def _losses(trial: Trial, objectives: tuple[str, ...]) -> tuple[float, ...]:
    return (-trial.accuracy, *(trial.figure(name) for name in objectives))
