"""How the outputs are shared among a GPU's programs."""

from dataclasses import dataclass

TILE = 1024
"""Sums a program holds: 8 for each of its 128 threads. Assumed, not tuned: no GPU was at hand."""

MOST_COLUMNS = 32
"""Columns of a tile at most, the threads of a warp: they read one row of the table or of the weights. Assumed."""


@dataclass(frozen=True, slots=True)
class Tiles:
    """A batch of m x n sums in tiles of ``rows`` x ``columns``, powers of two."""

    rows: int
    columns: int
    programs: int


def tiles(batch: int, m: int, n: int) -> Tiles:
    """Tiles as wide as the sums, up to ``MOST_COLUMNS``.

    >>> tiles(1, 4096, 16)
    Tiles(rows=64, columns=16, programs=64)
    """
    columns = min(MOST_COLUMNS, 1 << (n - 1).bit_length())
    rows = TILE // columns
    return Tiles(rows, columns, batch * -(-m // rows) * -(-n // columns))
