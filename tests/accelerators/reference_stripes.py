"""Stripes, Dynamic Stripes and Loom, step by step and integer by integer."""

from functools import cache

from adequate.accelerators.work import Work
from tests.accelerators.reference_grid import Rows, Shape, composed, run_ahead, runs_of, staggered, steps


def static_cycles(work: Work, shape: Shape, unit_bits: int) -> int:
    grid, total, cost = composed(work, shape, unit_bits), 0, min(work.activation_width, unit_bits)
    for activation, weight in runs_of(work):
        costs = [cost for _ in steps(work, activation, weight, grid)]
        total += staggered(costs, grid.windows) if work.loops.fully_connected else sum(costs)
    return total


def fits(value: int, bits: int, signed: bool) -> bool:
    """Whether so many bits of two's complement, or without a sign, can hold the value."""
    if signed:
        return bits > 0 and -(2 ** (bits - 1)) <= value < 2 ** (bits - 1)
    return value < 2**bits


@cache
def highest(value: int, bits: int, signed: bool) -> int:
    """The fewest bits that can hold the value, but no more than the word."""
    return next((width for width in range(bits) if fits(value, width, signed)), bits)


@cache
def parts(value: int, bits: int, unit_bits: int, signed: bool) -> list[tuple[int, int, bool]]:
    """Slices of two's complement, the lowest first: (value, bits, whether signed)."""
    found = []
    while bits > unit_bits:
        found.append((value % 2**unit_bits, unit_bits, False))
        value, bits = value // 2**unit_bits, bits - unit_bits
    return [*found, (value, bits, signed)]


def needed(slices: list[tuple[int, int, bool]], minor: bool) -> int:
    """Bits from the highest that any of the slices needs to the lowest that is set in any, 1 at least."""
    top = max(highest(*one) for one in slices)
    if not minor:
        return max(1, top)
    some = [value for value, _, _ in slices if value]
    if not some:
        return 1
    lowest = 0
    while all(value % 2 ** (lowest + 1) == 0 for value in some):
        lowest += 1
    return max(1, top - lowest)


def dynamic_cycles(work: Work, shape: Shape, unit_bits: int, group: int, minor: bool, registers: int) -> int:
    grid, total = composed(work, shape, unit_bits), 0
    at_once = 1 if work.loops.fully_connected else group

    def groups(windows: Rows) -> list[int]:
        columns = [
            list(column)
            for window in windows
            for column in zip(
                *(parts(a, work.activation_width, unit_bits, work.signed_activation) for a in window), strict=True
            )
        ]
        return [
            needed([part for column in columns[at : at + at_once] for part in column], minor)
            for at in range(0, len(columns), at_once)
        ]

    for activation, weight in runs_of(work):
        costs = [groups(windows) for windows, _ in steps(work, activation, weight, grid)]
        if work.loops.fully_connected:
            total += staggered([max(step) for step in costs], grid.windows)
        elif registers:
            per_group = len(costs) // work.loops.groups
            total += sum(run_ahead(costs[at : at + per_group], registers) for at in range(0, len(costs), per_group))
        else:
            total += sum(max(step) for step in costs)
    return total


def loom_cycles(work: Work, shape: Shape, serial_bits: int, dynamic_weights: bool) -> int:
    total = 0
    for activation, weight in runs_of(work):
        costs = []
        for windows, filters in steps(work, activation, weight, shape):
            columns = [
                needed([(a, work.activation_width, work.signed_activation) for a in row], False) for row in windows
            ]
            rows = [
                needed([(w, work.weight_width, True) for w in row], False) if dynamic_weights else work.weight_width
                for row in filters
            ]
            costs.append(max(-(-bits // serial_bits) * other for bits in columns for other in rows))
        total += staggered(costs, shape.windows) if work.loops.fully_connected else sum(costs)
    return total


def own_bits(work: Work, lanes: int, unit_bits: int, minor: bool, weight_bits: int | None = None) -> int:
    """Over all products, the bits that the activation's brick needs times those of the weight: its word or brick."""
    total, loops = 0, work.loops
    for activation, weight in runs_of(work):
        for windows, filters in steps(work, activation, weight, Shape(1, 1, 1, loops.channels)):
            for at in range(0, loops.channels, lanes):
                brick, other = windows[0][at : at + lanes], filters[0][at : at + lanes]
                columns = zip(
                    *(parts(a, work.activation_width, unit_bits, work.signed_activation) for a in brick), strict=True
                )
                bits = sum(needed(list(column), minor) for column in columns)
                wide = (
                    weight_bits
                    if weight_bits is not None
                    else needed([(w, work.weight_width, True) for w in other], False)
                )
                total += len(brick) * bits * wide
    return total
