"""Bit patterns that a kernel may use as addresses."""

from torch import Tensor, uint8


def require_patterns(x: Tensor, w: Tensor, table: Tensor) -> None:
    """Every pattern of ``x`` is a row of ``table``, every one of ``w`` a column: on a GPU nothing else would notice.

    Raises:
        ValueError: one is not.
    """
    for name, patterns, size, what in (("x", x, table.shape[0], "rows"), ("w", w, table.shape[1], "columns")):
        if patterns.numel() and not (patterns.dtype == uint8 and size >= 256):
            low, high = (int(one) for one in patterns.aminmax())
            if low < 0 or high >= size:
                raise ValueError(f"{name} holds the pattern {low if low < 0 else high}; the table has {size} {what}")
