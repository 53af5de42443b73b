"""Bit-Tactical, step by step in plain Python, as its specification words it."""

from collections.abc import Callable
from math import ceil

Row = list[tuple[int, int, int]]
"""A filter's lanes in one step: the weight, and the step and the lane that it comes from."""


def offsets(shape: str, lookahead: int, lookaside: int) -> list[tuple[int, int]]:
    """Steps later and lanes to the right."""
    found = [(h, 0) for h in range(1, lookahead + 1)]
    if shape == "L":
        found += [(1, -d) for d in range(1, lookaside + 1)]
    else:
        for i in range(lookaside):
            pair = i // 2
            found.append((pair % lookahead + 1, (pair + 1) * (-1 if i % 2 else 1)))
    return sorted(found)


def scheduled(weights: list[list[list[int]]], reaches: list[tuple[int, int]], lookahead: int) -> dict[int, list[Row]]:
    """Of a set of filters, (filters, steps, lanes): the rows of each step that is not skipped."""
    steps, lanes = len(weights[0]), len(weights[0][0])
    rows = [[[(weight, t, i) for i, weight in enumerate(one[t])] for one in weights] for t in range(steps)]
    emitted, skipped = {}, 0
    for t in range(steps):
        if skipped < lookahead and all(place[0] == 0 for row in rows[t] for place in row):
            skipped += 1
            continue
        skipped = 0
        for filter, row in enumerate(rows[t]):
            while True:
                candidates = {
                    lane: [
                        (t + h, (lane + d) % lanes)
                        for h, d in reaches
                        if t + h < steps and rows[t + h][filter][(lane + d) % lanes][0]
                    ]
                    for lane in range(lanes)
                    if row[lane][0] == 0
                }
                most = max((len(found) for found in candidates.values()), default=0)
                if most == 0:
                    break
                lane = min(lane for lane, found in candidates.items() if len(found) == most)
                later, side = candidates[lane][0]
                row[lane], rows[later][filter][side] = rows[later][filter][side], row[lane]
        emitted[t] = rows[t]
    return emitted


def retirement(terms: list[int], first_stage_bits: int) -> int:
    """Cycles in which the lanes' terms, the set bits of a number each, are taken."""
    pending = [[n for n in range(20) if one >> n & 1] for one in terms]
    cycles = 0
    while any(pending):
        lowest = min(one[0] for one in pending if one)
        for one in pending:
            if one and one[0] <= lowest + 2**first_stage_bits - 1:
                one.pop(0)
        cycles += 1
    return max(1, cycles)


def needed_bits(values: list[int], signed: bool, word: int) -> int:
    """Bits of the integers in two's complement."""
    lengths = [(value if value >= 0 else -value - 1).bit_length() + signed for value in values]
    return max([1, *(min(length, word) for length in lengths)])


def staggered(costs: list[int], columns: int) -> int:
    time, free = 0, [0] * columns
    for at, cost in enumerate(costs):
        time = max(time, free[at % columns])
        free[at % columns] = time + cost
        time += 1
    return max(free)


def step_costs(
    windows: list[list[list[int]]],
    filters: list[list[list[int]]],
    *,
    tiles: int,
    rows: int,
    columns: int,
    reaches: list[tuple[int, int]],
    lookahead: int,
    cost: Callable[[list[int]], int],
) -> list[int]:
    """Of one group and run, (windows, steps, lanes) and (filters, steps, lanes): every step's cost, in order.

    ``cost(values)`` are the cycles of one unit on the activations that its lanes take.
    """
    found = []
    sets = [scheduled(filters[i : i + rows], reaches, lookahead) for i in range(0, len(filters), rows)]
    for w in range(0, len(windows), columns):
        for s in range(0, len(sets), tiles):
            of_tiles = [list(one.items()) for one in sets[s : s + tiles]]
            for at in range(max(map(len, of_tiles))):
                slowest = 1
                for t, of_filters in (one[at] for one in of_tiles if at < len(one)):
                    for window in windows[w : w + columns]:
                        for row in of_filters:
                            taken = [window[step][lane] for _, step, lane in row if step >= t]
                            slowest = max(slowest, cost(taken))
                found.append(slowest)
    return found


def blocked(values: list[list[int]], lanes: int) -> list[list[int]]:
    """Taps by channels as steps by lanes, the last block of each tap filled up with zeros."""
    return [
        tap[i : i + lanes] + [0] * (lanes - len(tap[i : i + lanes]))
        for tap in values
        for i in range(0, ceil(len(tap) / lanes) * lanes, lanes)
    ]
