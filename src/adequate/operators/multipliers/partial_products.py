"""The rows of an array multiplier, some of their bits left out."""

from collections.abc import Iterable

from adequate.circuits import Word


def partial_products(a: Word, b: Word, columns: int, rows: Iterable[int]) -> list[Word]:
    """The rows a * b[j] * 2**j for the bits j of ``b`` in ``rows``, without the bits of weight below 2**columns."""
    return [
        a[max(columns - j, 0) :].times_bit(b[j]) << max(columns, j)
        for j in rows
        if columns - j < a.width  # else nothing of the row is left
    ]
