"""The response surface and the strategy that follows it."""

import numpy as np
import pytest
from torch import Generator

from adequate.exploration import Space, search, surrogate
from adequate.exploration.response import Response
from tests.contracts.strategy_contract import FrontContract
from tests.exploration.problems import PROBLEMS, knobs


class TestSurrogate(FrontContract):
    make = staticmethod(surrogate)
    trials = 400
    fewer = 150


def _plane(points: np.ndarray) -> np.ndarray:
    return np.stack([points @ [3.0, -1.0, 0.5], 100 + points @ [0.0, 40.0, 7.0]], axis=1)


def test_a_plane_is_learned_from_few_points_in_its_own_units() -> None:
    random = np.random.default_rng(0)
    seen, unseen = random.random((40, 3)), random.random((50, 3))
    surface = Response(seen, _plane(seen), np.ones(40), 4, random)
    for member in range(4):
        error = np.abs(surface.expect(unseen, member) - _plane(unseen)).max(0)
        assert (error < 0.05 * _plane(unseen).std(0)).all()


def test_members_agree_where_points_were_measured_and_differ_elsewhere() -> None:
    random = np.random.default_rng(0)
    seen = 0.5 * random.random((40, 3))
    figures = np.sin(9 * seen)
    surface = Response(seen, figures, np.ones(40), 8, random)

    def spread(points: np.ndarray) -> float:
        return float(np.stack([surface.expect(points, member) for member in range(8)]).std(0).mean())

    assert spread(seen) < 0.2 * spread(np.ones((1, 3)))


def test_what_is_expected_is_never_an_answer() -> None:
    """Every trial of the front carries the figures of the trial function."""
    problem = PROBLEMS[0]
    strategy = surrogate(problem.space, objectives=problem.objectives, trials=60, generator=Generator().manual_seed(0))
    for trial in search(strategy, problem.trial, objectives=problem.objectives).front:
        assert dict(trial.figures) == problem.trial(trial.design)


def test_knobs_of_one_choice_do_no_harm() -> None:
    space = knobs(3, 4)
    some = Space(space.start, knobs=[space.knobs[0], *(type(k)(k.name, k.choices[-1:]) for k in space.knobs[1:])])
    strategy = surrogate(some, objectives=("cost",), trials=9, generator=Generator().manual_seed(0))
    result = search(strategy, lambda design: {"accuracy": 0.5, "cost": sum(some.point(design))}, objectives=("cost",))
    assert len(result.trials) == 4


def test_no_batch_is_refused() -> None:
    with pytest.raises(ValueError, match="batch is 0; it takes at least one point"):
        next(surrogate(knobs(2, 3), trials=9, batch=0, generator=Generator()))
