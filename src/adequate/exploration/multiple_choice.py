"""One choice of every knob, the least sum of what they are worth within limits: a multiple-choice knapsack."""

import ctypes
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from adequate.exploration.space import Point


def least_sum(
    choices: Sequence[tuple[int, int]],
    values: NDArray[np.float64],
    weights: NDArray[np.float64],
    limits: NDArray[np.float64],
    gap: float = 0.0,
) -> Point | None:
    """The point of least sum of ``values``, one for each of ``choices``, (knob, place), by integer programming.

        min sum_i value[i] x[i],  x in {0, 1},  sum over a knob's choices of x = 1,  sum_i weight[i, j] x[i] <= limit[j]

    ``weights`` are (choices, limits), of the order of 1, as the solver's tolerances are absolute. The sum may be off
    by the share ``gap``. None where no point is within the limits. Solver: HiGHS, by SciPy.
    """
    from scipy.optimize import LinearConstraint, milp  # here, since the import takes a second

    knobs = np.array([knob for knob, _ in choices])
    once = (knobs[None, :] == np.arange(knobs.max() + 1)[:, None]).astype(float)
    with _quiet():
        found = milp(
            values / (np.abs(values).max() or 1.0),
            constraints=[
                LinearConstraint(once, 1, 1),
                *(
                    LinearConstraint(row[None, :], -np.inf, float(limit))
                    for row, limit in zip(weights.T, limits, strict=True)
                ),
            ],
            integrality=np.ones(len(choices)),
            bounds=(0, 1),
            options={"mip_rel_gap": gap},
        )
    if found.x is None:
        return None
    return tuple(place for (_, place), taken in zip(choices, found.x, strict=True) if taken > 0.5)


@contextmanager
def _quiet() -> Iterator[None]:
    """What compiled code prints goes nowhere: HiGHS says a line now and then, whatever it is told (SciPy 1.17)."""
    sys.stdout.flush()
    kept, compiled = os.dup(1), ctypes.CDLL(None)
    compiled.fflush(None)
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            yield
    finally:
        compiled.fflush(None)
        os.dup2(kept, 1)
        os.close(kept)
