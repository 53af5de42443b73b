"""How much of a known front every strategy finds, how far from the optimum it ends, and its own time: JSON lines.

Run as ``python -m benchmarks.strategies`` in the repository's root. ``share`` is the median over ten seeds of the
hypervolume reached over that of the true front; ``random`` that of as many random points. ``excess`` is the cost of the
one design that is found over the least there is. ``own_ms`` is processor time per trial of all that is no trial, which
``of_a_trial`` sets against a LeNet trial of 1,000 images at the 50 a minute that are asked of one core.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from statistics import median
from time import process_time
from typing import Any, Protocol

from torch import Generator

from adequate.design import Design
from adequate.exploration import (
    Result,
    Space,
    Strategy,
    Trial,
    bayesian,
    delta_debugging,
    evolutionary,
    max_minus_one,
    min_plus_one,
    random_points,
    search,
    sensitivity,
    surrogate,
    tabu,
)
from tests.exploration.digits_space import MARGINS, Digits
from tests.exploration.problems import ADDITIVE, PROBLEMS, Additive

SEEDS = range(10)

TRIALS, TRIALS_ON_DIGITS, TRIALS_OF_A_SEARCH = 600, 60, 300

LEAST = (0.9, 0.99, 0.995)

LENET_TRIAL_S = 60 / 50

FRONTS: tuple[Callable[..., Strategy], ...] = (evolutionary, surrogate, bayesian)

WALKS: tuple[Callable[..., Strategy], ...] = (min_plus_one, max_minus_one, tabu, delta_debugging, sensitivity)

LARGE = Additive((0.02,) * 40, tuple(1.0 + i % 5 for i in range(40)), choices=7)
"""As many knobs as ResNet-20 has."""


class Known(Protocol):
    """A problem whose front is known."""

    name: str
    space: Space

    @property
    def objectives(self) -> tuple[str, ...]: ...
    @property
    def volume(self) -> float: ...
    def trial(self, design: Design) -> dict[str, float]: ...
    def hypervolume(self, trials: Iterable[Trial]) -> float: ...


def timed(strategy: Strategy, problem: Any, objectives: Sequence[str]) -> tuple[Result, float]:
    """A search, and the processor time in seconds per trial that its trials did not take."""
    inside = 0.0

    def trial(design: Design) -> dict[str, float]:
        nonlocal inside
        began = process_time()
        figures: dict[str, float] = problem.trial(design)
        inside += process_time() - began
        return figures

    began = process_time()
    result = search(strategy, trial, objectives=objectives)
    return result, (process_time() - began - inside) / len(result.trials)


def say(**figures: object) -> None:
    """One line."""
    print(json.dumps(figures), flush=True)


def own(seconds: float) -> dict[str, float]:
    """A strategy's own time per trial, alone and against a trial."""
    return {"own_ms": round(1000 * seconds, 2), "of_a_trial": round(seconds / LENET_TRIAL_S, 4)}


def fronts(problem: Known, trials: int) -> None:
    """Every strategy that looks for a front."""

    def reached(make: Callable[..., Strategy]) -> tuple[float, float]:
        shares, seconds = list[float](), list[float]()
        for seed in SEEDS:
            strategy = make(
                problem.space,
                objectives=problem.objectives,
                trials=trials,
                generator=Generator().manual_seed(seed),
            )
            result, each = timed(strategy, problem, problem.objectives)
            shares.append(problem.hypervolume(result.front) / problem.volume)
            seconds.append(each)
        return median(shares), median(seconds)

    random, _ = reached(random_points)
    for make in FRONTS:
        share, seconds = reached(make)
        say(
            figure="front",
            problem=problem.name,
            strategy=make.__name__,
            trials=trials,
            points=problem.space.size,
            share=round(share, 4),
            random=round(random, 4),
            **own(seconds),
        )


def walks(digits: Digits) -> None:
    """Every strategy that looks for one design."""
    for make in WALKS:
        excess, asked, seconds = list[float](), list[int](), list[float]()
        for problem in ADDITIVE.values():
            for accuracy in LEAST:
                result, each = timed(make(problem.space, accuracy, objective="cost"), problem, ("cost",))
                assert result.best is not None
                excess.append(problem.trial(result.best)["cost"] / problem.cheapest(accuracy) - 1)
                asked.append(len(result.trials))
                seconds.append(each)
        say(
            figure="one design",
            problem="additive",
            strategy=make.__name__,
            optima=sum(one < 1e-9 for one in excess),
            of=len(excess),
            worst_excess=round(max(excess), 4),
            mean_trials=round(sum(asked) / len(asked), 1),
            **own(median(seconds)),
        )
        for measure in ("accuracy", "loss") if make is sensitivity else ("accuracy",):
            for margin in MARGINS:
                wanted = digits.wanted(margin)
                settings = {"measure": measure} if make is sensitivity else {}
                result, each = timed(make(digits.space, wanted, **settings), digits, digits.objectives)
                assert result.best is not None
                say(
                    figure="one design",
                    problem="digits",
                    strategy=make.__name__,
                    **settings,
                    margin=margin,
                    excess=round(digits.trial(result.best)["stored_bits"] / digits.cheapest(wanted) - 1, 4),
                    trials=len(result.trials),
                    points=digits.space.size,
                    **own(each),
                )


def large() -> None:
    """The time of strategies alone where there are many knobs."""
    for make in FRONTS:
        strategy = make(
            LARGE.space, objectives=("cost",), trials=TRIALS_OF_A_SEARCH, generator=Generator().manual_seed(0)
        )
        result, seconds = timed(strategy, LARGE, ("cost",))
        say(
            figure="own time",
            knobs=len(LARGE.space.knobs),
            strategy=make.__name__,
            trials=len(result.trials),
            **own(seconds),
        )


def main() -> None:
    """All figures."""
    digits = Digits()
    large()
    walks(digits)
    fronts(digits, TRIALS_ON_DIGITS)
    for problem in PROBLEMS:
        fronts(problem, TRIALS)


if __name__ == "__main__":
    main()
