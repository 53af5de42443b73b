"""One network of the zoo, with what is needed to use it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Generator, nn

from adequate.data.dataset import Dataset
from adequate.zoo.preprocessing import Preprocessing, SubtractMeanImage
from adequate.zoo.weights import load_weights

Progress = Callable[[int, int], None]
"""Told the number of epochs done and their total."""

Pretrained = Callable[[Generator, Progress | None], nn.Module]
"""Makes the trained network from a seeded generator."""


@dataclass(frozen=True)
class Entry:
    """A network by name: how it is built, what it reads, on which data set it is measured.

    ``build`` gives it untrained. ``example_shape`` is that of one image, batch dimension first. ``preprocessing`` is
    a value, or a function of the data set where the training images decide it. ``load`` reads a file of weights into
    the module. ``pretrained`` makes the trained network where that takes seconds; the others need a file.
    """

    name: str
    build: Callable[[], nn.Module]
    example_shape: tuple[int, int, int, int]
    preprocessing: Preprocessing | Callable[[Dataset], SubtractMeanImage]
    dataset: str
    classes: int = 10
    load: Callable[[nn.Module, Path], None] = load_weights
    pretrained: Pretrained | None = None

    def skeleton(self) -> nn.Module:
        """The network without numbers, on torch's meta device: at once and in no memory, for its shapes alone.

        ``trace`` takes it with an example on that device.
        """
        with torch.device("meta"):
            return self.build()

    def reads(self, stored: tuple[int, ...]) -> bool:
        """Whether images stored in the shape (C, H, W) have, once prepared, the shape the network takes."""
        prepared = self.preprocessing.cropped(stored) if isinstance(self.preprocessing, Preprocessing) else stored
        return prepared == tuple(self.example_shape[1:])

    def prepare(self, dataset: Dataset) -> Dataset:
        """The data set as this network reads it: every split under the network's preprocessing."""
        if isinstance(self.preprocessing, Preprocessing):
            return dataset.with_transform(self.preprocessing)
        return dataset.with_transform(self.preprocessing(dataset))
