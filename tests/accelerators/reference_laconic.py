"""Laconic, step by step."""

from collections.abc import Callable
from functools import cache

from adequate.accelerators.work import Work
from tests.accelerators.reference_grid import Shape, composed, products, runs_of, sliced, staggered, steps

Terms = Callable[[int], list[tuple[int, int]]]


def cycles(work: Work, shape: Shape, unit_bits: int, terms: Terms) -> int:
    grid, total = composed(work, shape, unit_bits), 0

    @cache
    def counts(value: int, bits: int) -> list[int]:
        return [len(terms(one)) for one in sliced(value, bits, unit_bits)]

    for activation, weight in runs_of(work):
        costs = []
        for windows, filters in steps(work, activation, weight, grid):
            of_windows = [[counts(a, work.activation_width) for a in window] for window in windows]
            of_filters = [[counts(w, work.weight_width) for w in filter_] for filter_ in filters]
            pairs = (
                ta * tw
                for window in of_windows
                for filter_ in of_filters
                for a, w in zip(window, filter_, strict=True)
                for ta in a
                for tw in w
            )
            costs.append(max(1, *pairs))
        total += staggered(costs, grid.windows) if work.loops.fully_connected else sum(costs)
    return total


def term_pairs(work: Work, unit_bits: int, terms: Terms) -> int:
    @cache
    def count(value: int, bits: int) -> int:
        return sum(len(terms(one)) for one in sliced(value, bits, unit_bits))

    return sum(count(a, work.activation_width) * count(w, work.weight_width) for a, w in products(work))
