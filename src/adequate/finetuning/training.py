"""The loop of every fine-tuning: determined by its seed, scored after each epoch, resumed from a checkpoint."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from math import cos, isfinite, pi
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from adequate.evaluation import evaluate
from adequate.finetuning.recipe import Batch, Batches, Recipe, Shuffled, Step
from adequate.finetuning.team import Team
from adequate.network import Network
from adequate.storage import load_tensors, save_tensors


class Trainee(Protocol):
    """What is trained: a module whose parameters ``optimizer`` moves."""

    @property
    def network(self) -> Network: ...

    @property
    def module(self) -> nn.Module: ...

    @property
    def optimizer(self) -> torch.optim.Optimizer: ...

    @property
    def identity(self) -> tuple[str, ...]:
        """What tells it from other trainees; a checkpoint goes on only with the same."""
        ...

    def prepare(self, share: float, seed: int) -> None:
        """Called before every step, with the share of the training that is done and the step's own seed."""
        ...

    def scored(self) -> nn.Module:
        """The design's own arithmetic with the weights as they are now."""
        ...


@dataclass(frozen=True)
class Watch:
    """Who is told of each step, and the file that a killed run goes on from."""

    checkpoint: Path | None = None
    progress: Callable[[Step], None] | None = None


class Training:
    """One fine-tuning: the state that a checkpoint holds.

    In a team all processes have the same state after every step, and the first has the checkpoint.
    """

    def __init__(
        self,
        trainee: Trainee,
        batches: Shuffled | Batches,
        epochs: int,
        generator: Generator,
        recipe: Recipe,
        watch: Watch,
        teacher: nn.Module | None,
    ) -> None:
        if epochs < 1:
            raise ValueError(f"fine-tuning takes at least one epoch, not {epochs}")
        self.trainee, self.epochs, self.recipe, self.watch, self.teacher = trainee, epochs, recipe, watch, teacher
        self.team = Team.here()
        self.team.check(trainee.network, recipe)
        self.module = self.team.parallel(trainee.module)
        self.seed = int(torch.randint(2**31, (), generator=generator))
        self.data, self.held = self._data(batches)
        self.steps_per_epoch = self._steps_per_epoch()
        self.step = 0
        self.accuracy: float | None = None
        self.best = _copied(trainee.module)
        self.best_accuracy, self.best_epoch = -1.0, 0
        self.identity = hashlib.sha256(
            json.dumps([*trainee.identity, epochs, self.seed, repr(recipe), self.steps_per_epoch]).encode()
        ).hexdigest()

    def train(self) -> dict[str, Tensor]:
        """The module's state after the best epoch."""
        if self.watch.checkpoint is not None:
            self._resume(self.watch.checkpoint)
        with torch.random.fork_rng():
            while self.step < self.epochs * self.steps_per_epoch and not self._stopped():
                self._epoch()
        return self.best

    def first(self, images: int) -> list[Batch]:
        """The first so many images, in whole batches, of what is trained on in the first epoch."""
        found: list[Batch] = []
        for x, y in self._order(0):
            found.append((x, y))
            images -= len(x)
            if images <= 0:
                break
        return found

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

    def _epoch(self) -> None:
        epoch, done = divmod(self.step, self.steps_per_epoch)
        for x, y in islice(self._order(epoch), done, None):
            loss = self._train_step(x, y)
            self.step += 1
            if self.step % self.steps_per_epoch == 0:
                self._score(epoch + 1)
            checkpoint, progress = self.watch.checkpoint, self.watch.progress
            if (checkpoint is not None and self.team.first) and (
                self.step % self.recipe.checkpoint_every == 0 or self.step % self.steps_per_epoch == 0
            ):
                self._save(checkpoint)
            if progress is not None:
                progress(Step(self.step, self.epochs * self.steps_per_epoch, loss, self.accuracy))

    def _order(self, epoch: int) -> Iterable[Batch]:
        if not isinstance(self.data, Shuffled):
            return self.data
        order = torch.Generator().manual_seed(_mix(self.seed, epoch))
        return self.data.shuffled(order, self.recipe.batch_size)

    def _train_step(self, x: Tensor, y: Tensor) -> float:
        share = self.step / (self.epochs * self.steps_per_epoch)
        torch.manual_seed(_mix(self.seed, -1 - self.step) + self.team.rank)
        self.trainee.prepare(share, _mix(self.seed, self.step))
        for group in self.trainee.optimizer.param_groups:
            group["lr"] = self.recipe.rate * (1 + cos(pi * share)) / 2
        x, y, weight = self.team.share(x, y)
        loss = self._loss(x, y) * weight
        whole = self.team.mean(loss.detach())
        if not isfinite(whole):
            raise ValueError(f"the loss is {whole} at step {self.step}; lower the rate ({self.recipe.rate})")
        self.trainee.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.trainee.optimizer.step()
        return whole

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
        self.accuracy = self.team.of_first(lambda: float(evaluate(self.trainee.scored(), self.held)))
        if self.accuracy > self.best_accuracy:
            self.best_accuracy, self.best_epoch = self.accuracy, epoch
            self.best = _copied(self.trainee.module)

    def _stopped(self) -> bool:
        return self.step // self.steps_per_epoch - self.best_epoch >= self.recipe.patience and self.best_epoch > 0

    def _save(self, path: Path) -> None:
        tensors = {f"now.{name}": value for name, value in self.trainee.module.state_dict().items()}
        tensors |= {f"best.{name}": value for name, value in self.best.items()}
        moments = self.trainee.optimizer.state_dict()["state"]
        tensors |= {f"moment.{i}.{key}": value for i, one in moments.items() for key, value in one.items()}
        facts = {"step": self.step, "best_accuracy": self.best_accuracy, "best_epoch": self.best_epoch}
        save_tensors(path, tensors, {"finetuning": self.identity, "facts": json.dumps(facts)})

    def _resume(self, path: Path) -> None:
        found = self.team.of_first(lambda: load_tensors(path) if path.exists() else None)
        if found is None:
            return
        tensors, metadata = found
        if metadata.get("finetuning") != self.identity:
            raise ValueError(f"{path} is a checkpoint of another network, design, recipe or seed")
        parts: dict[str, dict[str, Tensor]] = {"now": {}, "best": {}, "moment": {}}
        for key, value in tensors.items():
            part, _, name = key.partition(".")
            parts[part][name] = value
        self.trainee.module.load_state_dict(parts["now"])
        self.best = parts["best"]
        moments: dict[int, dict[str, Any]] = {}
        for key, value in parts["moment"].items():
            index, _, name = key.partition(".")
            moments.setdefault(int(index), {})[name] = value
        groups = self.trainee.optimizer.state_dict()["param_groups"]
        self.trainee.optimizer.load_state_dict({"state": moments, "param_groups": groups})
        facts = json.loads(metadata["facts"])
        self.step, self.best_accuracy, self.best_epoch = facts["step"], facts["best_accuracy"], facts["best_epoch"]
        self.accuracy = self.best_accuracy if self.best_epoch else None


def _copied(module: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in module.state_dict().items()}


def _mix(seed: int, position: int) -> int:
    """A seed for one position of a run: SHA-256, so that neighbouring runs and positions share nothing."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{position}".encode()).digest()[:7], "big")
