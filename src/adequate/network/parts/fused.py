"""Products fused with an addition: y = beta * self + alpha * (a b), as torch's ``addmm`` and its kin compute."""

import torch
from torch.fx import Node

from adequate.network.parts.assembly import Assembly

aten = torch.ops.aten


def addmm(assembly: Assembly) -> Node:
    """Parts: ``product`` (matmul), ``alpha`` and ``beta`` (mul) where they are not 1, ``add`` unless beta is 0."""
    _, first, second = _operands(assembly)
    return _combined(assembly, first, second)


def addbmm(assembly: Assembly) -> Node:
    """The batch is summed over, which makes it one product: (n, b m) x (b m, p)."""
    _, first, second = _operands(assembly)
    rows = assembly.wire(aten.flatten.using_ints, assembly.wire(aten.transpose.int, first, 0, 1), 1)
    return _combined(assembly, rows, assembly.wire(aten.flatten.using_ints, second, 0, 1))


def _operands(assembly: Assembly) -> tuple[Node, Node, Node]:
    """Whatever the schema calls them, they are its first three arguments."""
    added, first, second, *_ = (value for value in assembly.arguments.values() if isinstance(value, Node))
    return added, first, second


def _combined(assembly: Assembly, first: Node, second: Node) -> Node:
    added, alpha, beta = assembly.arguments["self"], assembly.arguments["alpha"], assembly.arguments["beta"]
    product = assembly.layer("product", aten.matmul.default, first, second)
    if alpha != 1:
        product = assembly.layer("alpha", aten.mul.Tensor, product, alpha)
    if beta == 0:
        return product
    if beta != 1:
        added = assembly.layer("beta", aten.mul.Tensor, added, beta)
    return assembly.layer("add", aten.add.Tensor, product, added)
