"""Products of matrices."""

import torch
import torch.nn.functional as F
from torch import Tensor


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x weight^T + bias: what ``Gemm`` and ``MatMul`` by a constant matrix become."""
    return F.linear(x, weight, bias)


def matmul(input: Tensor, other: Tensor) -> Tensor:
    """MatMul of two tensors that are computed, leading dimensions broadcast."""
    return torch.matmul(input, other)


def gemm(
    a: Tensor,
    b: Tensor,
    c: Tensor | None = None,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    transA: int = 0,
    transB: int = 0,
) -> Tensor:
    """Gemm: alpha A B + beta C, of two matrices that are computed."""
    product = torch.matmul(a.t() if transA else a, b.t() if transB else b)
    product = product if alpha == 1 else product * alpha
    if c is None:
        return product
    return product + (c if beta == 1 else c * beta)


def einsum(*operands: Tensor, equation: str) -> Tensor:
    """Einsum by torch's own, which wants no blanks and knows the same notation."""
    return torch.einsum(equation.replace(" ", ""), *operands)


PRODUCTS = {"Linear": linear, "MatMul": matmul, "Gemm": gemm, "Einsum": einsum}
