"""The main job: the narrowest arithmetic that keeps a trained network's accuracy."""

import builtins
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from adequate.bench import Bench, Silence, Watcher
from adequate.data.dataset import Dataset
from adequate.design import Design
from adequate.emulated_layer import check
from adequate.evaluation import Score
from adequate.exploration.rules import FULLY_CONNECTED, power_of_two_weights
from adequate.exploration.search import Map, Result, Strategy, search
from adequate.exploration.store import Store
from adequate.exploration.strategies import best_minifloat_split, best_static_split, narrowest, ristretto
from adequate.exploration.trial import Query
from adequate.finetuning import Recipe, condensed, together
from adequate.formats import Format
from adequate.network import Network, fold_batchnorm
from adequate.profiling import Ranges
from adequate.reporting.memory import memory
from adequate.run import NOTED, Run
from adequate.storage import load_tensors, save_tensors

Chooser = Callable[[Network, Ranges, float, int], Strategy]


@dataclass(frozen=True)
class Condensed:
    """A design with its weights, and what it is worth.

    ``baseline`` (full precision), ``before`` (the design with the weights as they came) and ``accuracy`` are on the
    test images, the ``validation_`` accuracies are what choices are made on. ``network`` has the condensed weights,
    fine-tuned for ``epochs`` (0: as they came).
    """

    network: Network
    design: Design
    ranges: Ranges
    baseline: Score
    before: Score
    accuracy: Score
    validation_baseline: float
    validation_accuracy: float
    epochs: int
    result: Result

    @property
    def figures(self) -> dict[str, Any]:
        """What came out, as plain data; the same however often the run was interrupted."""
        stored = memory(self.network, self.design)
        return {
            "baseline": float(self.baseline),
            "baseline_interval": list(self.baseline.interval),
            "before": float(self.before),
            "accuracy": float(self.accuracy),
            "interval": list(self.accuracy.interval),
            "images": self.accuracy.images,
            "validation_baseline": self.validation_baseline,
            "validation_accuracy": self.validation_accuracy,
            "widths": widest(self.network, self.design),
            "weights": stored.weights,
            "stored_bits": stored.weight_bits,
            "bits_per_weight": stored.bits_per_weight,
            "epochs": self.epochs,
        }


def _static(_: Network, ranges: Ranges, margin: float, epochs: int) -> Strategy:
    return narrowest(partial(best_static_split, ranges), margin, epochs=epochs)


def _minifloat(_: Network, ranges: Ranges, margin: float, epochs: int) -> Strategy:
    return narrowest(partial(best_minifloat_split, ranges), margin, widths=range(4, 17), epochs=epochs)


def _power_of_two(_: Network, ranges: Ranges, margin: float, epochs: int) -> Strategy:
    def split(bits: int) -> Strategy:
        design = power_of_two_weights(ranges, bits, outputs=8, max_exponent=None)
        yield [design]
        return design

    return narrowest(split, margin, widths=range(2, 7), epochs=epochs)


def _dynamic(network: Network, ranges: Ranges, margin: float, epochs: int) -> Strategy:
    return ristretto(network, ranges, margin, epochs=epochs)


FORMATS: dict[str, Chooser] = {
    "dynamic_fixed": _dynamic,
    "static_fixed": _static,
    "minifloat": _minifloat,
    "power_of_two": _power_of_two,
}
"""Families of formats ``condense`` chooses from, and how."""


def condense(
    network: Network,
    data: Dataset,
    run: Run,
    *,
    margin: float,
    epochs: int = 0,
    format: str = "dynamic_fixed",
    seed: int = 0,
    recipe: Recipe = Recipe(),  # noqa: B008  (immutable)
    map: Map = builtins.map,
    others: Sequence[Path] = (),
    watcher: Watcher = Silence(),  # noqa: B008  (stateless)
    origin: Mapping[str, Any] | None = None,
    command: str | None = None,
) -> Condensed | None:
    """The narrowest design of a family within ``margin`` points of full precision, fine-tuned for ``epochs``.

    Batch normalisation is folded. Ranges come from 1,000 calibration images, choices from the validation images, the
    reported figures from the test images. Everything is kept in ``run``: a killed run started again ends with the
    same bytes, and a finished one evaluates nothing again. ``origin`` says where network and data came from; it is
    part of the run's identity, ``command`` is only noted. ``map`` runs the trials, as in ``search``. A trial of the
    same network, data, seed and recipe that one of ``others``, files of trials, has is not run again; weights that
    were fine-tuned are not among them, those of the chosen design are trained. None if no design keeps the margin.

    Raises:
        ValueError: a data set with one split, a run folder of another run, or an unknown format.
        OSError: the folder cannot be written.
        StoreError: its file of trials cannot be used.
    """
    if format not in FORMATS:
        raise ValueError(f"no such format {format!r}; there are {', '.join(FORMATS)}")
    bench = Bench(fold_batchnorm(network), data, run, seed, recipe, watcher)
    asked = {"margin": margin, "epochs": epochs, "format": format}
    run.claim({"job": "condense", **(origin or {}), **asked, **bench.identity}, command)
    watcher.stage("ranges of weights and layer outputs")
    strategy = FORMATS[format](bench.network, bench.ranges(), margin, epochs)
    return _carried_out(bench, strategy, None, map, others)


def tune(
    network: Network,
    data: Dataset,
    run: Run,
    design: Design,
    *,
    epochs: int,
    seed: int = 0,
    recipe: Recipe = Recipe(),  # noqa: B008  (immutable)
    watcher: Watcher = Silence(),  # noqa: B008  (stateless)
    origin: Mapping[str, Any] | None = None,
    command: str | None = None,
) -> Condensed | None:
    """A given design with weights fine-tuned for it, scored and kept in ``run`` as ``condense`` does.

    ``network`` is the one the design speaks of: batch normalisation is folded before, or not at all. ``torchrun``'s
    processes train together, and leave the rest to the first: it alone writes to ``run``, the others get None.

    Raises:
        ValueError: a design that does not fit the network, processes that differ, or as ``condense``.
        ConnectionError: another process has ended.
        OSError, StoreError: as ``condense``.
    """
    with together() as team:
        bench = Bench(network, data, run, seed, recipe, watcher, team.size)
        check(network, design)
        team.check(network, recipe)
        asked = {"design": design.digest, "epochs": epochs, "processes": team.size}
        identity = {"job": "finetune", **(origin or {}), **asked, **bench.identity}
        team.check_alike({name: value for name, value in identity.items() if name not in NOTED})
        if team.first:
            run.claim(identity, command)
        if team.size > 1:
            watcher.stage(f"fine-tuning by {team.size} processes")
            bench.tuned(design, epochs)
    return _carried_out(bench, _given(design, epochs), epochs) if team.first else None


def reload(network: Network, path: Path) -> Network | None:
    """The network with the weights a run left in ``path``, rewritten as it was there; None: the file is another one.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is corrupt, or its weights are another network's.
    """
    tensors, metadata = load_tensors(path)
    if "rewrites" not in metadata:
        return None
    try:
        return (fold_batchnorm(network) if metadata["rewrites"] else network).with_state(tensors)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def widest(network: Network, design: Design) -> dict[str, int | None]:
    """Word lengths of Ristretto's three parts, the widest of each; None where nothing of the part is quantised."""

    def bits(formats: Iterable[Format | None]) -> int | None:
        return max((format.bits for format in formats if format is not None), default=None)

    layers = network.multiplying
    conv = (design[layer.name].weight for layer in layers if layer.operation not in FULLY_CONNECTED)
    fc = (design[layer.name].weight for layer in layers if layer.operation in FULLY_CONNECTED)
    return {"outputs": bits(design[layer.name].output for layer in layers), "conv": bits(conv), "fc": bits(fc)}


def _carried_out(
    bench: Bench, strategy: Strategy, epochs: int | None, map: Map = builtins.map, others: Sequence[Path] = ()
) -> Condensed | None:
    """Runs a strategy, scores and keeps its design; ``epochs`` None: as many as validated best."""
    run, watcher = bench.run, bench.watcher
    with Store(run.trials_file, others) as store:

        def ask(strategy: Strategy) -> Result:
            return search(strategy, bench.trial, map=map, store=store, context=bench.context, progress=watcher.tried)

        watcher.stage("search" if epochs is None else "validation images")
        found = ask(strategy)
        if found.best is None:
            return None
        design = found.best
        validated = {trial.query: trial for trial in found.trials if trial.split == "validation"}
        admitted = [one for one in validated.values() if one.design == design and epochs in (None, one.epochs)]
        chosen = max(admitted, key=lambda trial: (trial.accuracy, -trial.epochs))
        watcher.stage("test images")
        questions = (Query(Design(), 0, "test"), Query(design, 0, "test"), Query(design, chosen.epochs, "test"))
        tested = ask(_asking(*questions))
    answers = {trial.query: bench.score(trial) for trial in tested.trials}
    baseline, before, accuracy = (answers[question] for question in questions)
    watcher.stage("condensed weights")
    network = condensed(bench.tuned(design, chosen.epochs), design)
    counts = (found.evaluations + tested.evaluations, found.reused + tested.reused)
    result = Result(design, found.front, found.trials, *counts)
    full = validated[Query(Design())].accuracy
    design.save(run.design_file)
    notes = {"design": design.digest, "rewrites": "; ".join(network.rewrites)}
    save_tensors(run.weights_file, network.state(), notes)
    ranges = bench.ranges()
    kept = Condensed(network, design, ranges, baseline, before, accuracy, full, chosen.accuracy, chosen.epochs, result)
    run.conclude(kept.figures)
    return kept


def _given(design: Design, epochs: int) -> Strategy:
    yield [Design(), design, Query(design, epochs)]
    return design


def _asking(*questions: Query) -> Strategy:
    yield list(questions)
    return None
