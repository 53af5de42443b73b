"""Two unlike inputs, a picture and a vector, joined by concatenation and by a bilinear gate (two-tower networks)."""

import torch
from torch import Generator, Tensor, nn

from tests.architectures.architecture import Architecture, Row


class MultiInput(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.picture = nn.Sequential(
            nn.Conv2d(3, 4, 3, stride=2, bias=False), nn.BatchNorm2d(4), nn.LeakyReLU(0.1), nn.Flatten()
        )
        self.vector = nn.Sequential(nn.Linear(5, 9), nn.BatchNorm1d(9), nn.ELU())
        self.gate = nn.Linear(9, 36)
        self.head = nn.Sequential(nn.Linear(36 + 9, 12), nn.PReLU(), nn.Linear(12, 2))

    def forward(self, picture: Tensor, vector: Tensor) -> Tensor:
        seen, told = self.picture(picture), self.vector(vector)
        return self.head(torch.cat((seen * torch.tanh(self.gate(told)), told), dim=-1))


def both(batch: int, dtype: torch.dtype, generator: Generator) -> tuple[Tensor, ...]:
    picture = torch.randn(batch, 3, 7, 7, generator=generator, dtype=dtype)
    return picture, torch.randn(batch, 5, generator=generator, dtype=dtype)


MULTI_INPUT = Architecture(
    MultiInput,
    both,
    layers=(
        Row("picture.0", "conv2d", macs=3 * 3 * 4 * 3 * 3 * 3, weights=4 * 3 * 3 * 3),
        Row("vector.0", "linear", macs=5 * 9, weights=9 * 5),
        Row("gate", "linear", macs=9 * 36, weights=36 * 9),
        Row("head.0", "linear", macs=45 * 12, weights=12 * 45),
        Row("head.2", "linear", macs=12 * 2, weights=2 * 12),
    ),
    parameters=(4 * 27 + 2 * 4) + (9 * 5 + 9 + 2 * 9) + (36 * 9 + 36) + (12 * 45 + 12 + 1) + (2 * 12 + 2),
)
