"""The strategy contracts notice a strategy that is wrong."""

from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from torch import Generator

from adequate.exploration import Space, Strategy, random_points
from tests.contracts.answer_contract import AnswerContract
from tests.contracts.strategy_contract import FrontContract, Maker
from tests.exploration.problems import ADDITIVE


def repeating(space: Space, *, trials: int, generator: Generator, objectives: Sequence[str] = ()) -> Strategy:
    """Spends half of its trials on one design."""
    for _ in range(trials // 2):
        yield [space.design(space.widest), space.design(space.sample(generator))]
    return None


OWN_STATE = count()


def unseeded(space: Space, *, trials: int, generator: Generator, objectives: Sequence[str] = ()) -> Strategy:
    """Draws from a state of its own, which goes on from one search to the next."""
    yield from random_points(
        space, objectives=objectives, trials=trials, generator=Generator().manual_seed(next(OWN_STATE))
    )
    return None


def spendthrift(space: Space, *, trials: int, generator: Generator, objectives: Sequence[str] = ()) -> Strategy:
    """Asks one design more than it may."""
    yield from random_points(space, objectives=objectives, trials=max(trials, 1) + 1, generator=generator)
    return None


@pytest.mark.parametrize(
    ("strategy", "law"),
    [
        (random_points, "test_reaches_a_true_front_from_one_seed"),
        (repeating, "test_asks_as_many_designs_as_it_may_and_none_twice"),
        (unseeded, "test_a_seed_gives_the_same_trials_whatever_the_order_of_answers"),
        (spendthrift, "test_asks_as_many_designs_as_it_may_and_none_twice"),
        (unseeded, "test_a_killed_search_ends_as_the_whole_one"),
        (repeating, "test_a_small_space_is_searched_whole"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_wrong_strategy_breaks_its_law(strategy: Maker, law: str, tmp_path: Path) -> None:
    class Wrong(FrontContract):
        make = staticmethod(strategy)
        trials = 200

    given: dict[str, Any] = {"tmp_path": tmp_path} if "killed" in law else {}
    with pytest.raises((AssertionError, ValueError, pytest.fail.Exception)):
        getattr(Wrong(), law)(**given)


def careless(space: Space, accuracy: float, *, objective: str) -> Strategy:
    """Answers with the narrowest point, whatever its accuracy."""
    yield [space.design(space.widest)]
    return space.design(space.narrowest)


def timid(space: Space, accuracy: float, *, objective: str) -> Strategy:
    """Answers with the widest point if that will do."""
    [trial] = yield [space.design(space.widest)]
    return trial.design if trial.accuracy >= accuracy else None


@pytest.mark.parametrize(
    ("strategy", "law"),
    [
        (careless, "test_the_answer_is_accurate_enough_and_nearly_the_cheapest"),
        (timid, "test_the_answer_is_accurate_enough_and_nearly_the_cheapest"),
        (careless, "test_the_answer_was_tried_and_no_design_asked_twice"),
        (careless, "test_none_if_not_even_the_widest_is_accurate_enough"),
        (timid, "test_everything_as_narrow_as_it_gets_if_nothing_matters"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_wrong_walk_breaks_its_law(strategy: Maker, law: str) -> None:
    class Wrong(AnswerContract):
        make = staticmethod(strategy)
        excess = 0.2

    given: dict[str, Any] = {"problem": ADDITIVE["unlike"]} if "answer" in law else {}
    given |= {"accuracy": 0.9} if "accurate_enough_and" in law else {}
    with pytest.raises(AssertionError):
        getattr(Wrong(), law)(**given)
