"""A small network with an addition of three, and a design of it."""

import torch
from torch import Generator, Tensor, nn

from adequate.design import Design
from adequate.exploration import dynamic_fixed
from adequate.network import Network, trace
from adequate.profiling import profile


class Residual(nn.Module):
    """Two blocks whose results are added up, pooling, and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3, padding=1)
        self.inner, self.outer = nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.last = nn.Conv2d(4, 4, 3, padding=1)
        self.fc = nn.Linear(4 * 9, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.stem(x))
        x = torch.relu(x + 30 * self.outer(torch.relu(self.inner(x))))
        x = x + self.last(x)
        return self.fc(torch.max_pool2d(x, 2).flatten(1))


def residual() -> Network:
    """The network, with weights of its own."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return trace(Residual(), torch.zeros(2, 1, 6, 6))


def images(count: int) -> Tensor:
    """Random images for it."""
    return torch.rand(count, 1, 6, 6, generator=Generator().manual_seed(0))


def eight_bits(network: Network) -> Design:
    """Dynamic fixed point of 8 bits."""
    return dynamic_fixed(profile(network, [(images(8), torch.zeros(8))]), 8)
