"""A small network written for the tests, with what is known about it beforehand."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator, Tensor, nn

Example = Callable[[int, torch.dtype, Generator], tuple[Tensor, ...]]
"""(batch, dtype, generator) -> one batch per input."""


@dataclass(frozen=True)
class Row:
    """A sum of products: its layer's name and operation, its multiply-accumulates for one image, its weights."""

    name: str
    operation: str
    macs: int
    weights: int


@dataclass(frozen=True)
class Architecture:
    """A network; ``layers`` and ``parameters`` are derived by hand from its description."""

    module: Callable[[], nn.Module]
    example: Example
    layers: tuple[Row, ...]
    parameters: int

    @property
    def name(self) -> str:
        """The class's name."""
        return str(getattr(self.module, "__name__", self.module))

    def model(self, dtype: torch.dtype = torch.float32) -> nn.Module:
        """In evaluation, with seeded weights and with norms and biases as if it had been trained."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model = self.module()
        generator = torch.Generator().manual_seed(1)
        for module in model.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm | nn.LayerNorm | nn.GroupNorm):
                _randomise(module, generator)
        return model.to(dtype).eval()

    def inputs(self, batch: int, dtype: torch.dtype = torch.float32, seed: int = 2) -> tuple[Tensor, ...]:
        """A seeded batch."""
        return self.example(batch, dtype, torch.Generator().manual_seed(seed))


def images(*shape: int) -> Example:
    """One input of standard normal values, (batch, *shape)."""
    return lambda batch, dtype, generator: (torch.randn(batch, *shape, generator=generator, dtype=dtype),)


def tokens(length: int, words: int) -> Example:
    """One input of word numbers, (batch, length)."""
    return lambda batch, dtype, generator: (torch.randint(words, (batch, length), generator=generator),)


@torch.no_grad()
def _randomise(norm: Any, generator: Generator) -> None:
    """Gains around 1 and of both signs, as trained networks have them, and statistics that are not 0 and 1."""
    shape = norm.weight.shape
    norm.weight.copy_(
        (0.5 + torch.rand(shape, generator=generator)) * (torch.rand(shape, generator=generator) - 0.2).sign()
    )
    norm.bias.copy_(torch.randn(shape, generator=generator) / 4)
    if getattr(norm, "running_mean", None) is not None:
        norm.running_mean.copy_(torch.randn(shape, generator=generator) / 4)
        norm.running_var.copy_(0.25 + torch.rand(shape, generator=generator))
