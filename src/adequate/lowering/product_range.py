"""What a sum of products cannot leave, whatever the image."""

from typing import Any

import numpy as np

from adequate.program.products import Approximate, Words, numbers
from adequate.program.steps import Array
from adequate.program.value import Value

SMALL = 2**24
"""Products of integers below this, and the sum of a billion of them, are exact in int64."""


def sum_range(
    x: Value, w: Value, integers: Array | None, products: Approximate | None, summed: tuple[int, ...], count: int
) -> Any:
    """Bounds (low, high) of every partial sum of ``count`` products, in any order: one or, for weights, several each.

    ``integers`` are the weight's, None of an activation; ``summed`` are its dimensions that are summed over.
    """
    low, high = _product_ends(x, w, integers, products)
    if integers is None:
        return min(count * low, 0), max(count * high, 0)
    met = 1
    for d in summed:
        met *= integers.shape[d]
    repeats = max(count // max(met, 1), 1)
    below, above = np.minimum(low, 0).sum(axis=summed), np.maximum(high, 0).sum(axis=summed)
    return int(np.min(below, initial=0)) * repeats, int(np.max(above, initial=0)) * repeats


def _product_ends(x: Value, w: Value, integers: Array | None, products: Approximate | None) -> tuple[Any, Any]:
    """Least and greatest product with any number of the activation: of each weight, or of all."""
    if products is None:
        if integers is None:
            ends = [a * b for a in x.range for b in w.range]
            return min(ends), max(ends)
        small = max(map(abs, (*x.range, *w.range))) < SMALL
        numbers_ = integers.astype(np.int64) if small else integers
        one, other = numbers_ * x.low, numbers_ * x.high
        return np.minimum(one, other), np.maximum(one, other)
    a = _possible(products.x, x)
    b = _possible(products.w, w) if integers is None else np.unique(integers)
    table = products(a[:, None], b[None, :])
    low, high = table.min(axis=0), table.max(axis=0)
    if integers is None:
        return low.min(), high.max()
    places = np.searchsorted(b.astype(np.int64), integers.astype(np.int64))
    return low[places].astype(np.int64), high[places].astype(np.int64)


def _possible(words: Words, x: Value) -> Array:
    """The integers of a value that a word of the operand may stand for."""
    if words.operand.format is None:
        return np.arange(x.low, x.high + 1).astype(object)
    inside = (n for n in set(numbers(words.operand.format).values()) if x.low <= n <= x.high)
    return np.array(sorted(inside), dtype=object)
