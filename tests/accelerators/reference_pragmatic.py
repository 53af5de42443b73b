"""Bit-Pragmatic, step by step and term by term."""

from collections.abc import Callable
from functools import cache

from adequate.accelerators.work import Work
from tests.accelerators.reference_grid import Shape, composed, products, run_ahead, runs_of, sliced, staggered, steps

Terms = Callable[[int], list[tuple[int, int]]]


@cache
def column(lanes: tuple[tuple[int, ...], ...], first_stage_bits: int) -> int:
    """Cycles until no lane has a term left, each lane's exponents lowest first."""
    pending, cycles = [list(lane) for lane in lanes], 0
    while any(pending):
        lowest = min(lane[0] for lane in pending if lane)
        for lane in pending:
            if lane and lane[0] <= lowest + 2**first_stage_bits - 1:
                lane.pop(0)
        cycles += 1
    return max(1, cycles)


def cycles(work: Work, shape: Shape, unit_bits: int, first_stage_bits: int, registers: int, terms: Terms) -> int:
    grid, total = composed(work, shape, unit_bits), 0

    @cache
    def exponents(value: int) -> list[tuple[int, ...]]:
        parts = sliced(value, work.activation_width, unit_bits)
        return [tuple(sorted(n for _, n in terms(part))) for part in parts]

    for activation, weight in runs_of(work):
        costs = []
        for windows, _ in steps(work, activation, weight, grid):
            of_slices = [zip(*(exponents(a) for a in window), strict=True) for window in windows]
            costs.append([column(tuple(lanes), first_stage_bits) for window in of_slices for lanes in window])
        if work.loops.fully_connected:
            total += staggered([max(step) for step in costs], grid.windows)
        elif registers:
            per_group = len(costs) // work.loops.groups
            total += sum(run_ahead(costs[at : at + per_group], registers) for at in range(0, len(costs), per_group))
        else:
            total += sum(max(step) for step in costs)
    return total


def term_products(work: Work, unit_bits: int, terms: Terms) -> int:
    @cache
    def count(value: int) -> int:
        return sum(len(terms(part)) for part in sliced(value, work.activation_width, unit_bits))

    return -(-work.weight_width // unit_bits) * sum(count(a) for a, _ in products(work))
