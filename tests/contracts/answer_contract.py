"""What every strategy over a space must do whose answer is one design.

A test class inherits ``AnswerContract`` and says how to make the strategy: ``make(space, accuracy, objective=...)``.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from adequate.design import Design
from adequate.exploration import Context, Result, Store, Strategy, search
from tests.contracts.strategy_contract import shuffled_map
from tests.exploration.answers import noted
from tests.exploration.problems import ADDITIVE, Additive

LEAST = (0.9, 0.99, 0.995)

Maker = Callable[..., Strategy]

additive = pytest.mark.parametrize("problem", ADDITIVE.values(), ids=ADDITIVE)


def carried_out(make: Maker, problem: Additive, accuracy: float, **kwargs: Any) -> Result:
    """The search of a strategy on a problem."""
    return search(make(problem.space, accuracy, objective="cost"), problem.trial, objectives=("cost",), **kwargs)


class AnswerContract:
    """Inherit, set ``make`` to the strategy as a staticmethod, and ``excess``: cost over the least there is."""

    make: ClassVar[Maker]
    excess: ClassVar[float]

    @additive
    @pytest.mark.parametrize("accuracy", LEAST)
    def test_the_answer_is_accurate_enough_and_nearly_the_cheapest(self, problem: Additive, accuracy: float) -> None:
        result = carried_out(self.make, problem, accuracy)
        assert result.best is not None
        found = problem.trial(result.best)
        assert found["accuracy"] >= accuracy
        least = problem.cheapest(accuracy)
        print(f"cost {found['cost']} of {least}, {result.evaluations} of {problem.space.size} points")
        assert found["cost"] <= least * (1 + self.excess)

    @additive
    def test_the_answer_was_tried_and_no_design_asked_twice(self, problem: Additive) -> None:
        asked = list[Design]()
        strategy = noted(self.make(problem.space, 0.99, objective="cost"), asked)
        result = search(strategy, problem.trial, objectives=("cost",))
        assert result.best in [trial.design for trial in result.trials]
        assert len(asked) == len(set(asked)) < problem.space.size

    @additive
    def test_the_same_answer_whatever_the_order_of_answers(self, problem: Additive) -> None:
        assert carried_out(self.make, problem, 0.99, map=shuffled_map) == carried_out(self.make, problem, 0.99)

    def test_a_killed_search_ends_as_the_whole_one(self, tmp_path: Path) -> None:
        problem = ADDITIVE["unlike"]
        whole = carried_out(self.make, problem, 0.99)
        with Store(tmp_path / "trials.db") as store:
            for trial in whole.trials[: len(whole.trials) // 2]:
                store.put(Context(), trial, 0.0)
            assert carried_out(self.make, problem, 0.99, store=store) == whole

    def test_none_if_not_even_the_widest_is_accurate_enough(self) -> None:
        result = carried_out(self.make, ADDITIVE["alike"], 1.0)
        assert result.best is None
        assert result.evaluations == 1

    def test_everything_as_narrow_as_it_gets_if_nothing_matters(self) -> None:
        problem = ADDITIVE["alike"]
        assert carried_out(self.make, problem, -9.0).best == problem.space.design(problem.space.narrowest)
