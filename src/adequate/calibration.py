"""Calibrations: which part of a tensor's range a format should cover, from its histogram alone.

A calibration is a function of the range and of ``fit``, which makes the format for an interval, so that what it weighs
is what the format does. It returns the interval to fit:

>>> from adequate.formats import Fixed
>>> import torch
>>> seen = Range.of(torch.tensor([*[0.1, -0.2, 0.3] * 100, 7.9]))
>>> def four_bits(interval: Interval) -> Fixed:
...     return Fixed.fit(interval, 4)
>>> str(four_bits(min_max(seen, four_bits))), str(four_bits(percentile(0.99)(seen, four_bits)))
('fixed(4,0)', 'fixed(4,4)')

All of them clip magnitudes at one threshold T: the interval is [max(low, -T), min(high, T)].
"""

from collections.abc import Callable
from math import inf

import numpy as np

from adequate.formats import Fixed, Format, Scaled
from adequate.histogram import edges
from adequate.ranges import Interval, Range

Fit = Callable[[Interval], Format]
Calibration = Callable[[Range, Fit], Interval]
Loss = Callable[[Format], float]

MOST_CLIPPED = 0.5
"""Share of the values other than zero that a threshold may at most clip (assumed: no format gains by more)."""


def min_max(seen: Range, fit: Fit) -> Interval:  # noqa: ARG001 - what it weighs does not depend on the format
    """All that was seen."""
    return seen.interval


def percentile(share: float) -> Calibration:
    """The calibration by the smallest T below which lies ``share`` of all magnitudes, zeros included.

    Within a bin of the histogram the values are taken to be spread evenly.

    Raises:
        ValueError: ``share`` is not in 0 < share <= 1.
    """
    if not 0 < share <= 1:
        raise ValueError(f"the share of a percentile lies above 0 and is at most 1, not {share}")

    def cover(seen: Range, fit: Fit) -> Interval:  # noqa: ARG001
        wanted, below = share * seen.count, 0
        for near, far, count in _magnitudes(seen):
            if below + count >= wanted:
                return _clipped(seen, near + (wanted - below) / count * (min(far, seen.magnitude) - near))
            below += count
        return seen.interval

    return cover


def least_squared_error(seen: Range, fit: Fit) -> Interval:
    """The interval whose format has the least ``expected_squared_error``: rounding and clipping in balance."""
    return _best(seen, fit, _squared_errors(seen))


def entropy(seen: Range, fit: Fit) -> Interval:
    """The interval whose format has the least ``divergence`` (Migacz, *8-bit Inference with TensorRT*, GTC 2017)."""
    return _best(seen, fit, _divergences(seen))


def expected_squared_error(seen: Range, format: Format) -> float:
    """The sum over all values of E[(x - format(x))^2], the values of a bin spread evenly over it.

    It is exact, in closed form. With values k * step between lowest and highest, the integral of the squared error
    from 0 to k * step + r, |r| <= step / 2, is step^3 k / 12 + r^3 / 3; beyond an end of the format it grows by the
    cubed distance over 3.

    Raises:
        ValueError: the format has no one step.
    """
    return _squared_errors(seen)(format)


def divergence(seen: Range, format: Format) -> float:
    """The Kullback-Leibler divergence of the clipped values P from the rounded ones Q, in nats, as TensorRT has it.

    P are the bins the format reaches, with what it clips added to the outermost; Q has the mass of each run of bins
    that round to one value spread over those of them that are occupied. Our choices: bins of the histogram's own
    relative width, where TensorRT has 2,048 equal ones, so that Q is spread by width; signs are told apart; zeros,
    which every format holds, are left out; a bin rounds as its middle does. Detail within a bin goes unseen, so steps
    finer than the bins cost nothing.

    Raises:
        ValueError: the format has no one step.
    """
    return _divergences(seen)(format)


def _best(seen: Range, fit: Fit, loss: Loss) -> Interval:
    """The interval of least loss; of equal ones the widest."""
    candidates: dict[Format, Interval] = {}
    for threshold in _thresholds(seen):
        interval = _clipped(seen, threshold)
        candidates.setdefault(fit(interval), interval)
    return min(candidates.items(), key=lambda pair: loss(pair[0]), default=(None, seen.interval))[1]


def _squared_errors(seen: Range) -> Loss:
    low, high, counts = _bins(seen)
    low, high = low.clip(seen.low, seen.high), high.clip(seen.low, seen.high)
    width = high - low
    spread = width > 0  # the bin of a single value may be cut to nothing

    def error(format: Format) -> float:
        step, lowest, highest = _steps(format)

        def integral(x: np.ndarray) -> np.ndarray:
            inside = x.clip(lowest, highest)
            k = np.rint(inside / step)
            return step**3 * k / 12 + (inside - k * step) ** 3 / 3 + (x - inside) ** 3 / 3

        squares = (low - np.rint(low.clip(lowest, highest) / step) * step) ** 2
        squares[spread] = (integral(high[spread]) - integral(low[spread])) / width[spread]
        return float(counts @ squares)

    return error


def _divergences(seen: Range) -> Loss:
    low, high, counts = (part[[bin != 0 for bin, _ in seen.histogram]] for part in _bins(seen))
    width = high - low
    middle = (low.clip(seen.low, seen.high) + high.clip(seen.low, seen.high)) / 2

    def divergence(format: Format) -> float:
        step, lowest, highest = _steps(format)
        codes = np.rint(middle / step)
        reached = np.flatnonzero((codes * step >= lowest) & (codes * step <= highest))
        if not len(reached):
            return inf
        first, last = reached[0], reached[-1] + 1
        p = counts[first:last].copy()
        p[0] += counts[:first].sum()
        p[-1] += counts[last:].sum()
        _, cell = np.unique(codes[first:last], return_inverse=True)
        density = np.bincount(cell, counts[first:last]) / np.bincount(cell, width[first:last])
        q = density[cell] * width[first:last]
        p, q = p / p.sum(), q / q.sum()
        return float(p @ np.log(p / q))

    return divergence


def _thresholds(seen: Range) -> list[float]:
    """Where magnitudes may be clipped, falling: the far ends of the occupied bins, the outermost being the largest."""
    found: list[float] = []
    clipped, nonzero = 0, seen.count - seen.zeros
    for near, far, count in reversed(_magnitudes(seen)):
        if near == far == 0 or clipped > MOST_CLIPPED * nonzero:
            break
        found.append(min(far, seen.magnitude))
        clipped += count
    return found


def _clipped(seen: Range, threshold: float) -> Interval:
    return max(seen.low, -threshold), min(seen.high, threshold)


def _magnitudes(seen: Range) -> list[tuple[float, float, int]]:
    """(near end, far end, count) of the occupied bins of magnitudes, rising."""
    counts: dict[int, int] = {}
    for bin, count in seen.histogram:
        counts[abs(bin)] = counts.get(abs(bin), 0) + count
    return [(*edges(bin), count) for bin, count in sorted(counts.items())]


def _bins(seen: Range) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Low ends, high ends and counts of the occupied bins."""
    ends = np.array([edges(bin) for bin, _ in seen.histogram]).reshape(-1, 2)
    return ends[:, 0], ends[:, 1], np.array([float(count) for _, count in seen.histogram])


def _steps(format: Format) -> tuple[float, float, float]:
    """Step, lowest and highest value of a format whose values are multiples of one step."""
    element, scale = (format.element, format.scale) if isinstance(format, Scaled) else (format, 1.0)
    if not isinstance(element, Fixed) or not isinstance(scale, float):
        raise ValueError(
            f"{format} has no one step; least squared error and entropy take fixed or scaled(fixed,number)"
        )
    return scale * 2.0**-element.frac, float(format.minimum), float(format.maximum)
