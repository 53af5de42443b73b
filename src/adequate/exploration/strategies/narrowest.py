"""The narrowest word length of a family of designs, by bisection."""

from collections.abc import Callable, Sequence

from adequate.design import Design
from adequate.exploration.search import Strategy
from adequate.exploration.trial import Query, least_accuracy


def narrowest(
    best_split: Callable[[int], Strategy], margin: float, *, widths: Sequence[int] = range(2, 17), epochs: int = 0
) -> Strategy:
    """The design of the fewest bits within ``margin`` points of full precision (Gysel 2016, 9.2).

    ``best_split(bits)`` is the strategy that finds the best design of one width. A design that misses the margin is
    fine-tuned for ``epochs`` and scored again; the one that is returned is fine-tuned in any case. None if not even
    the widest keeps the margin.
    """
    [full] = yield [Design()]
    wanted = least_accuracy(full.accuracy, margin)
    ladder = sorted(widths)
    found: Design | None = None
    low, high = 0, len(ladder)
    while low < high:
        middle = (low + high) // 2
        design = yield from best_split(ladder[middle])
        assert design is not None
        [trial] = yield [design]
        if trial.accuracy < wanted and epochs:
            [trial] = yield [Query(design, epochs)]
        if trial.accuracy >= wanted:
            found, high = design, middle
        else:
            low = middle + 1
    if found is not None and epochs:
        yield [Query(found, epochs)]
    return found
