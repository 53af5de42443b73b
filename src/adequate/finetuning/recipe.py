"""How to train for a design, on what, and what a step reports."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from torch import Generator, Tensor

Batch = tuple[Tensor, Tensor]
Batches = Iterable[Batch]


@runtime_checkable
class Shuffled(Protocol):
    """Data that can be read in another order every epoch, and of which a part can be held out."""

    def __len__(self) -> int: ...

    def shuffled(self, generator: Generator, batch_size: int) -> Iterator[Batch]:
        """Batches in an order drawn from ``generator``."""
        ...

    def split(self, fraction: float, generator: Generator) -> tuple["Shuffled", Batches]:
        """The rest, and the held-out part."""
        ...


@dataclass(frozen=True)
class Recipe:
    """How to fine-tune (Gysel 2016, 9.3, with Adam and a cosine rate).

    ``rate`` falls to zero over all epochs as (1 + cos(pi t)) / 2. ``outputs`` "float" leaves layer inputs and outputs
    unquantised while training, "quantized" trains through them. ``distillation`` is the weight d of the
    Kullback-Leibler divergence from the float network's answer, the loss being (1 - d) cross entropy + d T^2 KL at
    temperature T (Hinton et al. 2015, arXiv:1503.02531, section 2). After every epoch the design is scored on
    ``held_out`` of the training data; the best epoch is kept, and training stops after ``patience`` epochs without a
    better one.
    """

    rate: float = 1e-3
    batch_size: int = 64
    outputs: str = "float"
    distillation: float = 0.0
    temperature: float = 4.0
    held_out: float = 0.05
    patience: int = 3
    checkpoint_every: int = 200

    def __post_init__(self) -> None:
        if self.outputs not in ("float", "quantized"):
            raise ValueError(f"outputs is 'float' or 'quantized', not {self.outputs!r}")
        if not 0 <= self.distillation <= 1:
            raise ValueError(f"distillation is a weight from 0 to 1, not {self.distillation}")


STANDARD = Recipe()


@dataclass(frozen=True)
class Step:
    """What a training step reports: how far it is, its loss, and the held-out accuracy after the last epoch."""

    step: int
    steps: int
    loss: float
    accuracy: float | None
