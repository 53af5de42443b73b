"""The search job: a front of designs, chosen on validation images and judged on test images."""

import builtins
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import Generator

from adequate.accelerators.objective import STORED, Objective
from adequate.bench import Bench, Silence, Watcher
from adequate.data.dataset import Dataset
from adequate.design import Design
from adequate.evaluation import Score
from adequate.exploration import Context, Front, Result, Space, Store, Strategy, Trial, search
from adequate.exploration.growth import normalized
from adequate.exploration.hypervolume import hypervolume
from adequate.exploration.rules import dynamic_fixed
from adequate.exploration.search import Map
from adequate.exploration.supported import LeftOut, supported
from adequate.exploration.trial import Query, least_accuracy
from adequate.exploring.judge import Judge
from adequate.finetuning import Recipe
from adequate.network import Network, fold_batchnorm
from adequate.profiling import Ranges
from adequate.run import Run
from adequate.storage import save_tensors

START_BITS = 8
"""Word length of the dynamic fixed-point design that a space starts from unless one is given."""

Choose = Callable[[Space, float, Sequence[str], Generator], Strategy]
"""``choose(space, least accuracy, objectives, generator)``."""


@dataclass(frozen=True)
class Found:
    """A design of the front: its figures on the validation images it was chosen on, its accuracy on the test images."""

    design: Design
    figures: Mapping[str, float]
    accuracy: Score


@dataclass(frozen=True)
class Explored:
    """What a search found. ``baseline`` is full precision on the test images, ``validation_baseline`` on the others.

    ``left_out`` is what the machines of the objectives cannot run of the space that was given. ``images_saved`` is the
    share of the validation images that racing left out.
    """

    network: Network
    space: Space
    left_out: tuple[LeftOut, ...]
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
        losses = normalized(self.result.trials, self.objectives)
        return hypervolume([losses[trial] for trial in self.result.front], (1.0,) * (1 + len(self.objectives)))

    def cheapest(self, drop: float) -> Found | None:
        """The design of least first objective within ``drop`` points on validation; None if there is none."""
        able = [one for one in self.front if one.figures["accuracy"] >= least_accuracy(self.validation_baseline, drop)]
        first = self.objectives[0]
        return min(able, key=lambda one: (one.figures[first], -one.figures["accuracy"]), default=None)


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
    map: Map = builtins.map,
    others: Sequence[Path] = (),
    watcher: Watcher = Silence(),  # noqa: B008  (stateless)
    origin: Mapping[str, Any] | None = None,
    command: str | None = None,
) -> Explored:
    """Searches a space for designs that no other beats in accuracy and ``objectives``.

    Batch normalisation is folded. Without ``space`` it is that of the network around dynamic fixed point of 8 bits,
    word lengths from ``bits``; what a machine of the objectives cannot run is left out. Trials are scored on the
    validation images; one that loses more than ``margin`` points is given up as soon as a race against full precision
    says so with an error rate of 5 % (``race``), its accuracy being an estimate, and layers that trials have in common
    are computed once (``reuse``). The front's designs have run all validation images, and then all test images, which
    chose nothing. ``map`` runs the trials, as in ``search``. Everything is kept in ``run``. A trial of the same
    network, data, seed and margin that one of ``others``, files of trials, has is not run again.

    Raises:
        ValueError: a data set with one split, a run folder of another run, an unknown objective, a machine that can
            run no design of the space.
        OSError: the folder cannot be written.
        StoreError: its file of trials cannot be used.
    """
    machines = {name: Objective.of(name) for name in objectives if name != STORED}
    bench = Bench(fold_batchnorm(network), data, run, seed, Recipe(), watcher)
    asked = {"objectives": list(objectives), "margin": margin, "images": images, "race": race}
    run.claim({"job": "search", **(origin or {}), **asked, **bench.identity}, command)
    save_tensors(run.weights_file, bench.network.state(), {"rewrites": "; ".join(bench.network.rewrites)})
    watcher.stage("ranges of weights and layer outputs")
    found = space or Space.of(bench.network, dynamic_fixed(bench.ranges(), START_BITS), bits)
    left_out: list[LeftOut] = []
    for one in machines.values():
        limited = supported(found, bench.network, one.accelerator)
        found, left_out = limited.space, [*left_out, *limited.left_out]
    watcher.stage("full precision")
    judge = Judge(bench, machines, margin if race else None, reuse, images)
    full = judge.reference.mean().item()
    run.note({"validation_baseline": full, "validation_images": len(judge.reference)})
    watcher.stage("search")
    with Store(run.trials_file, others) as store:

        def ask(strategy: Strategy, context: Context, names: Sequence[str]) -> Result:
            return search(
                strategy,
                judge.trial,
                map=map,
                store=store,
                context=context,
                objectives=names,
                progress=watcher.tried,
            )

        chosen = choose(found, least_accuracy(full, margin), objectives, Generator().manual_seed(seed))
        result = ask(chosen, judge.context, objectives)
        front = front_of_whole(result.trials, objectives, len(judge.reference))
        watcher.stage("test images")
        designs = [trial.design for trial in front]
        tested = ask(_asking([Query(one, 0, "test") for one in (Design(), *designs)]), bench.context, ())
    scores = {trial.design.digest: bench.score(trial) for trial in tested.trials}
    used = sum(trial.figures["images"] for trial in result.trials)
    return Explored(
        bench.network,
        found,
        tuple(left_out),
        bench.ranges(),
        tuple(objectives),
        scores[Design().digest],
        full,
        tuple(Found(trial.design, trial.figures, scores[trial.design.digest]) for trial in front),
        replace(result, front=front),
        1 - used / max(len(result.trials) * len(judge.reference), 1),
    )


def front_of_whole(trials: Iterable[Trial], objectives: Sequence[str], images: int) -> Front:
    """The front of the designs that ran all images; those given up on have an estimate for an accuracy."""
    return Front.of([trial for trial in trials if trial.figures.get("images") == images], objectives)


def _asking(questions: list[Query]) -> Strategy:
    yield questions
    return None
