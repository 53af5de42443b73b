"""How many cycles the machine takes, in closed form."""

from math import ceil

from adequate.exporters.verilog.hardware import merges
from adequate.exporters.verilog.instruction import Instruction

STAGES = 3
"""Cycles from the choice of an element to the cycle in which its result is written."""

OVERHEAD = 2 + STAGES
"""Of every instruction: it is fetched and decoded, and its last result goes through the pipeline."""


def cycles(instruction: Instruction, rows: int, columns: int) -> int:
    """Cycles of an instruction on an array of ``rows`` x ``columns`` processing elements.

    A pass over elements takes a cycle for each. A product takes ``rows`` cycles for each tile of rows, then for each
    tile of columns one for each addition (products, partial sums that are merged, the bias); and one for each result.
    """
    if not instruction.product:
        return instruction.outer * instruction.inner + OVERHEAD
    additions = instruction.inner + merges(instruction.order, instruction.inner, instruction.block) + instruction.biased
    tiles = rows + ceil(instruction.columns / columns) * additions
    return ceil(instruction.outer / rows) * tiles + instruction.outer * instruction.columns + OVERHEAD
