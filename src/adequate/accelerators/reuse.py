"""What a dataflow saves: words between the buffers and the array, by kind of operand."""

from typing import NamedTuple


class Words(NamedTuple):
    """Words that cross between the buffers and the array; MACs divided by them are an operand's reuse."""

    inputs: int
    weights: int
    sums: int
    """Partial sums, written and read again, and outputs."""
