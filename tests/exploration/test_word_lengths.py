"""The strategies that walk to one design."""

from itertools import product

import pytest

from adequate.exploration import delta_debugging, max_minus_one, min_plus_one, sensitivity, tabu
from adequate.exploration.answers import moved
from tests.contracts.answer_contract import LEAST, AnswerContract, additive, carried_out
from tests.exploration.problems import ADDITIVE, Additive


class TestMinPlusOne(AnswerContract):
    make = staticmethod(min_plus_one)
    excess = 0.2


class TestMaxMinusOne(AnswerContract):
    make = staticmethod(max_minus_one)
    excess = 0.1


class TestTabu(AnswerContract):
    make = staticmethod(tabu)
    excess = 0.1


class TestDeltaDebugging(AnswerContract):
    make = staticmethod(delta_debugging)
    excess = 0.6


class TestSensitivity(AnswerContract):
    make = staticmethod(sensitivity)
    excess = 0.1


@additive
@pytest.mark.parametrize("accuracy", LEAST)
def test_no_knob_can_be_lowered_after_max_minus_one(problem: Additive, accuracy: float) -> None:
    result = carried_out(max_minus_one, problem, accuracy)
    assert result.best is not None
    point = problem.space.point(result.best)
    for knob in range(len(point)):
        lower = moved(problem.space, point, knob, -1)
        assert lower is None or problem.trial(problem.space.design(lower))["accuracy"] < accuracy


@pytest.mark.parametrize(("name", "accuracy"), list(product([n for n in ADDITIVE if n != "crossed"], LEAST)))
def test_sensitivity_is_exact_where_losses_add_up(name: str, accuracy: float) -> None:
    problem = ADDITIVE[name]
    result = carried_out(sensitivity, problem, accuracy)
    assert result.best is not None
    assert problem.trial(result.best)["cost"] == problem.cheapest(accuracy)
