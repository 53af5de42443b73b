"""Which elements of a row-major tensor meet in a step: sums of a multiple of each index."""

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]


def places(sizes: Sequence[int], steps: Sequence[int]) -> Indices:
    """index . steps for every index below ``sizes``, the last one fastest.

    >>> places((2, 3), (10, 1)).tolist()
    [0, 1, 2, 10, 11, 12]
    """
    found = np.zeros(1, dtype=np.int64)
    for size, step in zip(sizes, steps, strict=True):
        found = (found[:, None] + np.arange(size, dtype=np.int64) * step).reshape(-1)
    return found


def strides(shape: Sequence[int]) -> tuple[int, ...]:
    """How many elements an index of each dimension is worth.

    >>> strides((2, 3, 4))
    (12, 4, 1)
    """
    return tuple(prod(shape[d + 1 :]) for d in range(len(shape)))


def broadcast(shape: Sequence[int], to: Sequence[int]) -> Indices:
    """The element that each element of a broadcast tensor comes from."""
    return np.broadcast_to(np.arange(prod(shape), dtype=np.int64).reshape(shape), to).reshape(-1)
