"""The search job: a front of designs, chosen on validation images and judged on test images."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor

from adequate.accelerators import ACCELERATORS, Accelerator, Operands
from adequate.accelerators.cost import FIGURES
from adequate.accelerators.costing import cost
from adequate.bench import Bench, Silence, Watcher
from adequate.data.dataset import Dataset
from adequate.design import Design
from adequate.emulation import emulate
from adequate.evaluation import Score
from adequate.exploration import Result, Space, Store, Strategy, search
from adequate.exploration.hypervolume import hypervolume
from adequate.exploration.reuse import Reuse
from adequate.exploration.rules import dynamic_fixed
from adequate.exploration.trial import Query, least_accuracy
from adequate.finetuning import Recipe
from adequate.metrics import top1
from adequate.network import Network, fold_batchnorm
from adequate.profiling import Ranges
from adequate.racing import Bet
from adequate.reporting.memory import stored_bits
from adequate.run import Run
from adequate.sampled_operands import operands

STORED = "stored_bits"
BATCH = 100
"""Images between two looks at a race."""

ERROR = 0.05
"""The probability with which a race may err."""

START_BITS = 8
"""Word length of the dynamic fixed-point design that a space starts from unless one is given."""

Choose = Callable[[Space, float, Sequence[str], Generator], Strategy]
"""``choose(space, least accuracy, objectives, generator)``."""


@dataclass(frozen=True)
class Machine:
    """An objective ``FIELD@MACHINE``: one figure of what an image costs."""

    field: str
    accelerator: Accelerator

    @staticmethod
    def of(objective: str) -> "Machine":
        """The machine and the figure that an objective names.

        Raises:
            ValueError: no such figure or machine.
        """
        field, _, name = objective.partition("@")
        known = {one.name(): one for one in ACCELERATORS}
        if field not in FIGURES or name not in known:
            raise ValueError(
                f"no such objective {objective!r}; there are {STORED} and FIELD@MACHINE with a field of"
                f" {', '.join(FIGURES)} and a machine of {', '.join(known)}"
            )
        return Machine(field, known[name]())


@dataclass(frozen=True)
class Found:
    """A design of the front: its figures on the validation images it was chosen on, its accuracy on the test images."""

    design: Design
    figures: Mapping[str, float]
    accuracy: Score


@dataclass(frozen=True)
class Explored:
    """What a search found. ``baseline`` is full precision on the test images, ``validation_baseline`` on the others.

    ``images_saved`` is the share of the validation images that racing left out.
    """

    network: Network
    space: Space
    ranges: Ranges
    objectives: tuple[str, ...]
    baseline: Score
    validation_baseline: float
    front: tuple[Found, ...]
    result: Result
    images_saved: float

    @property
    def hypervolume(self) -> float:
        """Of the front, accuracy from 0 and every objective as a share of the largest that was seen."""
        most = [max(trial.figures[name] for trial in self.result.trials) or 1.0 for name in self.objectives]
        losses = [
            (1 - one.figures["accuracy"], *(one.figures[n] / m for n, m in zip(self.objectives, most, strict=True)))
            for one in self.front
        ]
        return hypervolume(losses, (1.0,) * (1 + len(most)))


def explore(
    network: Network,
    data: Dataset,
    run: Run,
    choose: Choose,
    *,
    objectives: Sequence[str] = (STORED,),
    margin: float = 1.0,
    space: Space | None = None,
    bits: Sequence[int] = range(2, 9),
    images: int = 1,
    race: bool = True,
    reuse: bool = True,
    seed: int = 0,
    watcher: Watcher = Silence(),  # noqa: B008  (stateless)
    origin: Mapping[str, Any] | None = None,
    command: str | None = None,
) -> Explored:
    """Searches a space for designs that no other beats in accuracy and ``objectives``.

    Batch normalisation is folded. Without ``space`` it is that of the network around dynamic fixed point of 8 bits,
    word lengths from ``bits``. Trials are scored on the validation images; one that loses more than ``margin`` points
    is given up as soon as a race against full precision says so with an error rate of 5 % (``race``), its accuracy
    being an estimate, and layers that trials have in common are computed once (``reuse``). The front's designs have
    run all validation images, and then all test images, which chose nothing. Everything is kept in ``run``.

    Raises:
        ValueError: a data set with one split, a run folder of another run, an unknown objective, a machine that cannot
            hold the space's formats.
        OSError: the folder cannot be written.
        StoreError: its file of trials cannot be used.
    """
    machines = {name: Machine.of(name) for name in objectives if name != STORED}
    bench = Bench(fold_batchnorm(network), data, run, seed, Recipe(), watcher)
    asked = {"objectives": list(objectives), "margin": margin, "images": images, "race": race}
    run.claim({"job": "search", **(origin or {}), **asked, **bench.identity}, command)
    watcher.stage("ranges of weights and layer outputs")
    found = space or Space.of(bench.network, dynamic_fixed(bench.ranges(), START_BITS), bits)
    watcher.stage("full precision")
    judge = _Judge(bench, machines, margin if race else None, reuse, images)
    full = judge.reference.mean().item()
    watcher.stage("search")
    with Store(run.trials_file) as store:

        def ask(strategy: Strategy, names: Sequence[str]) -> Result:
            context = f"{bench.context}, {sorted(asked.items())}"
            return search(strategy, judge.trial, store=store, context=context, objectives=names, progress=watcher.tried)

        wanted = least_accuracy(full, margin)
        result = ask(choose(found, wanted, objectives, Generator().manual_seed(seed)), objectives)
        whole = [trial for trial in result.front if trial.figures["images"] == len(judge.reference)]
        watcher.stage("test images")
        designs = [trial.design for trial in whole]
        tested = ask(_asking([Query(one, 0, "test") for one in (Design(), *designs)]), ())
    scores = {trial.design.digest: bench.score(trial) for trial in tested.trials}
    used = sum(trial.figures["images"] for trial in result.trials)
    return Explored(
        bench.network,
        found,
        bench.ranges(),
        tuple(objectives),
        scores[Design().digest],
        full,
        tuple(Found(trial.design, trial.figures, scores[trial.design.digest]) for trial in whole),
        result,
        1 - used / max(len(result.trials) * len(judge.reference), 1),
    )


class _Judge:
    """Scores designs on validation images in one random order, and says what they cost."""

    def __init__(
        self, bench: Bench, machines: Mapping[str, Machine], margin: float | None, reuse: bool, images: int
    ) -> None:
        self.bench, self.machines, self.margin, self.images = bench, machines, margin, images
        self.memory = Reuse(bench.network) if reuse else None

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

    def trial(self, design: Design, epochs: int = 0, split: str = "validation") -> dict[str, float]:
        """Accuracy, the images it took, stored bits and costs; on other splits, as the bench has it."""
        if split != "validation":
            return self.bench.trial(design, epochs, split)
        return {**self._raced(design), STORED: stored_bits(self.bench.network, design), **self._costs(design)}

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

    def _costs(self, design: Design) -> dict[str, float]:
        network = self.bench.network
        reading = any(one.accelerator.reads_values for one in self.machines.values())
        taken: Operands | None = operands(network, design, self.sample) if reading else None
        return {
            name: float(getattr(cost(network, design, one.accelerator, taken), one.field))
            for name, one in self.machines.items()
        }


def _asking(questions: list[Query]) -> Strategy:
    yield questions
    return None


def front_files(run: Run, found: Explored) -> list[Path]:
    """Saves the designs of a front in the run's folder and records the search as finished; the files in its order.

    Raises:
        OSError: the folder cannot be written.
    """
    folder = run.folder / "front"
    folder.mkdir(exist_ok=True)
    files = [folder / f"{at:02}-{one.design.digest[:8]}.json" for at, one in enumerate(found.front, 1)]
    for file, one in zip(files, found.front, strict=True):
        one.design.save(file)
    front = [
        {"file": file.name, "accuracy": float(one.accuracy), "validation_accuracy": one.figures["accuracy"]}
        | {name: one.figures[name] for name in found.objectives}
        for file, one in zip(files, found.front, strict=True)
    ]
    run.conclude(
        {
            "baseline": float(found.baseline),
            "validation_baseline": found.validation_baseline,
            "objectives": list(found.objectives),
            "front": front,
        }
    )
    return files


def picked(run: Run, drop: float, objective: str | None = None) -> dict[str, Any]:
    """The front's cheapest design within ``drop`` points on validation, copied to the run's ``design.json``.

    Raises:
        ValueError: the folder holds no finished search, no such objective, or no design loses so little.
        OSError: a file is missing or cannot be written.
    """
    results = run.facts().get("results")
    if not results or "front" not in results:
        raise ValueError(f"{run.folder} is no folder of a finished search")
    by = objective or results["objectives"][0]
    if by not in results["objectives"]:
        raise ValueError(f"no objective {by!r} in {run.folder}; there are {', '.join(results['objectives'])}")
    able = [
        one
        for one in results["front"]
        if one["validation_accuracy"] >= least_accuracy(results["validation_baseline"], drop)
    ]
    if not able:
        raise ValueError(f"no design of the front in {run.folder} loses {drop:g} points or less; allow a larger drop")
    best: dict[str, Any] = min(able, key=lambda one: (one[by], -one["validation_accuracy"]))
    Design.load(run.folder / "front" / Path(best["file"]).name).save(run.design_file)
    return best
