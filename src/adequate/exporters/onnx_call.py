"""A layer as one call of an operator of ONNX."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor
from torch.fx import Node

from adequate.exporters.onnx_file import Attribute

Operand = Node | Tensor | None
"""What another node of the network's graph computes or holds, a constant of the operator, or nothing."""


@dataclass(frozen=True, eq=False)
class OnnxCall:
    """An operator with its operands and attributes.

    With ``rows`` it takes a matrix: leading dimensions of its first operand are made one before, and restored after.
    """

    operator: str
    operands: tuple[Operand, ...]
    attributes: Mapping[str, Attribute] = field(default_factory=dict[str, Attribute])
    rows: bool = False
