"""How the front of a search grew, trial by trial."""

from collections.abc import Iterable, Sequence
from math import isfinite, prod

from adequate.exploration.hypervolume import Losses, hypervolume
from adequate.exploration.trial import Trial


def normalized(trials: Iterable[Trial], objectives: Sequence[str]) -> dict[Trial, Losses]:
    """1 - accuracy, and every objective as a share of the largest finite one there is.

    What lies below 1 everywhere dominates something of the unit cube: the reference of its hypervolume is 1 throughout.

    Raises:
        KeyError: a trial lacks ``accuracy`` or an objective.
    """
    known = tuple(trials)
    largest = [
        max((value for trial in known if isfinite(value := trial.figure(name))), default=0.0) or 1.0
        for name in objectives
    ]
    return {
        trial: (
            1 - trial.accuracy,
            *(trial.figure(name) / most for name, most in zip(objectives, largest, strict=True)),
        )
        for trial in known
    }


def growth(losses: Iterable[Losses]) -> list[float]:
    """The hypervolume, up to 1 in every direction, of the first point, the first two, and so on.

    A point adds what lies above it less what others dominate of that: prod(1 - p) - hypervolume({max(p, q)}), q the
    front so far (While, Bradstreet and Barone 2012, "A fast way of calculating exact hypervolumes", IEEE Transactions
    on Evolutionary Computation 16(1), eq. 3 and 4).

    >>> growth([(0.5, 0.5), (0.75, 0.25), (0.5, 0.5)])
    [0.25, 0.3125, 0.3125]
    """
    front: list[Losses] = []
    total = 0.0
    found: list[float] = []
    for point in losses:
        if all(x < 1 for x in point) and not any(_no_worse(other, point) for other in front):
            shared = (tuple(map(max, point, other)) for other in front)
            total += prod(1 - x for x in point) - hypervolume(_best(shared), (1.0,) * len(point))
            front = [other for other in front if not _no_worse(point, other)] + [point]
        found.append(total)
    return found


def _best(points: Iterable[Losses]) -> list[Losses]:
    """Those that no other dominates, each once."""
    kept: list[Losses] = []
    for point in sorted(points):  # in this order a point can only be dominated by one before it
        if not any(_no_worse(other, point) for other in kept):
            kept.append(point)
    return kept


def _no_worse(a: Losses, b: Losses) -> bool:
    return all(map(float.__le__, a, b))
