"""The hypervolume against counting cells of a grid, and its laws."""

from itertools import combinations, product
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adequate.exploration.hypervolume import hypervolume


def cells(points: list[tuple[int, ...]], reference: tuple[int, ...]) -> int:
    """Unit cells below the reference that lie above a point."""
    return sum(
        any(all(x <= z for x, z in zip(point, cell, strict=True)) for point in points)
        for cell in product(*(range(-1, bound) for bound in reference))
    )


def included_and_excluded(points: list[tuple[int, ...]], reference: tuple[int, ...]) -> int:
    """The union of the boxes, by inclusion and exclusion."""
    total = 0
    for count in range(1, len(points) + 1):
        for some in combinations(points, count):
            corner = [max(point[i] for point in some) for i in range(len(reference))]
            total -= (-1) ** count * prod(max(bound - x, 0) for x, bound in zip(corner, reference, strict=True))
    return total


def fronts(objectives: int) -> st.SearchStrategy[list[tuple[int, ...]]]:
    return st.lists(st.tuples(*[st.integers(-1, 5)] * objectives), max_size=7)


@pytest.mark.parametrize("objectives", [1, 2, 3, 4])
def test_it_is_what_the_points_dominate(objectives: int) -> None:
    reference = (5, 4, 3, 4)[:objectives]

    @given(fronts(objectives))
    def holds(points: list[tuple[int, ...]]) -> None:
        found = hypervolume(points, reference)
        assert found == cells(points, reference) == included_and_excluded(points, reference)

    holds()


@given(fronts(3), st.tuples(*[st.integers(-1, 5)] * 3))
def test_another_point_adds_exactly_if_it_is_not_dominated(points: list[tuple[int, ...]], one: tuple[int, ...]) -> None:
    reference = (6, 6, 6)
    more = hypervolume([*points, one], reference) - hypervolume(points, reference)
    dominated = any(all(a <= b for a, b in zip(point, one, strict=True)) for point in points)
    assert (more == 0) if dominated else (more > 0)


def test_a_point_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(1, 2\) has 2 objectives, the reference 3"):
        hypervolume([(1, 2)], (3, 3, 3))
