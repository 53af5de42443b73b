"""Winning accuracy back: training the shadow weights behind a design's quantised ones."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from math import cos, pi
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Generator, Tensor
from torch.nn import functional

from adequate.design import Design
from adequate.emulation import EmulatedNetwork, emulate
from adequate.evaluation import evaluate
from adequate.network import Network
from adequate.network.graph import copy_graph
from adequate.storage import load_tensors, save_tensors

Batch = tuple[Tensor, Tensor]
Batches = Iterable[Batch]

NEAREST_FROM = 2 / 3
"""Share of the training after which weights are rounded to nearest; stochastic to the end is worse (measured)."""


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


@dataclass(frozen=True)
class Step:
    """What a training step reports: how far it is, its loss, and the held-out accuracy after the last epoch."""

    step: int
    steps: int
    loss: float
    accuracy: float | None


def finetune(
    network: Network,
    design: Design,
    batches: Shuffled | Batches,
    *,
    epochs: int,
    generator: Generator,
    recipe: Recipe = Recipe(),
    checkpoint: Path | None = None,
    progress: Callable[[Step], None] | None = None,
) -> Network:
    """The network with weights trained for ``design``: float shadow weights, quantised anew for every batch.

    Weights are rounded stochastically in the first two thirds of the training, to nearest in the last; the gradient
    passes straight through to the shadow weights. All randomness comes from ``generator``. With a ``checkpoint`` file
    a run that was killed goes on from its last checkpoint and ends with the same weights.

    Raises:
        ValueError: no epochs, no batches, a loss that is not finite, or a checkpoint of another fine-tuning.
    """
    if epochs < 1:
        raise ValueError(f"fine-tuning takes at least one epoch, not {epochs}")
    seed = int(torch.randint(2**31, (), generator=generator))
    run = _Run(network, design, batches, epochs, seed, recipe, checkpoint, progress)
    return network.with_state(run.train())


class _Run:
    """One fine-tuning: the state that a checkpoint holds."""

    def __init__(
        self,
        network: Network,
        design: Design,
        batches: Shuffled | Batches,
        epochs: int,
        seed: int,
        recipe: Recipe,
        checkpoint: Path | None,
        progress: Callable[[Step], None] | None,
    ) -> None:
        self.network, self.design, self.epochs, self.seed, self.recipe = network, design, epochs, seed, recipe
        self.checkpoint, self.progress = checkpoint, progress
        self.data, self.held = self._data(batches)
        self.module = emulate(network, self._training_design()).train()
        self.teacher = copy_graph(network.graph) if recipe.distillation else None
        self.optimizer = torch.optim.Adam(self.module.parameters(), lr=recipe.rate)
        self.steps_per_epoch = self._steps_per_epoch()
        self.step = 0
        self.accuracy: float | None = None
        self.best: dict[str, Tensor] = network.state()
        self.best_accuracy, self.best_epoch = -1.0, 0
        self.identity = hashlib.sha256(
            json.dumps([network.digest, design.digest, epochs, seed, repr(recipe), self.steps_per_epoch]).encode()
        ).hexdigest()

    def train(self) -> dict[str, Tensor]:
        """Weights of the best epoch."""
        if self.checkpoint is not None and self.checkpoint.exists():
            self._resume(self.checkpoint)
        with torch.random.fork_rng():
            while self.step < self.epochs * self.steps_per_epoch and not self._stopped():
                self._epoch()
        return self.best

    def _data(self, batches: Shuffled | Batches) -> tuple[Shuffled | Batches, Batches]:
        if isinstance(batches, Shuffled):
            return batches.split(self.recipe.held_out, torch.Generator().manual_seed(self.seed))
        listed = list(batches)
        if not listed:
            raise ValueError("no batches to fine-tune on")
        kept = max(1, len(listed) - max(1, round(self.recipe.held_out * len(listed))))
        return listed[:kept], listed[kept:] or listed

    def _steps_per_epoch(self) -> int:
        if isinstance(self.data, Shuffled):
            return -(-len(self.data) // self.recipe.batch_size)
        return len(list(self.data))

    def _training_design(self) -> Design:
        if self.recipe.outputs == "quantized":
            return self.design
        return self.design.with_layers(self.design, input=None, output=None, accumulator=None)

    def _epoch(self) -> None:
        epoch, done = divmod(self.step, self.steps_per_epoch)
        if isinstance(self.data, Shuffled):
            order = torch.Generator().manual_seed(_mix(self.seed, epoch))
            source: Iterable[Batch] = self.data.shuffled(order, self.recipe.batch_size)
        else:
            source = self.data
        for x, y in islice(source, done, None):
            loss = self._train_step(x, y)
            self.step += 1
            if self.step % self.steps_per_epoch == 0:
                self._score(epoch + 1)
            if self.checkpoint is not None and (
                self.step % self.recipe.checkpoint_every == 0 or self.step % self.steps_per_epoch == 0
            ):
                self._save(self.checkpoint)
            if self.progress is not None:
                self.progress(Step(self.step, self.epochs * self.steps_per_epoch, loss, self.accuracy))

    def _train_step(self, x: Tensor, y: Tensor) -> float:
        share = self.step / (self.epochs * self.steps_per_epoch)
        torch.manual_seed(_mix(self.seed, -1 - self.step))
        rounding = torch.Generator().manual_seed(_mix(self.seed, self.step)) if share < NEAREST_FROM else None
        self.module.round_weights_stochastically(rounding)
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate * (1 + cos(pi * share)) / 2
        loss = self._loss(x, y)
        if not torch.isfinite(loss):
            raise ValueError(
                f"the loss is {float(loss.detach())} at step {self.step}; lower the rate ({self.recipe.rate})"
            )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return float(loss.detach())

    def _loss(self, x: Tensor, y: Tensor) -> Tensor:
        logits = self.module(x)
        loss = functional.cross_entropy(logits, y)
        if self.teacher is None:
            return loss
        d, t = self.recipe.distillation, self.recipe.temperature
        with torch.no_grad():
            wanted = torch.log_softmax(self.teacher(x) / t, dim=1)
        given = torch.log_softmax(logits / t, dim=1)
        divergence = functional.kl_div(given, wanted, reduction="batchmean", log_target=True)
        return (1 - d) * loss + d * t**2 * divergence

    def _score(self, epoch: int) -> None:
        scored = emulate(self.network, self.design)
        _copy_state(self.module, scored)
        self.accuracy = float(evaluate(scored, self.held))
        if self.accuracy > self.best_accuracy:
            self.best_accuracy, self.best_epoch = self.accuracy, epoch
            self.best = {name: value.detach().clone() for name, value in self.module.state_dict().items()}

    def _stopped(self) -> bool:
        return self.step // self.steps_per_epoch - self.best_epoch >= self.recipe.patience and self.best_epoch > 0

    def _save(self, path: Path) -> None:
        tensors = {f"now.{name}": value for name, value in self.module.state_dict().items()}
        tensors |= {f"best.{name}": value for name, value in self.best.items()}
        moments = self.optimizer.state_dict()["state"]
        tensors |= {f"adam.{i}.{key}": value for i, one in moments.items() for key, value in one.items()}
        facts = {"step": self.step, "best_accuracy": self.best_accuracy, "best_epoch": self.best_epoch}
        save_tensors(path, tensors, {"finetuning": self.identity, "facts": json.dumps(facts)})

    def _resume(self, path: Path) -> None:
        tensors, metadata = load_tensors(path)
        if metadata.get("finetuning") != self.identity:
            raise ValueError(f"{path} is a checkpoint of another network, design, recipe or seed")
        parts: dict[str, dict[str, Tensor]] = {"now": {}, "best": {}, "adam": {}}
        for key, value in tensors.items():
            part, _, name = key.partition(".")
            parts[part][name] = value
        self.module.load_state_dict(parts["now"])
        self.best = parts["best"]
        moments: dict[int, dict[str, Any]] = {}
        for key, value in parts["adam"].items():
            index, _, name = key.partition(".")
            moments.setdefault(int(index), {})[name] = value
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        facts = json.loads(metadata["facts"])
        self.step, self.best_accuracy, self.best_epoch = facts["step"], facts["best_accuracy"], facts["best_epoch"]
        self.accuracy = self.best_accuracy if self.best_epoch else None


def condensed(network: Network, design: Design) -> Network:
    """The network with every weight replaced by the value the design gives it: what the hardware stores.

    Quantising such a weight again changes nothing, so emulating either network gives the same outputs.
    """
    state = network.state()
    for layer in network.layers:
        chosen = design[layer.name].weight
        if chosen is not None and layer.weight is not None:
            state[layer.weight] = chosen.quantize(state[layer.weight])
    return network.with_state(state)


def _copy_state(source: EmulatedNetwork, target: EmulatedNetwork) -> None:
    target.load_state_dict(source.state_dict())


def _mix(seed: int, position: int) -> int:
    """A seed for one position of a run: SHA-256, so that neighbouring runs and positions share nothing."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{position}".encode()).digest()[:7], "big")
