"""Graph convolution: A x W twice, normalised adjacency A (Kipf and Welling 2017, arXiv:1609.02907, eq. 9)."""

import torch
from torch import Generator, Tensor, nn

from tests.architectures.architecture import Architecture, Row

NODES, FEATURES, HIDDEN, CLASSES = 7, 5, 6, 3


class GraphConvolution(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.weight1 = nn.Parameter(torch.randn(FEATURES, HIDDEN, generator=generator) / 2)
        self.weight2 = nn.Parameter(torch.randn(HIDDEN, CLASSES, generator=generator) / 2)
        self.bias2 = nn.Parameter(torch.full((CLASSES,), 0.125))

    def forward(self, x: Tensor, adjacency: Tensor) -> Tensor:
        hidden = torch.relu(adjacency @ (x @ self.weight1))
        return torch.bmm(adjacency, hidden @ self.weight2) + self.bias2


def graphs(batch: int, dtype: torch.dtype, generator: Generator) -> tuple[Tensor, ...]:
    """Features, and D^-1/2 (A + I) D^-1/2 of random undirected graphs."""
    edges = torch.rand(batch, NODES, NODES, generator=generator) < 0.3
    joined = (edges | edges.mT | torch.eye(NODES, dtype=torch.bool)).to(dtype)
    degree = joined.sum(-1).rsqrt()
    adjacency = degree[:, :, None] * joined * degree[:, None, :]
    return torch.randn(batch, NODES, FEATURES, generator=generator, dtype=dtype), adjacency


GRAPH_CONVOLUTION = Architecture(
    GraphConvolution,
    graphs,
    layers=(
        Row("matmul", "matmul", macs=7 * 6 * 5, weights=5 * 6),
        Row("matmul#2", "matmul", macs=7 * 6 * 7, weights=0),
        Row("matmul#3", "matmul", macs=7 * 3 * 6, weights=6 * 3),
        Row("matmul#4", "matmul", macs=7 * 3 * 7, weights=0),
    ),
    parameters=5 * 6 + 6 * 3 + 3,
)
