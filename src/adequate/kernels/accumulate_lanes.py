"""Which floating-point lanes compute a register's sums with the right bits, and why.

A lane (float32: P = 24 significand bits, float64: P = 53) adds a product to the register and rounds the sum t = c + ab
to its own P bits before the register's rounding. Products are computed exactly: their digits fit P. With products
that are multiples of 2**g and have at most d digits, a register of p digits whose numbers are multiples of 2**r, and
every |t| <= R, the register gets the right bits if

(A) R <= 2**P 2**u, where all t are multiples of 2**u: t is exact, or
(B) P >= max(p + d, 2 p + 1), with p + d + 1 for products that are rounded, and d <= p or
    |ab| < 2**(P - 1) 2**max(g, r): t may be rounded, but never to the midpoint m of two neighbours in the register,
    unless it is m; as rounding is monotone, nothing else could change the result; or
(C) P >= p + 2, and the lane rounds t to odd: to the one of its two neighbours whose last bit is 1, if it is no number
    of the lane.

Proof of (B), first where m is larger than the smallest normal number. Let e be the exponent of m, an odd multiple of
2**(e - p). A lane rounds t to m only if |t - m| <= 2**(e - P); we show that it is larger, or 0.

* |c| >= |ab|. If e <= exponent(c), c is a multiple of 2**(e - p + 1) and h = m - c an odd one of 2**(e - p). Else
  |c| < 2**e < m and h is a multiple of 2**(e - p) larger than that. t - m = ab - h. If |ab| >= 2**(e - p), it is a
  multiple of 2**(e - p - d + 1), and ab - h is 0 or at least that, more than 2**(e - P). If |ab| < 2**(e - p) <= |h|,
  the distance is a multiple of 2**(e - p - d), and 2**(e - p - d) itself only if ab is d ones: no product of factors
  of j and d - j digits, which is at most (2**j - 1)(2**(d - j) - 1) < 2**d - 1 (a rounded one may be: so d + 1).
* |c| < |ab| and h = m - ab is not 0; t - m = c - h. If e = exponent(ab) + 1, |ab| < 2**e and |h| > 2**(e - p), a
  multiple of 2**(e - max(d, p)); |c| must be at least 2**(e - p - 1), a multiple of 2**(e - 2 p), so that c - h is 0 or
  at least 2**(e - max(d, 2 p)). Else ab is a multiple of 2**(e - d + 1), and h one of 2**(e - q), q = max(d - 1, p). If
  |c| >= 2**(e - q), it is a multiple of 2**(e - q - p + 1), else one of 2**(e - q - p) if it is at least half of that;
  in all cases c - h is 0 or more than 2**(e - P), as P > max(d - 1, p) + p.
* |c| < |ab| and h = 0: t - m = c is 0 or at least 2**max(g, r), more than 2**(e - P) as 2**e <= |ab|; with d <= p it
  does not occur, as m has p + 1 digits.

Below the smallest normal number 2**n the register is a grid: c is a multiple of 2**r and m one of 2**(r - 1), where
r = n - p + 1 and e < n. If |c| >= |ab|, the first case holds with n for e. Else ab, h and c are multiples of
2**min(e - d, r - 1), and so is t - m, more than 2**(e - P); if c is 0, t = ab is exact.

Proof of (C). Numbers of the register and midpoints have at most p + 1 digits, so that their last bit in a lane is 0: t
is rounded to odd to one of them only if it is that, and else stays on its side of all of them (Boldo and Melquiond
2008, "Emulation of a FMA and correctly rounded sums: proved algorithms using rounding to odd").

(A generalisation to products of d digits of Figueroa 1995, "When is double rounding innocuous?", who has d = p.)

Register and product are rounded by adding and taking away C = 1.5 2**(P - 1) 2**s, which rounds t to multiples of
2**s, ties to the even one, while |t| <= 2**(P - 2) 2**s: for fixed point s is the register's grid, for a float
2**(s + p - 1) is the binade of t, or the smallest normal number if that is larger. The binade is that of the lane's t.
If rounding carried t to the next one, it is the next power of two, which it becomes by the step of either binade.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import frexp, inf, isfinite

from adequate.formats import Fixed, Minifloat, Overflow, Rounding, Underflow
from adequate.operators import Accumulator, Order
from adequate.operators.accumulator import Register


@dataclass(frozen=True)
class Extent:
    """Numbers that are multiples of 2**grid, of at most so many significant ``digits``, and of magnitude <= peak."""

    peak: float
    grid: int
    digits: int


@dataclass(frozen=True)
class Lane:
    """A floating-point type: significand bits, exponents of its lowest and highest normal binades."""

    digits: int
    lowest: int
    highest: int


SINGLE, DOUBLE = Lane(24, -126, 127), Lane(53, -1022, 1023)

EXACT, STEPS, BINADES = range(3)
"""Kinds of rounding: none, to multiples of a step, to the digits of a binade."""


@dataclass(frozen=True)
class Rounder:
    """How lanes round: with (offset) STEPS, with (factor, smallest) BINADES; then the bounds, if they are finite.

    ``odd``: sums are rounded to odd by the lane (C).
    """

    kind: int = EXACT
    offset: float = 0.0
    factor: float = 0.0
    smallest: float = 0.0
    odd: bool = False
    low: float = -inf
    high: float = inf

    @property
    def numbers(self) -> tuple[int, float, float, float, bool, float, float]:
        """As the compiled kernel takes it."""
        return self.kind, self.offset, self.factor, self.smallest, self.odd, self.low, self.high


@dataclass(frozen=True)
class Route:
    """The lanes and their roundings of products and of sums."""

    lane: Lane
    product: Rounder
    sum: Rounder


def route(accumulator: Accumulator, x: Extent, w: Extent, largest_sum: float, terms: int) -> Route | None:
    """The narrowest lanes that are proven right, if any.

    ``largest_sum`` bounds the sum of |product| in any output.
    """
    if accumulator.compensated or accumulator.adder is not None or accumulator.order is Order.TREE:
        return None
    if not isfinite(largest_sum):
        return None
    return next(_routes(accumulator, x, w, largest_sum, terms), None)


def _routes(accumulator: Accumulator, x: Extent, w: Extent, largest_sum: float, terms: int) -> Iterator[Route]:
    for lane in (SINGLE, DOUBLE):
        products = Extent(x.peak * w.peak * (1 + 2**-40), x.grid + w.grid, x.digits + w.digits)
        if not all(_held(one, lane) for one in (x, w, products)):
            continue
        product, total, ones = Rounder(), largest_sum, 0
        if accumulator.product is not None:
            product = _product_rounder(accumulator.product, products, lane)
            products, ones = _rounded(accumulator.product, products), 1
            total = 2 * total + terms * 2.0**products.grid
        blocks = 0 if accumulator.block is None else -(-terms // accumulator.block)
        reach = _reach(accumulator.format, total, terms + blocks)
        addends = max(products.peak, _largest(accumulator.format)) if blocks else products.peak
        sum = _sum_rounder(accumulator.format, products, ones, reach, addends, lane)
        if product is not None and sum is not None:
            yield Route(lane, product, sum)


def _held(x: Extent, lane: Lane) -> bool:
    """Whether a lane holds such numbers, none of them subnormal."""
    return x.digits <= lane.digits and lane.lowest <= x.grid and _exponent(x.peak) < lane.highest


def _product_rounder(format: Register, products: Extent, lane: Lane) -> Rounder | None:
    if isinstance(format, Minifloat):
        return _binades(format, products.grid, products.peak, True, lane)
    low, high = _ends(format)
    wraps = format.overflow is Overflow.WRAP and products.peak > min(high, -low)
    return None if wraps or format.rounding is not Rounding.NEAREST_EVEN else _steps(format, products.peak, lane)


def _rounded(format: Register, products: Extent) -> Extent:
    """The products after they were rounded by a format."""
    grid, peak = format.grid, _largest(format)
    coarser = grid if products.peak > peak else max(grid, products.grid)
    return Extent(min(2 * products.peak + 2.0**grid, peak), coarser, format.digits)


def _reach(format: Register, largest_sum: float, additions: int) -> float:
    """A bound on every partial sum that is not bounded by the register: each addition adds its rounding error."""
    step = 2.0**format.grid
    relative = 2.0**-format.digits if isinstance(format, Minifloat) else 0.0
    try:
        return (largest_sum + additions * step) * (1 + relative) ** additions * (1 + 2**-30)
    except OverflowError:
        return inf


def _sum_rounder(
    format: Register, products: Extent, ones: int, reach: float, addends: float, lane: Lane
) -> Rounder | None:
    """For registers of either kind; ``addends`` bounds what is added, ``ones`` is 1 if its digits may all be ones."""
    low, high = _ends(format)
    bounded = reach > min(high, -low)
    if isinstance(format, Fixed):
        if format.overflow is Overflow.WRAP:
            bounded = False  # wraps once, at the end: adding a multiple of the span changes no rounding
        largest = min(reach, max(high, -low) + addends) if bounded else reach
        return _fixed_sum(format, products, largest, bounded, lane)
    largest = min(reach, high + addends)
    return _float_sum(format, products, ones, largest, bounded, lane)


def _fixed_sum(format: Fixed, products: Extent, largest: float, bounded: bool, lane: Lane) -> Rounder | None:
    unit = min(products.grid, format.grid)
    if not _spans(largest, unit, lane.digits) or lane.lowest > unit:  # (A)
        return None
    low, high = _ends(format) if bounded else (-inf, inf)
    if products.grid >= format.grid:
        return Rounder(low=low, high=high)
    if format.rounding is not Rounding.NEAREST_EVEN:
        return None
    steps = _steps(format, largest, lane)
    return steps and Rounder(STEPS, offset=steps.offset, low=low, high=high)


def _float_sum(
    format: Minifloat, products: Extent, ones: int, largest: float, bounded: bool, lane: Lane
) -> Rounder | None:
    p, d = format.digits, products.digits
    if lane is SINGLE and (p, format.min_exponent) == (lane.digits, lane.lowest):  # the lane is the register
        native = format.rounding is Rounding.NEAREST_EVEN and _graduated(format, products.grid)
        return Rounder() if native and not bounded and _exponent(largest) < lane.highest else None
    grid = max(products.grid, format.grid)
    if bounded:
        grid = min(grid, _exponent(_largest(format)) - format.man)  # the last bit of the largest number
    exact = _spans(largest, min(products.grid, grid), lane.digits)
    innocuous = lane.digits >= max(p + d + ones, 2 * p + 1) and (d <= p or _spans(products.peak, grid, lane.digits - 1))
    rounder = _binades(format, products.grid, largest, bounded, lane)
    return rounder if rounder is None or exact or innocuous else replace(rounder, odd=True)


def _steps(format: Fixed, largest: float, lane: Lane) -> Rounder | None:
    """Rounding to the multiples of a fixed-point format's step, and its bounds."""
    if (
        not _spans(largest, format.grid, lane.digits - 2)
        or not lane.lowest <= format.grid <= lane.highest - lane.digits
    ):
        return None
    low, high = _ends(format)
    return Rounder(STEPS, offset=1.5 * 2.0 ** (lane.digits - 1 + format.grid), low=low, high=high)


def _binades(format: Minifloat, grid: int, largest: float, bounded: bool, lane: Lane) -> Rounder | None:
    """Rounding to a float's digits of multiples of 2**grid of at most this magnitude, and its bounds."""
    if format.rounding is not Rounding.NEAREST_EVEN or format.man == 0 or not _graduated(format, grid):
        return None
    shift = lane.digits - format.digits
    lowest = min(grid, format.grid) if bounded else grid
    if shift < 2 or lane.lowest > lowest or _exponent(largest) + shift + 2 > lane.highest:
        return None
    smallest = 2.0**format.min_exponent if grid < format.grid else 0.0
    low, high = _ends(format) if bounded else (-inf, inf)
    return Rounder(BINADES, factor=1.5 * 2.0**shift, smallest=smallest, low=low, high=high)


def _graduated(format: Minifloat, grid: int) -> bool:
    """Whether underflow is gradual, or there is none: no multiple of 2**grid lies below the smallest normal number."""
    return format.underflow is Underflow.GRADUAL or grid >= format.min_exponent


def _spans(largest: float, grid: int, digits: int) -> bool:
    """largest <= 2**digits * 2**grid."""
    return largest == 0 or _exponent(largest) < digits + grid


def _exponent(x: float) -> int:
    """floor(log2 x); of 0 less than that of any other number."""
    return frexp(x)[1] - 1 if x else -1100


def _ends(format: Register) -> tuple[float, float]:
    return float(format.minimum), float(format.maximum)


def _largest(format: Register) -> float:
    low, high = _ends(format)
    return max(-low, high)
