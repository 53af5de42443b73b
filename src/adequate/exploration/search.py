"""The driver of every strategy: runs the trials it asks for, each once, and remembers them."""

import builtins
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

from adequate.design import Design
from adequate.exploration.context import Context
from adequate.exploration.front import Front
from adequate.exploration.store import Store
from adequate.exploration.trial import Query, Trial

Strategy = Generator[Sequence[Design | Query], list[Trial], Design | None]
"""Yields batches of questions, is sent their trials in the same order, returns the design it chose."""

Figures = Trial | Mapping[str, float]

Map = Callable[[Callable[[Query], tuple[Trial, float]], Sequence[Query]], Iterable[tuple[Trial, float]]]
"""``map(function, queries)`` as the built-in, a pool's ``map`` or ``imap_unordered``: the order of answers is free."""


@dataclass(frozen=True)
class Measured:
    """What ``map`` is given: ``measured(query)`` is a trial and how many seconds it took.

    Equal for one trial function, so that a ``map`` knows it again in the next batch.
    """

    trial: Callable[..., Figures]

    def __call__(self, query: Query) -> tuple[Trial, float]:
        started = perf_counter()
        try:
            answer = self.trial(query.design, **query.settings)
        except Exception as error:
            error.add_note(f"while trying design {query.design.digest[:12]}")
            raise
        figures = answer.figures if isinstance(answer, Trial) else answer
        if not isinstance(figures, Mapping):
            raise TypeError(
                f"the trial function returned {type(answer).__name__}; wanted is a Trial or its figures, "
                'as in {"accuracy": 0.99}'
            )
        found = {**query.known, **figures}
        return Trial(query.design, found, query.epochs, query.split), perf_counter() - started


@dataclass(frozen=True)
class Result:
    """What a search found: the design its strategy chose, the front, and every trial in the order first asked.

    ``evaluations`` trials were run now, ``reused`` ones came from the store; two results are equal when they found the
    same, however much of it was remembered.
    """

    best: Design | None
    front: Front
    trials: tuple[Trial, ...]
    evaluations: int = field(compare=False)
    reused: int = field(compare=False)


def search(
    strategy: Strategy,
    trial: Callable[..., Figures],
    *,
    map: Map = builtins.map,
    store: Store | None = None,
    context: Context = Context(),  # noqa: B008  (immutable)
    objectives: Sequence[str] | None = None,
    progress: Callable[[Trial, bool], None] | None = None,
) -> Result:
    """Runs a strategy to its end.

    ``trial(design)`` gives a ``Trial`` or its figures; for a ``Query`` that is not the default one it is called with
    what differs: ``trial(design, epochs=2)``, ``trial(design, split="calibration")``. No question is answered twice:
    not within a search, nor when ``store`` knows its answer in this ``context`` (which has to say everything besides
    the question that an answer depends on). Of a stored validation trial that lacks one of ``objectives``, only that is
    asked for: ``trial(design, known=figures)`` gives what is not among the figures it is told. Each answer is stored as
    ``map`` hands it over, so that a killed search loses what was running and, started again, ends in the same result.

    The front is taken over the ``validation`` trials, by accuracy and ``objectives`` (default: ``stored_bits`` where
    the trials have it). ``progress(trial, reused)`` is called once per trial.

    Raises:
        StoreError: the store cannot be read or written.
        TypeError: the strategy yields, or ``trial`` returns, something else.
        RuntimeError: ``map`` leaves out an answer.
        KeyError: a validation trial lacks ``accuracy`` or an objective.
        Exception: what ``trial`` raises, with a note that names the design.
    """
    measured = Measured(trial)
    known: dict[Query, Trial] = {}
    asked: list[Query] = []
    reused = 0

    def learn(answer: Trial, remembered: bool) -> None:
        known[answer.query] = answer
        if progress is not None:
            progress(answer, remembered)

    with closing(strategy):
        answers: list[Trial] | None = None
        while True:
            try:
                batch = _queries(strategy.send(answers))  # type: ignore[arg-type]  # None starts the generator
            except StopIteration as stop:
                best: Design | None = stop.value
                break
            new = [query for query in dict.fromkeys(batch) if query not in known]
            asked += new
            running: list[Query] = []
            for query in new:
                found = None if store is None else store.get(context, query)
                if found is None:
                    running.append(query)
                elif query.split == "validation" and not found.figures.keys() >= set(objectives or ()):
                    running.append(replace(query, known=dict(found.figures)))
                else:
                    learn(found, True)
                    reused += 1
            for answer, seconds in map(measured, running) if running else ():
                if store is not None:
                    store.put(context, answer, seconds)
                learn(answer, False)
            if lost := [query for query in running if query not in known]:
                raise RuntimeError(f"map returned no answer for {len(lost)} of {len(running)} trials")
            answers = [known[query] for query in batch]

    trials = tuple(known[query] for query in asked)
    return Result(best, _front(trials, objectives), trials, len(trials) - reused, reused)


def _queries(batch: Any) -> list[Query]:
    odd = [one for one in batch if not isinstance(one, Design | Query)] if isinstance(batch, list | tuple) else [batch]
    if odd:
        raise TypeError(f"a strategy yields lists of Design or Query, not {type(odd[0]).__name__}")
    return [one if isinstance(one, Query) else Query(one) for one in batch]


def _front(trials: tuple[Trial, ...], objectives: Sequence[str] | None) -> Front:
    scored = [trial for trial in trials if trial.split == "validation"]
    if objectives is None:
        objectives = ("stored_bits",) if scored and all("stored_bits" in trial.figures for trial in scored) else ()
    return Front.of(scored, objectives)
