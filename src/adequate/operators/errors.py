"""How wrong a multiplier is: the usual statistics of its error E = T(a, b) - a * b."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

import torch
from torch import Generator, Tensor

from adequate.circuits import Word
from adequate.operators.multiplier import TABLE_BITS, Multiplier, integers
from adequate.operators.operator import Operand
from adequate.operators.units import in_units, values

SAMPLES = 2**20
"""Pairs drawn where there are too many to try them all."""

Z = 1.96
"""Half the width of a 95 % interval, in standard errors."""

_CHUNK = 2**20  # pairs worked on at once
_MEANS = ("ep", "mae", "mse", "bias", "mred")


@dataclass(frozen=True)
class Errors:
    """Statistics of E = T(a, b) - a * b over pairs of operands, in units of the sum of the operands' grids.

    Jiang et al. 2017, "A review, classification and comparative evaluation of approximate arithmetic circuits", ACM
    JETC 13(4), section 2; NM and NA: Marchisio et al. 2020, "ReD-CaNe", DATE.
    """

    ep: float
    """Error probability: the share of pairs with E != 0."""
    mae: float
    """Mean absolute error, also called mean error distance: mean of |E|."""
    nmed: float
    """``mae`` over the largest magnitude of a product."""
    mred: float
    """Mean relative error distance: mean of |E / (a * b)| over the pairs with a * b != 0."""
    wce: float
    """Worst-case error: the largest |E|; of the pairs that were drawn, where not all were tried."""
    wcre: float
    """Worst-case relative error: the largest |E / (a * b)| over the pairs with a * b != 0."""
    mse: float
    """Mean of E**2."""
    bias: float
    """Mean of E."""
    variance: float
    """Mean of (E - bias)**2."""
    nm: float
    """Noise magnitude: the standard deviation of E over the range of products, largest less smallest."""
    na: float
    """Noise average: ``bias`` over the same range."""
    pairs: int
    """How many pairs were tried."""
    intervals: tuple[tuple[str, float, float], ...] = ()
    """95 % confidence intervals (name, low, high) of ep, mae, mse, bias and mred, where pairs were drawn."""


def errors(
    multiplier: Multiplier,
    weights: tuple[Tensor, Tensor] | None = None,
    *,
    samples: int = SAMPLES,
    generator: Generator | None = None,
) -> Errors:
    """The statistics over all pairs, or over ``samples`` drawn ones beyond 24 operand bits.

    ``weights`` are histograms of the activation's and the weight's codes, by bit pattern; a pair counts as the product
    of its two counts (the operands of a layer are taken as independent). Without, every pair counts alike.

    >>> from adequate.operators.multipliers import Kulkarni
    >>> e = errors(Kulkarni(2, 2))
    >>> e.ep, e.wce, e.bias
    (0.0625, 2.0, -0.125)

    Raises:
        ValueError: pairs have to be drawn and there is no generator, or a histogram has another length or is empty.
    """
    a, b = multiplier.a, multiplier.b
    counts_a, counts_b = (_counts(one, weights and weights[i]) for i, one in enumerate((a, b)))
    if a.width + b.width <= TABLE_BITS:
        chunks, drawn = _all_pairs(multiplier, counts_a, counts_b), False
    elif generator is None:
        raise ValueError(f"{multiplier} has too many pairs to try them all; drawing them needs a generator")
    else:
        chunks, drawn = _some_pairs(multiplier, counts_a, counts_b, samples, generator), True
    ends_a = torch.stack(values(a)[counts_a > 0].aminmax())
    ends_b = torch.stack(values(b)[counts_b > 0].aminmax())
    corners = torch.outer(ends_a, ends_b)
    return _statistics(
        chunks, largest=float(corners.abs().max()), span=float(corners.max() - corners.min()), drawn=drawn
    )


_Chunk = tuple[Tensor, Tensor, Tensor, Tensor]  # errors and exact products, rows x columns, and the weights of either


def _all_pairs(multiplier: Multiplier, counts_a: Tensor, counts_b: Tensor) -> Iterator[_Chunk]:
    a, b, columns = values(multiplier.a), values(multiplier.b), counts_b.nonzero()[:, 0]
    table = multiplier.table()[:, columns] if len(columns) < len(b) else multiplier.table()
    for rows in counts_a.nonzero()[:, 0].split(max(1, _CHUNK // len(columns))):
        exact = torch.outer(a[rows], b[columns])
        yield in_units(multiplier, table[rows]) - exact, exact, counts_a[rows], counts_b[columns]


def _some_pairs(
    multiplier: Multiplier, counts_a: Tensor, counts_b: Tensor, samples: int, generator: Generator
) -> Iterator[_Chunk]:
    patterns = [torch.multinomial(c, samples, replacement=True, generator=generator) for c in (counts_a, counts_b)]
    operands = (multiplier.a, multiplier.b)
    words = [Word(integers(o, p), o.width, o.signed) for o, p in zip(operands, patterns, strict=True)]
    exact = values(multiplier.a)[patterns[0]] * values(multiplier.b)[patterns[1]]
    error = in_units(multiplier, torch.as_tensor(multiplier(*words).value).expand(samples)) - exact
    one = torch.ones(samples, dtype=torch.float64)
    yield error[:, None], exact[:, None], one, one[:1]


def _statistics(chunks: Iterator[_Chunk], *, largest: float, span: float, drawn: bool) -> Errors:
    sums, squares, sizes = (torch.zeros(5, dtype=torch.float64) for _ in range(3))
    pairs, wce, wcre = 0, 0.0, 0.0
    for error, exact, row_weights, column_weights in chunks:
        distance, defined = error.abs(), exact != 0
        relative = torch.where(defined, distance / exact.abs(), 0.0)
        each = ((error != 0).double(), distance, error**2, error, relative)
        sums += torch.stack([row_weights @ one @ column_weights for one in each])
        if drawn:
            squares += torch.stack([row_weights @ one**2 @ column_weights for one in each])
        sizes[:4] += row_weights.sum() * column_weights.sum()
        sizes[4] += row_weights @ defined.double() @ column_weights
        pairs += error.numel()
        wce, wcre = max(wce, float(distance.max())), max(wcre, float(relative.max()))
    sizes[sizes == 0] = 1  # of no pairs with a product other than 0: their mean is 0
    means = sums / sizes
    ep, mae, mse, bias, mred = means.tolist()
    variance = max(mse - bias**2, 0.0)
    half = Z * ((squares / sizes - means**2).clamp(min=0) / sizes).sqrt()
    span, largest = span or 1.0, largest or 1.0
    return Errors(
        ep=ep,
        mae=mae,
        nmed=mae / largest,
        mred=mred,
        wce=wce,
        wcre=wcre,
        mse=mse,
        bias=bias,
        variance=variance,
        nm=sqrt(variance) / span,
        na=bias / span,
        pairs=pairs,
        intervals=tuple(zip(_MEANS, (means - half).tolist(), (means + half).tolist(), strict=True)) if drawn else (),
    )


def _counts(operand: Operand, histogram: Tensor | None) -> Tensor:
    """The weight of each code; codes that are no numbers have none."""
    numbers = ~values(operand).isnan()
    if histogram is None:
        return numbers.double()
    if histogram.shape != numbers.shape or not bool((histogram >= 0).all()) or not float(histogram.sum()) > 0:
        raise ValueError(
            f"a histogram of codes has {len(numbers)} counts, not all 0 and none negative; not {tuple(histogram.shape)}"
        )
    return histogram.double() * numbers
