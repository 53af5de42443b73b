"""A network and its data, small enough to be searched and fine-tuned in seconds."""

from pathlib import Path

import torch
from torch import Generator, nn

from adequate.bench import Bench, Silence
from adequate.data import Dataset, Split
from adequate.finetuning import Recipe
from adequate.network import Network, trace
from adequate.run import Run

RECIPE = Recipe(batch_size=32)


def network() -> Network:
    """An untrained convolution and a linear layer."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 5)).eval()
    return trace(model, torch.zeros(2, 1, 8, 8))


def data() -> Dataset:
    """Images that the network, being itself, classifies without error."""
    generator = Generator().manual_seed(1)
    classify = network().graph

    def split(count: int, name: str) -> Split:
        images = torch.randn(count, 1, 8, 8, generator=generator)
        with torch.no_grad():
            return Split(images, classify(images).argmax(1), None, name)

    return Dataset.holding_out("toy", 5, split(800, "train"), split(200, "test"), generator)


def bench(folder: Path) -> Bench:
    """Ready to answer, in a run of its own."""
    run = Run(folder)
    run.claim({})
    return Bench(network(), data(), run, 0, RECIPE, Silence())
