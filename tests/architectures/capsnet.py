"""Capsules: routing by agreement, a loop of einsum and softmax (Sabour et al. 2017, arXiv:1710.09829, procedure 1)."""

import torch
from torch import Tensor, nn

from tests.architectures.architecture import Architecture, Row, images

BELOW, ABOVE, NARROW, WIDE = 2 * 4 * 4, 3, 4, 5
"""Capsules of both layers and their lengths."""


class CapsNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, padding=1)
        self.primary = nn.Conv2d(8, 2 * NARROW, 3, stride=2, padding=1)
        weight = torch.randn(BELOW, ABOVE, WIDE, NARROW, generator=torch.Generator().manual_seed(0))
        self.weight = nn.Parameter(weight / 8)

    def forward(self, x: Tensor) -> Tensor:
        x = self.primary(torch.relu(self.conv(x)))
        u = squash(x.reshape(x.shape[0], 2, NARROW, 16).transpose(2, 3).flatten(1, 2))
        votes = torch.einsum("bid,ijed->bije", u, self.weight)
        logits = torch.zeros_like(votes[..., 0])
        for _ in range(2):
            above = squash(torch.einsum("bij,bije->bje", logits.softmax(dim=2), votes))
            logits = logits + torch.einsum("bije,bje->bij", votes, above)
        return torch.linalg.vector_norm(above, dim=-1)


def squash(s: Tensor) -> Tensor:
    """s |s| / (1 + |s|^2) (eq. 1)."""
    norm = torch.linalg.vector_norm(s, dim=-1, keepdim=True)
    return s * (norm / (1 + norm * norm))


CAPSNET = Architecture(
    CapsNet,
    images(1, 8, 8),
    layers=(
        Row("conv", "conv2d", macs=8 * 8 * 8 * 3 * 3 * 1, weights=8 * 3 * 3 * 1),
        Row("primary", "conv2d", macs=4 * 4 * 8 * 3 * 3 * 8, weights=8 * 3 * 3 * 8),
        Row("einsum", "einsum", macs=32 * 3 * 5 * 4, weights=32 * 3 * 5 * 4),
        Row("einsum#2", "einsum", macs=3 * 5 * 32, weights=0),
        Row("einsum#3", "einsum", macs=32 * 3 * 5, weights=0),
        Row("einsum#4", "einsum", macs=3 * 5 * 32, weights=0),
        # the last agreement is computed and never read: torch.export drops it
    ),
    parameters=(8 * 9 + 8) + (8 * 72 + 8) + 32 * 3 * 5 * 4,
)
