"""Siamese network: two inputs through the same modules, compared by an L1 distance (Koch et al. 2015)."""

import torch
from torch import Generator, Tensor, nn

from tests.architectures.architecture import Architecture, Row


class Siamese(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 4, 3, bias=False),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(4 * 3 * 3, 8),
            nn.Sigmoid(),
        )
        self.compare = nn.Linear(8, 1)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        distance = (self.encoder(left) - self.encoder(right)).abs()
        return torch.sigmoid(self.compare(distance)).squeeze(1)


def pairs(batch: int, dtype: torch.dtype, generator: Generator) -> tuple[Tensor, ...]:
    return tuple(torch.randn(batch, 1, 8, 8, generator=generator, dtype=dtype) for _ in range(2))


SIAMESE = Architecture(
    Siamese,
    pairs,
    layers=(
        Row("encoder.0", "conv2d", macs=6 * 6 * 4 * 3 * 3 * 1, weights=4 * 3 * 3 * 1),
        Row("encoder.5", "linear", macs=36 * 8, weights=8 * 36),
        Row("encoder.0#2", "conv2d", macs=6 * 6 * 4 * 3 * 3 * 1, weights=4 * 3 * 3 * 1),
        Row("encoder.5#2", "linear", macs=36 * 8, weights=8 * 36),
        Row("compare", "linear", macs=8 * 1, weights=1 * 8),
    ),
    parameters=4 * 9 + 2 * 4 + (8 * 36 + 8) + (8 + 1),
)
