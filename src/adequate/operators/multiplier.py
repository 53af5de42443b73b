"""Multipliers: what stands where an exact product would."""

from abc import abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import final

import torch
from torch import Tensor

from adequate.circuits import Word
from adequate.formats import Format
from adequate.formats.checks import require_int
from adequate.operators.operator import Operand, Operator

TABLE_BITS = 24
"""The most operand bits, together, of a multiplier with a table."""

WIDEST = 16
"""The widest integer operand."""

_CHUNK = 2**20  # pairs worked on at once


class Multiplier(Operator):
    """The product of an activation ``a`` and a weight ``b``, exact or not."""

    @property
    @abstractmethod
    def product(self) -> Format | None:
        """The format whose codes come out; None: an integer on the sum of the operands' grids."""

    @final
    def table(self) -> Tensor:
        """All products: int32 of 2**width_a x 2**width_b, row and column the operand's bit pattern, unsigned.

        Computed once by running the operator on tensors; not to be written to.

        Raises:
            ValueError: the operands have more than 24 bits together.
        """
        return _table(self)


@dataclass(frozen=True)
class UnsignedMultiplier(Multiplier):
    """A multiplier of two unsigned integers of 1 to 16 bits."""

    width_a: int
    width_b: int

    def __post_init__(self) -> None:
        require_widths(self)

    @property
    @final
    def a(self) -> Operand:
        return Operand(self.width_a)

    @property
    @final
    def b(self) -> Operand:
        return Operand(self.width_b)

    @property
    @final
    def product(self) -> None:
        return None


def require_widths(operator: Operator) -> None:
    """Both operands have 1 to 16 bits."""
    require_int(f"width_a of {operator.name}", operator.a.width, 1, WIDEST)
    require_int(f"width_b of {operator.name}", operator.b.width, 1, WIDEST)


def integers(operand: Operand, patterns: Tensor) -> Tensor:
    """What a carrier holds for each bit pattern: the integer itself, negative where the operand is signed."""
    sign = 2 ** (operand.width - 1) if operand.signed else 0
    return (patterns ^ sign) - sign


@lru_cache(maxsize=64)
def _table(multiplier: Multiplier) -> Tensor:
    a, b = multiplier.a, multiplier.b
    if a.width + b.width > TABLE_BITS:
        raise ValueError(f"{multiplier} has {a.width + b.width} operand bits; a table has at most {TABLE_BITS}")
    table = torch.empty(2**a.width, 2**b.width, dtype=torch.int32)
    columns = Word(integers(b, torch.arange(2**b.width))[None, :], b.width, b.signed)
    for rows in torch.arange(2**a.width).split(max(1, _CHUNK >> b.width)):
        result = multiplier(Word(integers(a, rows)[:, None], a.width, a.signed), columns)
        if result.width - result.signed > 31:
            raise ValueError(f"{multiplier} has a result of {result.width} bits; the entries of a table have 32")
        table[rows[0] : rows[-1] + 1] = torch.as_tensor(result.value)
    return table
