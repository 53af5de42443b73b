"""Every point."""

import pytest

from adequate.exploration import exhaustive, search
from tests.exploration.problems import PROBLEMS, knobs


def test_every_point_is_tried_and_the_front_is_the_true_one() -> None:
    space = knobs(3, 7)
    figures = {p: {"accuracy": 1 - p[0] / 6, "cost": p[0] * p[1] - 5.0 * p[0] + p[2]} for p in space.points()}
    result = search(exhaustive(space), lambda design: figures[space.point(design)], objectives=("cost",))
    assert len(result.trials) == space.size
    true = {
        point
        for point, one in figures.items()
        if not any(
            other["accuracy"] >= one["accuracy"] and other["cost"] <= one["cost"] and other != one
            for other in figures.values()
        )
    }
    assert {space.point(trial.design) for trial in result.front} == true


def test_a_large_space_is_refused() -> None:
    with pytest.raises(
        ValueError, match="the space has 531441 points; exhaustive search is told to take at most 100000"
    ):
        next(exhaustive(PROBLEMS[0].space))
