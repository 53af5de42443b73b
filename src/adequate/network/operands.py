"""Which operands of a call fill the ``input`` and the ``weight`` slot."""

from torch.fx import Node

from adequate.kernels.contraction import CONTRACTIONS


def slots_of(node: Node, operation: str) -> tuple[Node, Node]:
    """The operands of a sum of products that take the ``input`` and the ``weight`` slot.

    A convolution's are its input and its kernel. Of the two operands of a linear layer or matrix product the second
    takes ``weight``, unless only the first is a parameter: a parameter takes ``weight`` wherever it stands.
    """
    first, second = operand_nodes(node)[:2]
    if operation in CONTRACTIONS and first.op == "get_attr" and second.op != "get_attr":
        return second, first
    return first, second


def weight_first(node: Node, operation: str) -> bool:
    """Whether the operand in the ``weight`` slot is the call's first."""
    return slots_of(node, operation)[0] is not operand_nodes(node)[0]


def operand_nodes(node: Node) -> list[Node]:
    """Tensor operands in order, a repeated one as often as it occurs (``x + x``); a ``mask`` is none."""
    found: list[Node] = []
    for value in (*node.args, *(value for name, value in node.kwargs.items() if name != "mask")):
        found += [v for v in (value if isinstance(value, list | tuple) else (value,)) if isinstance(v, Node)]
    return found
