"""The strategies that walk to one design."""

from itertools import product

import pytest

from adequate.exploration import delta_debugging, max_minus_one, min_plus_one, sensitivity, tabu
from tests.contracts.answer_contract import LEAST, AnswerContract, additive, carried_out
from tests.exploration.answers import one_minimal
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
    best = carried_out(max_minus_one, problem, accuracy).best
    assert best is not None
    assert one_minimal(problem.space, best, lambda design: problem.trial(design)["accuracy"] >= accuracy)


@pytest.mark.parametrize(("name", "accuracy"), list(product([n for n in ADDITIVE if n != "crossed"], LEAST)))
def test_sensitivity_is_exact_where_losses_add_up(name: str, accuracy: float) -> None:
    problem = ADDITIVE[name]
    result = carried_out(sensitivity, problem, accuracy)
    assert result.best is not None
    assert problem.trial(result.best)["cost"] == problem.cheapest(accuracy)
