"""Which losses are beaten by how many others, and which lie far from their neighbours."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from adequate.exploration.hypervolume import Losses


def ranks(losses: Sequence[Losses] | NDArray[np.float64]) -> NDArray[np.int64]:
    """The front each point is in: 0 is dominated by none, 1 by none but those of 0, and so on (Deb et al. 2002, III.A).

    >>> ranks([(0, 1), (1, 0), (1, 1), (2, 2)]).tolist()
    [0, 0, 1, 2]
    """
    x = np.asarray(losses, dtype=np.float64)
    no_worse = (x[:, None] <= x[None, :]).all(-1)
    dominates = no_worse & ~no_worse.T
    found = np.full(len(x), -1)
    rank = 0
    while (found < 0).any():
        left = found < 0
        found[left & ~(dominates & left[:, None]).any(0)] = rank
        rank += 1
    return found


def crowding(losses: Sequence[Losses] | NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each point's neighbours on a front are apart, summed over the objectives; infinite at the ends.

    (next - previous) / (largest - smallest) in each objective (Deb et al. 2002, III.B).
    """
    x = np.asarray(losses, dtype=np.float64)
    distance = np.zeros(len(x))
    for column in x.T:
        order = np.argsort(column, kind="stable")
        distance[order[[0, -1]]] = np.inf
        span = column[order[-1]] - column[order[0]]
        if span > 0:
            distance[order[1:-1]] += (column[order[2:]] - column[order[:-2]]) / span
    return distance


def fittest(losses: Sequence[Losses] | NDArray[np.float64], count: int) -> list[int]:
    """The places of the best ``count``, best first: by front, within one by crowding distance, widest apart first."""
    x = np.asarray(losses, dtype=np.float64)
    front, apart = ranks(x), np.empty(len(x))
    for rank in range(front.max() + 1):
        members = np.flatnonzero(front == rank)
        apart[members] = crowding(x[members])
    return np.lexsort((-apart, front))[:count].tolist()
