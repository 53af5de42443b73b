"""Bit patterns that a kernel may use as addresses."""

import torch
from torch import Tensor

UNSIGNED = frozenset({torch.uint16, torch.uint32, torch.uint64})
"""Types in which torch finds no least and largest element."""


def require_patterns(x: Tensor, w: Tensor, table: Tensor) -> None:
    """Every pattern of ``x`` is a row of ``table``, every one of ``w`` a column.

    Raises:
        ValueError: one is not.
    """
    for name, patterns, size, what in (("x", x, table.shape[0], "rows"), ("w", w, table.shape[1], "columns")):
        if patterns.numel() == 0 or (patterns.dtype is torch.uint8 and size >= 256):
            continue
        wide = patterns.long() if patterns.dtype in UNSIGNED else patterns
        low, high = (int(end) for end in wide.aminmax())
        if low < 0 or high >= size:
            raise ValueError(f"{name} holds the pattern {low if low < 0 else high}; the table has {size} {what}")
