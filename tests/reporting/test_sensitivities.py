"""What a choice does to the accuracy, read off designs that differ in one knob alone."""

import random
from itertools import product

import pytest

from adequate.reporting.sensitivities import changes


def plain_differences(accuracies: dict[tuple[int, ...], float], knob: int) -> dict[int, list[float]]:
    """Of every pair of designs that differ in ``knob`` alone, one of them at its widest: what is lost, in points."""
    widest = max(row[knob] for row in accuracies)
    found: dict[int, list[float]] = {}
    for a, b in product(accuracies, repeat=2):
        if b[knob] == widest and [i for i in range(len(a)) if a[i] != b[i]] == [knob]:
            found.setdefault(a[knob], []).append(100 * (accuracies[a] - accuracies[b]))
    return found


def test_each_knob_alone_is_a_plain_difference() -> None:
    """As the strategy ``sensitivity`` asks: the widest point, and every choice with all others at their widest."""
    accuracies = {(2, 2): 0.9, (1, 2): 0.85, (0, 2): 0.3, (2, 1): 0.91, (2, 0): 0.7}
    for knob in (0, 1):
        expected = {choice: pytest.approx(sum(each)) for choice, each in plain_differences(accuracies, knob).items()}
        found = {change.choice: change.points for change in changes(accuracies, knob)}
        assert found == {2: 0.0, **expected}
        assert all(change.groups == 1 for change in changes(accuracies, knob))


def test_the_mean_of_full_groups() -> None:
    """With every combination tried: the means of the plain differences."""
    numbers = random.Random(0)
    accuracies = {row: numbers.random() for row in product(range(3), range(2), range(4))}
    for knob in range(3):
        found = {change.choice: change.points for change in changes(accuracies, knob)}
        for choice, each in plain_differences(accuracies, knob).items():
            assert found[choice] == pytest.approx(sum(each) / len(each))


@pytest.mark.parametrize("seed", range(5))
def test_effects_that_add_up_are_found_whatever_was_tried(seed: int) -> None:
    numbers = random.Random(seed)
    effects = [[numbers.uniform(-0.1, 0.0) for _ in range(5)] for _ in range(3)]
    rows = numbers.sample(list(product(range(5), repeat=3)), 50)
    accuracies = {row: 0.9 + sum(each[i] for each, i in zip(effects, row, strict=True)) for row in rows}
    for knob, each in enumerate(effects):
        found = changes(accuracies, knob)
        reference = each[max(change.choice for change in found)]
        for change in found:
            assert change.points == pytest.approx(100 * (each[change.choice] - reference), abs=1e-6)


def test_steps_add_up() -> None:
    """Going down one step at a time, from another place every time, as ``max_minus_one`` does."""
    accuracies = {(3, 0): 0.9, (2, 0): 0.88, (2, 1): 0.5, (1, 1): 0.45}
    assert [(one.choice, one.points, one.groups) for one in changes(accuracies, 0)] == [
        (1, -7, 1),
        (2, -2, 1),
        (3, 0, 1),
    ]


def test_other_choices_have_no_say() -> None:
    """0 is worse in company of the other knob's 0; 1 was never tried there and keeps its plain difference."""
    accuracies = {(2, 2): 0.9, (1, 2): 0.89, (0, 2): 0.8, (2, 0): 0.7, (0, 0): 0.1}
    assert [(one.choice, one.points) for one in changes(accuracies, 0)] == [(0, -35.0), (1, -1.0), (2, 0.0)]


def test_what_is_not_compared_is_left_out() -> None:
    """Choices 0 and 1 are compared with each other alone, 2 with nothing."""
    accuracies = {(4, 0): 0.9, (3, 0): 0.8, (1, 1): 0.5, (0, 1): 0.4, (2, 2): 0.1}
    assert [change.choice for change in changes(accuracies, 0)] == [3, 4]
    assert changes({(0, 0): 0.1, (1, 1): 0.2}, 0) == ()
    assert changes({}, 0) == ()


def test_estimates_are_told_where_they_count() -> None:
    accuracies = {(2, 1): 0.9, (1, 1): 0.8, (0, 1): 0.4, (2, 0): 0.7, (1, 0): 0.3}
    assert [one.estimated for one in changes(accuracies, 0, {(0, 1)})] == [True, False, False]
    assert [one.estimated for one in changes(accuracies, 0, {(2, 0)})] == [False, True, False]
    assert [one.estimated for one in changes(accuracies, 1, {(0, 1)})] == [False, False]
