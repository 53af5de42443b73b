"""What every strategy over a space must do.

A test class for a strategy whose answer is a front inherits ``FrontContract`` and says how to make one.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import Any, ClassVar

import pytest
import torch
from torch import Generator

from adequate.design import Design
from adequate.exploration import Context, Result, Store, Strategy, random_points, search
from tests.exploration.answers import noted
from tests.exploration.problems import PROBLEMS, Problem, knobs

SHARE = 0.95
"""Of the true front's hypervolume, to be reached."""

SEEDS = range(3)
"""``benchmarks/strategies.py`` takes ten."""

SOME_TRIALS = 60

Maker = Callable[..., Strategy]


def carried_out(make: Maker, problem: Problem, trials: int, seed: int = 0, **kwargs: Any) -> Result:
    """The search of a strategy on a problem."""
    generator = Generator().manual_seed(seed)
    strategy = make(problem.space, objectives=problem.objectives, trials=trials, generator=generator)
    return search(strategy, problem.trial, objectives=problem.objectives, **kwargs)


def share(make: Maker, problem: Problem, trials: int, seed: int) -> float:
    """How much of the true front's hypervolume a search reaches."""
    return problem.hypervolume(carried_out(make, problem, trials, seed).front) / problem.volume


def shares(make: Maker, problem: Problem, trials: int, seeds: Iterable[int]) -> tuple[float, float]:
    """The median shares of a strategy and of random points."""
    ours = median(share(make, problem, trials, seed) for seed in seeds)
    random = median(share(random_points, problem, trials, seed) for seed in seeds)
    print(f"{problem.name}, {trials} of {problem.space.size} points: {ours:.3f}, random {random:.3f}")
    return ours, random


def shuffled_map(function: Callable[[Any], Any], queries: Iterable[Any]) -> Iterator[Any]:
    """Answers in another order than asked, as a pool of processes gives them."""
    waiting = list(queries)
    for i in torch.randperm(len(waiting), generator=Generator().manual_seed(3)).tolist():
        yield function(waiting[i])


class FrontContract:
    """Inherit, set ``make`` to the strategy as a staticmethod, and ``trials`` to what it may take to reach a front."""

    make: ClassVar[Maker]
    trials: ClassVar[int]
    fewer: ClassVar[int | None] = None
    """What reaches the first problem's front from the first seed, where less does."""

    @pytest.mark.slow
    @pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
    def test_reaches_the_true_front_and_beats_random_points(self, problem: Problem) -> None:
        ours, random = shares(self.make, problem, self.trials, SEEDS)
        assert ours > random
        assert ours >= SHARE

    def test_reaches_a_true_front_from_one_seed(self) -> None:
        ours, random = shares(self.make, PROBLEMS[0], self.fewer or self.trials, SEEDS[:1])
        assert ours > random
        assert ours >= SHARE

    def test_asks_as_many_designs_as_it_may_and_none_twice(self) -> None:
        problem, asked = PROBLEMS[0], list[Design]()
        strategy = self.make(
            problem.space, objectives=problem.objectives, trials=SOME_TRIALS, generator=Generator().manual_seed(0)
        )
        result = search(noted(strategy, asked), problem.trial, objectives=problem.objectives)
        assert len(result.trials) == len(asked) == len(set(asked)) == SOME_TRIALS
        assert all(problem.space.design(problem.space.point(design)) == design for design in asked)

    def test_a_small_space_is_searched_whole(self) -> None:
        space = knobs(2, 3)
        strategy = self.make(space, objectives=("cost",), trials=50, generator=Generator().manual_seed(0))
        result = search(
            strategy, lambda design: {"accuracy": 0.5, "cost": sum(space.point(design))}, objectives=("cost",)
        )
        assert {space.point(trial.design) for trial in result.trials} == set(space.points())

    def test_a_seed_gives_the_same_trials_whatever_the_order_of_answers(self) -> None:
        problem = PROBLEMS[0]
        first = carried_out(self.make, problem, SOME_TRIALS)
        assert carried_out(self.make, problem, SOME_TRIALS, map=shuffled_map) == first
        assert carried_out(self.make, problem, SOME_TRIALS, seed=1).trials != first.trials

    def test_a_killed_search_ends_as_the_whole_one(self, tmp_path: Path) -> None:
        problem, half = PROBLEMS[0], SOME_TRIALS // 2
        whole = carried_out(self.make, problem, SOME_TRIALS)
        with Store(tmp_path / "trials.db") as store:
            for trial in whole.trials[:half]:
                store.put(Context(), trial, 0.0)
            resumed = carried_out(self.make, problem, SOME_TRIALS, store=store)
        assert resumed == whole
        assert (resumed.evaluations, resumed.reused) == (SOME_TRIALS - half, half)

    def test_a_search_of_no_trials_is_refused(self) -> None:
        with pytest.raises(ValueError, match="trials is 0; a search takes at least one"):
            carried_out(self.make, PROBLEMS[0], 0)
