"""Histograms over fixed bins of relative width, so that merging them is exact, in any order.

Bin 0 counts zeros. Bin i + 1 counts the values from ``edges(i + 1)``, which are the same whatever the data: each octave
2**(e-1) <= |x| < 2**e is cut into ``BINS_PER_OCTAVE`` equal bins, which are 1/16 to 1/32 of their values wide. Bin
-(i + 1) counts the values of opposite sign. A histogram is its occupied bins, sorted: ((bin, count), ...), which is the
order of the values.
"""

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

LOWEST_EXPONENT, HIGHEST_EXPONENT = -40, 40
"""Octaves that are told apart; magnitudes beyond are counted in the outermost bins."""

MANTISSA_BITS = 4
BINS_PER_OCTAVE = 2**MANTISSA_BITS
OCTAVES = HIGHEST_EXPONENT - LOWEST_EXPONENT + 1
BINS = OCTAVES * BINS_PER_OCTAVE
"""Of either sign."""

Histogram = tuple[tuple[int, int], ...]


def histogram(x: Tensor) -> Histogram:
    """The counts of the finite numbers in ``x``.

    A bin is the exponent and the first mantissa bits of a number, so it can be read off the bits of a float.
    """
    x = x.detach().cpu()
    x = (x if x.dtype in (torch.float32, torch.float64) else x.float()).flatten() + 0.0  # no negative zeros
    numbers = x.numpy()
    digits, bias, unsigned = (23, 127, np.uint32) if x.dtype is torch.float32 else (52, 1023, np.uint64)
    leading = (numbers.view(unsigned) >> unsigned(digits - MANTISSA_BITS)).astype(np.int64)
    size = (2 * bias + 2) * BINS_PER_OCTAVE
    positive, negative = np.bincount(leading, minlength=2 * size).reshape(2, size)
    zeros = numbers.size - int(np.count_nonzero(numbers))
    positive[0] -= zeros
    first = (LOWEST_EXPONENT - 1 + bias) * BINS_PER_OCTAVE
    above, below = (_within(side, first).tolist() for side in (positive, negative))
    signed = [
        *((-1 - i, below[i]) for i in reversed(range(BINS))),
        (0, zeros),
        *((i + 1, above[i]) for i in range(BINS)),
    ]
    return tuple((bin, count) for bin, count in signed if count)


def merged(histograms: Iterable[Histogram]) -> Histogram:
    """The counts of all together."""
    total: dict[int, int] = {}
    for one in histograms:
        for bin, count in one:
            total[bin] = total.get(bin, 0) + count
    return tuple(sorted(total.items()))


def edges(bin: int) -> tuple[float, float]:
    """The lowest and the highest value of a bin, the one of larger magnitude not included; (0, 0) for bin 0."""
    if bin == 0:
        return 0.0, 0.0
    octave, part = divmod(abs(bin) - 1, BINS_PER_OCTAVE)
    step = 2.0 ** (LOWEST_EXPONENT + octave - 1 - MANTISSA_BITS)
    near, far = (BINS_PER_OCTAVE + part) * step, (BINS_PER_OCTAVE + part + 1) * step
    return (near, far) if bin > 0 else (-far, -near)


def octaves(histogram: Histogram) -> tuple[int, ...]:
    """How many magnitudes lie in each octave, zeros left out."""
    found = [0] * OCTAVES
    for bin, count in histogram:
        if bin:
            found[(abs(bin) - 1) // BINS_PER_OCTAVE] += count
    return tuple(found)


def _within(side: np.ndarray, first: int) -> np.ndarray:
    """The bins that are told apart, those beyond added to the outermost."""
    kept = side[first : first + BINS].copy()
    kept[0] += side[:first].sum()
    kept[-1] += side[first + BINS :].sum()
    return kept
