"""What a strategy asks and what it is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from adequate.design import Design

SPLITS = ("validation", "calibration", "test")
"""The parts of the data a design can be scored on; strategies choose by ``validation``."""


def least_accuracy(full: float, margin: float) -> float:
    """The accuracy that is still within ``margin`` points of ``full``: full - margin / 100.

    Less 1e-9, far below the share of one image, so that rounding does not reject a loss of just the margin.
    """
    return full - margin / 100 - 1e-9


@dataclass(frozen=True, slots=True)
class Query:
    """A question: how good is ``design`` on ``split`` after ``epochs`` of fine-tuning?

    ``known`` are figures of the answer that need not be found again; they do not make it another question.
    """

    design: Design
    epochs: int = 0
    split: str = "validation"
    known: Mapping[str, float] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise ValueError(f"no such split {self.split!r}; there are {', '.join(map(repr, SPLITS))}")
        if self.epochs < 0:
            raise ValueError(f"epochs is {self.epochs}; it cannot be negative")

    @property
    def settings(self) -> dict[str, Any]:
        """What differs from a plain question: the keywords ``trial`` is called with."""
        plain = {"epochs": 0, "split": "validation", "known": {}}
        asked = {"epochs": self.epochs, "split": self.split, "known": dict(self.known)}
        return {name: value for name, value in asked.items() if value != plain[name]}


@dataclass(frozen=True)
class Trial:
    """An answer: a design with its figures, plain floats by name; ``accuracy`` is one of them.

    Immutable, hashable, comparable by value.

    >>> trial = Trial(Design(), {"accuracy": 0.99, "stored_bits": 1600})
    >>> trial.accuracy, trial.figures["stored_bits"]
    (0.99, 1600.0)
    """

    design: Design
    figures: Mapping[str, float]
    epochs: int = 0
    split: str = "validation"

    def __post_init__(self) -> None:
        figures = {name: float(value) for name, value in self.figures.items()}
        for name, value in figures.items():
            if value != value:
                raise ValueError(f"figure {name!r} of design {self.design.digest[:12]} is NaN")
        object.__setattr__(self, "figures", MappingProxyType(figures))

    def __hash__(self) -> int:
        return hash((self.query, frozenset(self.figures.items())))

    def __reduce__(self) -> tuple[type["Trial"], tuple[Any, ...]]:
        return Trial, (self.design, dict(self.figures), self.epochs, self.split)

    @property
    def query(self) -> Query:
        """The question this answers."""
        return Query(self.design, self.epochs, self.split)

    @property
    def accuracy(self) -> float:
        """A fraction from 0 to 1."""
        return self.figure("accuracy")

    def figure(self, name: str) -> float:
        """One figure.

        Raises:
            KeyError: the trial has no such figure; it names those there are.
        """
        if name not in self.figures:
            there = ", ".join(map(repr, self.figures)) or "none"
            raise KeyError(f"the trial of design {self.design.digest[:12]} has no figure {name!r}; it has {there}")
        return self.figures[name]
