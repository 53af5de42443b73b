"""How to train for a design, on what, and what a step reports."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from torch import Generator, Tensor

from adequate.finetuning.fitted_error import FittedError
from adequate.finetuning.smoothed_difference import SmoothedDifference

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

    Of a design with multipliers, ``gradient`` says how training sees their products: None is the gradient of the exact
    product of the same quantised operands (straight-through). ``error_penalty`` is the weight of the relative error of
    each such layer's sums in the loss (``PenalizedErrors``). With ``quantized_first`` the network is first distilled
    for so many epochs with exact multipliers, and the result then, in that arithmetic, is the teacher in the float
    network's place (two-stage distillation, after De la Parra et al., DATE 2021, of which only the abstract could be
    read).
    """

    rate: float = 1e-3
    batch_size: int = 64
    outputs: str = "float"
    distillation: float = 0.0
    temperature: float = 4.0
    gradient: SmoothedDifference | FittedError | None = None
    error_penalty: float = 0.0
    quantized_first: int = 0
    held_out: float = 0.05
    patience: int = 3
    checkpoint_every: int = 200

    def __post_init__(self) -> None:
        if self.outputs not in ("float", "quantized"):
            raise ValueError(f"outputs is 'float' or 'quantized', not {self.outputs!r}")
        if not 0 <= self.distillation <= 1:
            raise ValueError(f"distillation is a weight from 0 to 1, not {self.distillation}")
        if not 0 <= self.error_penalty < float("inf"):
            raise ValueError(f"error_penalty is a weight of 0 or more, not {self.error_penalty}")
        if self.quantized_first < 0:
            raise ValueError(f"quantized_first is a number of epochs, not {self.quantized_first}")
        if self.quantized_first and not self.distillation:
            raise ValueError("quantized_first is the first stage of a distillation; give distillation, its weight, too")


STANDARD = Recipe()


@dataclass(frozen=True)
class Step:
    """What a training step reports: how far it is, its loss, and the held-out accuracy after the last epoch."""

    step: int
    steps: int
    loss: float
    accuracy: float | None
