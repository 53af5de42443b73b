"""Processes that train one network together, each on its share of every batch: torch's DistributedDataParallel."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed, nn

from adequate.finetuning.recipe import Recipe
from adequate.network import Network

T = TypeVar("T")

PATIENCE = timedelta(days=1)
"""How long processes wait for one that is alive, as while the first scores an epoch; an end is noticed at once."""

GLOO = "gloo/transport"
"""A part of what Gloo's errors say when a process cannot be reached; they have no type of their own."""


@dataclass(frozen=True)
class Team:
    """Process ``rank`` of ``size``: those of torch's process group, where it is set up, else this one alone."""

    rank: int = 0
    size: int = 1

    @classmethod
    def here(cls) -> "Team":
        """The team that this process is in."""
        if not (distributed.is_available() and distributed.is_initialized()):
            return cls()
        return cls(distributed.get_rank(), distributed.get_world_size())

    @property
    def first(self) -> bool:
        """Whether this process is the one that writes files and says how it goes."""
        return self.rank == 0

    def check_alike(self, facts: Mapping[str, Any]) -> None:
        """Refuses processes that were started for different things.

        Raises:
            ValueError: one of ``facts`` is not the same in all.
        """
        if self.size == 1:
            return
        told: list[Any] = [None] * self.size
        distributed.all_gather_object(told, dict(facts))
        for rank, other in enumerate(told):
            for name, value in told[0].items():
                if other.get(name) != value:
                    raise ValueError(
                        f"process {rank} of {self.size} has another {name} than the first: "
                        f"{other.get(name)!r}, not {value!r}"
                    )

    def check(self, network: Network, recipe: Recipe) -> None:
        """Refuses what needs all images of a batch in one place.

        Raises:
            ValueError: a batch normalisation, or a penalty on the errors of a batch's sums.
        """
        if self.size == 1:
            return
        for layer in network.layers:
            if layer.operation == "batch_norm":
                raise ValueError(
                    f"layer {layer.name!r}: a batch normalisation sees a share of the batch in each of {self.size} "
                    "processes; fold_batchnorm first, or train in one"
                )
        if recipe.error_penalty:
            raise ValueError(f"error_penalty is of whole batches; {self.size} processes have shares, train in one")

    def parallel(self, module: nn.Module) -> nn.Module:
        """The module with gradients that are the mean over all processes."""
        if self.size == 1:
            return module
        return nn.parallel.DistributedDataParallel(module, forward_sync_buffers=False, static_graph=True)

    def share(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, float]:
        """This process's images of a batch, and the factor by which its mean loss counts.

        The mean over the processes is then that over the batch: w = size * len(share) / len(batch).
        """
        if self.size == 1:
            return x, y, 1.0
        mine = torch.arange(len(y)).tensor_split(self.size)[self.rank]
        if not len(mine):  # every process takes part in every step
            return x[:1], y[:1], 0.0
        return x[mine], y[mine], self.size * len(mine) / len(y)

    def mean(self, value: Tensor) -> float:
        """Of the processes' values, the same in all."""
        if self.size == 1:
            return float(value)
        total = value.detach().clone()
        distributed.all_reduce(total)
        return float(total) / self.size

    def of_first(self, value: Callable[[], T]) -> T:
        """What the first process finds, in all."""
        if self.size == 1:
            return value()
        told: list[T | None] = [value() if self.first else None]
        distributed.broadcast_object_list(told, src=0)
        [found] = told
        return found  # type: ignore[return-value]


@contextmanager
def together() -> Iterator[Team]:
    """While it is entered, ``torchrun``'s processes are a team; without ``torchrun`` this one is alone.

    ::

        with together():
            tuned = finetune(network, design, batches, epochs=2, generator=Generator().manual_seed(0))

    Raises:
        ConnectionError: another process has ended.
    """
    if not distributed.is_torchelastic_launched():
        yield Team()
        return
    try:
        distributed.init_process_group(_backend(), timeout=PATIENCE)
        yield Team.here()
    except RuntimeError as error:
        if not isinstance(error, distributed.DistError) and GLOO not in str(error):
            raise
        raise ConnectionError("another process of this fine-tuning has ended, and so does this one") from error
    distributed.destroy_process_group()  # not after an error: the others may be waiting, and end with this process


def _backend() -> str:
    """Gloo; NCCL for tensors on GPUs where every process of this machine has one of its own."""
    gpus = torch.cuda.device_count() if distributed.is_nccl_available() else 0
    if gpus < int(os.environ["LOCAL_WORLD_SIZE"]):
        return "gloo"
    torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    return "cpu:gloo,cuda:nccl"
