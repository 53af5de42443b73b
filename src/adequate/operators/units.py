"""What words of a multiplier stand for: numbers in units of the grids of their formats."""

import torch
from torch import Tensor

from adequate.formats import Format
from adequate.operators.multiplier import Multiplier, integers
from adequate.operators.operator import Operand


def values(operand: Operand) -> Tensor:
    """What each bit pattern stands for, in units of the grid, in float64; NaN where it is no number."""
    patterns = torch.arange(2**operand.width)
    if operand.format is None:
        return integers(operand, patterns).double()
    return _decoded(operand.format, grid(operand))[patterns]


def in_units(multiplier: Multiplier, result: Tensor) -> Tensor:
    """The results in units of the sum of the operands' grids."""
    if multiplier.product is None:
        return result.double()
    return _decoded(multiplier.product, grid(multiplier.a) + grid(multiplier.b))[result.long()]


def grid(operand: Operand) -> int:
    """The exponent of what an operand's integers are multiples of: 0 of an integer, else its format's.

    Raises:
        ValueError: the format has no grid.
    """
    found = operand.format.grid if operand.format is not None else 0
    if found is None:
        raise ValueError(f"{operand.format} has no grid of its own, so that its integers have no unit")
    return found


def _decoded(format: Format, unit: int) -> Tensor:
    found: list[float] = []
    for code in format.word:
        try:
            found.append(float(format.decode(code) / 2**unit if unit >= 0 else format.decode(code) * 2**-unit))
        except ValueError:
            found.append(float("nan"))
    return torch.tensor(found, dtype=torch.float64)
