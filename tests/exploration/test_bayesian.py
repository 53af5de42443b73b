"""TPE through Optuna, which is an extra."""

import pytest

from adequate.exploration import bayesian
from tests.contracts.strategy_contract import FrontContract
from tests.exploration.problems import knobs
from tests.needed import needed_module

needed_module("optuna")


class TestBayesian(FrontContract):
    make = staticmethod(bayesian)
    trials = 600
    fewer = 400


def test_no_batch_is_refused() -> None:
    with pytest.raises(ValueError, match="batch is 0; it takes at least one point"):
        next(bayesian(knobs(2, 3), trials=9, batch=0, generator=None))  # type: ignore[arg-type]
