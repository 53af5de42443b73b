"""A network with its data: what is tried, the front that comes out, and the rivals that it beats."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, cached_property
from itertools import product
from math import prod
from pathlib import Path

import torch
from torch import Generator, Tensor, nn

from adequate.bench import Bench, Watcher
from adequate.condensing import widest
from adequate.data.load import load
from adequate.design import Design, LayerDesign
from adequate.emulation import emulate
from adequate.evaluation import evaluate_all
from adequate.exploration import (
    Front,
    Query,
    Result,
    Store,
    Strategy,
    Trial,
    Widths,
    dynamic_fixed,
    evolutionary,
    ristretto,
    search,
)
from adequate.exploration.answers import moved
from adequate.exploration.reuse import Reuse
from adequate.exploration.strategies.within_budgets import within_budgets
from adequate.exploration.trial import least_accuracy
from adequate.finetuning import Recipe
from adequate.metrics import cross_entropy, top1
from adequate.network import Network, fold_batchnorm, trace
from adequate.reporting.memory import stored_bits
from adequate.run import Run
from adequate.studies.exploration_rows import Measured, Row
from adequate.studies.exploration_space import operand_bits, space_of, uniform, whole_weights, wide_outputs
from adequate.studies.exploration_subjects import ALONE, BITS, LOSS, MACHINES, MARGIN, OBJECTIVES, POPULATION, Subject
from adequate.studies.page import Figure
from adequate.studies.ristretto import weights_root
from adequate.zoo import entry


class Laboratory:
    """One network with its data: rivals, a front, and what each is worth."""

    def __init__(
        self, subject: Subject, place: Run, store: Store, seed: int, data_dir: Path | None, watcher: Watcher
    ) -> None:
        zoo = entry(subject.zoo)
        if zoo.pretrained is not None:
            model = zoo.pretrained(Generator().manual_seed(seed), None)
        else:
            assert subject.weights is not None
            model = zoo.build()
            zoo.load(model, weights_root(data_dir) / subject.weights)
        data = zoo.prepare(load(zoo.dataset, data_dir))
        _, validation = data.selection()
        apart = replace(data, validation=validation.first(subject.chosen_on), test=data.test.first(subject.test))
        network: Network = fold_batchnorm(trace(model.eval(), torch.zeros(zoo.example_shape)))
        self.subject, self.place, self.store, self.seed, self.watcher = subject, place, store, seed, watcher
        self.network = network
        self.bench = Bench(network, apart, place, seed, Recipe(), watcher)
        self.splits = self.bench.splits | {"calibration": self.bench.splits["calibration"].first(subject.learnt_from)}
        self.memory = Reuse(network)
        self.energies = _energies(network)
        ranges = self.bench.ranges()
        self.ranges = ranges
        uniforms = {f"uniform {bits}": uniform(network, ranges, bits) for bits in BITS}
        uniforms[f"uniform {BITS[-1]}, weights whole"] = whole_weights(network, ranges, BITS[-1])
        self.uniforms = tuple(uniforms)
        self.space = space_of(network, list(uniforms.values()))
        wide = {f"uniform {bits}, sums and answer 8": self._wide(bits) for bits in BITS[:-1]}
        ruled = {f"uniform {bits}, Ristretto's rule": dynamic_fixed(ranges, bits) for bits in BITS}
        self.rivals = uniforms | wide | ruled

    def trial(self, design: Design, epochs: int = 0, split: str = "validation") -> dict[str, float]:
        """Accuracy, loss and costs; no energy of a design that leaves operands in floating point.

        On the images that losses are learnt from also the ``noise`` of the answers, E |y - y of full precision|^2.
        """
        network = self.bench.tuned(design, epochs)
        shared = split == "calibration" and not epochs
        module = self.memory.emulate(design) if shared else emulate(network, design)
        images = self.splits[split]
        scores = evaluate_all(
            module, images, (top1, cross_entropy), progress=lambda done: self.watcher.evaluated(done, len(images))
        )
        noise = {"noise": float((self._logits(module) - self.clean).square().sum(1).mean())} if shared else {}
        complete = all(design[one.name].input and design[one.name].weight for one in network.multiplying)
        costs = self.costs(design) if complete else {}
        return {"accuracy": scores["top1"], "loss": scores["cross_entropy"], **noise, **costs}

    @cached_property
    def clean(self) -> Tensor:
        """The answers of full precision on the images that losses are learnt from."""
        return self._logits(emulate(self.network, Design()))

    def costs(self, design: Design) -> dict[str, float]:
        """The objectives, none of which needs images."""
        return {"stored_bits": stored_bits(self.network, design), **self.energies(design)}

    def rows(self) -> list[Row]:
        """Full precision, every rival beside what beats it, and the cheapest designs within the margin."""
        [full] = self._asked([Design()]).trials
        rivals = self._rivals()
        self.front = self._front(list(rivals.values()))
        self.watcher.stage(f"{self.subject.zoo}: test images")
        designs = [Design(), *(trial.design for trial in (*rivals.values(), *self.front))]
        tested = self._asked([Query(one, split="test") for one in designs]).trials
        self.tested = {trial.design.digest: trial.accuracy for trial in tested}
        self._kept()
        rows = [self._row("full precision", full)]
        tests = [self._on_test(trial) for trial in self.front]
        for name, trial in rivals.items():
            better = beaten_by(trial, self.front)
            shown = None if better is None else self._measured(better)
            also = beaten_by(self._on_test(trial), tests) is not None
            rows.append(replace(self._row(name, trial), better=shown, also_on_test=also))
        wanted = least_accuracy(full.accuracy, MARGIN)
        for objective in OBJECTIVES:
            picked = self.front.cheapest(wanted, by=objective)
            rows.append(self._row(f"front, within {MARGIN:g} point, least {objective}", picked))
        return rows

    def figures(self) -> list[Figure]:
        """Accuracy on the images chosen on, against each objective: the front's designs and the uniform ones."""
        found: list[Figure] = []
        for objective in OBJECTIVES:
            lines = {"front": list(self.front), "uniform": self._uniform_trials}
            points = tuple(
                (name, tuple((one.figure(objective), one.accuracy) for one in trials)) for name, trials in lines.items()
            )
            name = f"{self.subject.zoo}, {objective}"
            found.append(Figure(name, "designs that no other beats", points, objective, "accuracy", logarithmic=True))
        return found

    def _logits(self, module: nn.Module) -> Tensor:
        with torch.no_grad():
            return torch.cat([module(x) for x, _ in self.splits["calibration"]]).double()

    def _rivals(self) -> dict[str, Trial]:
        self.watcher.stage(f"{self.subject.zoo}: uniform designs")
        trials = self._asked(list(self.rivals.values())).trials
        known = {trial.design.digest: trial for trial in trials}
        self._uniform_trials = [known[self.rivals[name].digest] for name in self.uniforms]
        found = {name: known[design.digest] for name, design in self.rivals.items()}
        self.watcher.stage(f"{self.subject.zoo}: Ristretto")
        chosen = self._search(
            ristretto(self.network, self.ranges, MARGIN, widths=BITS, passes=self.subject.passes)
        ).best
        if chosen is not None:
            [trial] = self._asked([chosen]).trials
            found[f"Ristretto, {Widths(**widest(self.network, chosen))}"] = trial
        return found

    def _front(self, rivals: Sequence[Trial]) -> Front:
        """Of all designs that were asked for, those that no other beats in accuracy, costs and loss."""
        self.watcher.stage(f"{self.subject.zoo}: what each choice loses alone, what budgets buy")
        costs = dict.fromkeys(tuple(one.figure(name) for name in OBJECTIVES) for one in rivals)
        together = [
            {name: share * cost for name, cost in zip(OBJECTIVES, one, strict=True)}
            for one, share in product(costs, self.subject.shares)
        ]
        alone = [
            {name: share * one.figure(name)}
            for one, name, share in product(self._uniform_trials[:-1], OBJECTIVES, ALONE)
        ]
        bought = self._search(within_budgets(self.space, [*together, *alone], self.costs, measure=self.subject.measure))
        inside = [trial for trial in bought.trials if trial.split == "validation"] + self._uniform_trials
        unbeaten = [one for one in Front.of(inside, OBJECTIVES) if one in self._uniform_trials]
        inside += self._asked(self._a_step_below(unbeaten)).trials
        start = [self.space.point(trial.design) for trial in Front.of(inside, OBJECTIVES)]
        self.watcher.stage(f"{self.subject.zoo}: evolutionary search")
        evolved = self._search(
            evolutionary(
                self.space,
                objectives=OBJECTIVES,
                trials=len(start) + self.subject.trials,
                population=POPULATION,
                start=start,
                generator=Generator().manual_seed(self.seed),
            )
        )
        return Front.of(dict.fromkeys([*inside, *evolved.trials]), (*OBJECTIVES, LOSS))

    def _a_step_below(self, trials: Sequence[Trial]) -> list[Design]:
        """The designs of these with one knob a step lower."""
        points = [self.space.point(trial.design) for trial in trials]
        steps = (moved(self.space, point, knob, -1) for point in points for knob in range(len(point)))
        return [self.space.design(step) for step in dict.fromkeys(steps) if step is not None]

    def _row(self, name: str, trial: Trial) -> Row:
        return Row(self.subject.zoo, name, self._measured(trial))

    def _on_test(self, trial: Trial) -> Trial:
        return replace(trial, figures={**trial.figures, "accuracy": self.tested[trial.design.digest]})

    def _measured(self, trial: Trial) -> Measured:
        weight, activation = operand_bits(self.network, trial.design)
        costs = tuple(trial.figures.get(name) for name in OBJECTIVES)
        return Measured(weight, activation, trial.accuracy, self.tested[trial.design.digest], costs)

    def _kept(self) -> None:
        folder = self.place.folder / "front"
        folder.mkdir(exist_ok=True)
        for at, one in enumerate(self.front, 1):
            one.design.save(folder / f"{at:03}-{one.design.digest[:8]}.json")

    def _wide(self, bits: int) -> Design:
        return wide_outputs(self.space, BITS.index(bits), len(BITS) - 1)

    def _asked(self, questions: Sequence[Design | Query]) -> Result:
        def ask() -> Strategy:
            yield list(questions)
            return None

        return self._search(ask())

    def _search(self, strategy: Strategy) -> Result:
        context = self.bench.context_with(learnt_from=self.subject.learnt_from, objectives=OBJECTIVES)
        return search(
            strategy, self.trial, store=self.store, context=context, objectives=(), progress=self.watcher.tried
        )


def beaten_by(rival: Trial, front: Sequence[Trial]) -> Trial | None:
    """The cheapest design that dominates a rival, by the product of its costs; None if none does."""

    def losses(trial: Trial) -> tuple[float, ...]:
        return -trial.accuracy, *(trial.figure(name) for name in OBJECTIVES)

    mine = losses(rival)
    better = [one for one in front if losses(one) != mine and all(map(float.__le__, losses(one), mine))]
    return min(better, key=lambda one: prod(losses(one)[1:]), default=None)


def _energies(network: Network) -> Callable[[Design], dict[str, float]]:
    """What an image costs on each machine, layer by layer, every layer in every form once."""
    layers = {layer.name: layer for layer in network.multiplying}

    @cache
    def energy(at: int, name: str, chosen: LayerDesign) -> float:
        return MACHINES[at].run(layers[name], chosen).energy_pj

    def costs(design: Design) -> dict[str, float]:
        return {
            f"energy_pj@{machine.name()}": sum(energy(at, name, design[name]) for name in layers)
            for at, machine in enumerate(MACHINES)
        }

    return costs
