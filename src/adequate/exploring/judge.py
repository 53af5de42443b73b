"""What a search asks of every design: its accuracy, raced, and its costs."""

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any

import torch
from torch import Generator, Tensor

from adequate.accelerators import Operands
from adequate.accelerators.costing import cost
from adequate.accelerators.objective import STORED, Objective
from adequate.bench import Bench
from adequate.design import Design
from adequate.emulation import emulate
from adequate.exploration.context import Context
from adequate.exploration.reuse import Reuse
from adequate.metrics import top1
from adequate.racing import Bet
from adequate.reporting.memory import stored_bits
from adequate.sampled_operands import operands

BATCH = 100
"""Images between two looks at a race."""

ERROR = 0.05
"""The probability with which a race may err."""


class Judge:
    """Scores designs on validation images in one random order, and says what they cost."""

    def __init__(
        self, bench: Bench, machines: Mapping[str, Objective], margin: float | None, reuse: bool, images: int
    ) -> None:
        self.bench, self.machines, self.margin, self.images = bench, machines, margin, images
        self.memory = Reuse(bench.network) if reuse else None

    @property
    def context(self) -> Context:
        """What its answers on validation images depend on; not the machines, whose figures have their names."""
        return self.bench.context_with(margin=self.margin, images=self.images)

    def __getstate__(self) -> dict[str, Any]:
        """What another process needs: the images it puts in order itself."""
        return {name: value for name, value in self.__dict__.items() if name != "batches"}

    @cached_property
    def batches(self) -> list[tuple[Tensor, Tensor]]:
        """The validation images in an order drawn once."""
        generator = Generator().manual_seed(self.bench.seed)
        return list(self.bench.splits["validation"].shuffled(generator, BATCH))

    @cached_property
    def reference(self) -> Tensor:
        """Full precision, right or wrong on every image, in that order."""
        module = emulate(self.bench.network, Design())
        with torch.no_grad():
            return torch.cat([top1(module(x), y) for x, y in self.batches])

    @cached_property
    def sample(self) -> Tensor:
        """The images that operands are taken on."""
        x, _ = next(iter(self.bench.splits["calibration"].first(self.images)))
        return x

    def trial(
        self,
        design: Design,
        epochs: int = 0,
        split: str = "validation",
        known: Mapping[str, float] = MappingProxyType({}),
    ) -> dict[str, float]:
        """Accuracy, the images it took, stored bits and costs; on other splits, as the bench has it.

        What is ``known`` of them is not found again.
        """
        if split != "validation":
            return self.bench.trial(design, epochs, split)
        scored = dict(known) if "accuracy" in known else self._raced(design)
        machines = {name: one for name, one in self.machines.items() if name not in known}
        return {**scored, STORED: stored_bits(self.bench.network, design), **self._costs(design, machines)}

    def _raced(self, design: Design) -> dict[str, float]:
        network, of = self.bench.network, len(self.reference)
        module = emulate(network, design) if self.memory is None else self.memory.emulate(design)
        bet = None if self.margin is None else Bet.on(self.margin, of, ERROR)
        right, done = 0.0, 0
        with torch.no_grad():
            for x, y in self.batches:
                scores = top1(module(x), y)
                losses = (self.reference[done : done + len(y)] - scores).tolist()
                right, done = right + float(scores.sum()), done + len(y)
                if bet is not None and bet.decided is None:
                    any(bet.learn(loss) is not None for loss in losses)
                self.bench.watcher.evaluated(done, of)
                if bet is not None and bet.decided is False:
                    break
        if done == of:
            return {"accuracy": right / of, "images": of}
        lost = (self.reference[:done].sum().item() - right) / done
        return {"accuracy": self.reference.mean().item() - lost, "images": done}

    def _costs(self, design: Design, machines: Mapping[str, Objective]) -> dict[str, float]:
        network = self.bench.network
        reading = any(one.accelerator.reads_values for one in machines.values())
        taken: Operands | None = operands(network, design, self.sample) if reading else None
        return {
            name: float(getattr(cost(network, design, one.accelerator, taken), one.field))
            for name, one in machines.items()
        }
