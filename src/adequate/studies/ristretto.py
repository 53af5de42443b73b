"""Ristretto's tables and figures beside ours, on its own networks: LeNet and CIFAR-10 Full with Caffe's weights."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from adequate.bench import Bench, Silence, Watcher
from adequate.data.load import ENVIRONMENT, load
from adequate.design import Design
from adequate.exploration.descent import descend
from adequate.exploration.rules import Widths, dynamic_fixed, power_of_two_weights
from adequate.exploration.search import Strategy, search
from adequate.exploration.store import Store
from adequate.exploration.strategies import best_minifloat_split, best_static_split
from adequate.exploration.strategies.ristretto import least_squares_start
from adequate.exploration.trial import Query
from adequate.finetuning import Recipe
from adequate.network import Network, trace
from adequate.profiling import Ranges
from adequate.run import Run
from adequate.studies.page import Figure, merged
from adequate.studies.ristretto_recipes import Tuner
from adequate.studies.ristretto_tables import CIFAR, LENET, published
from adequate.studies.study import Row
from adequate.zoo import entry

TABLES = ("4.1", "5.1", "5.2", "6.1", "7.1")


CHOSEN_ON = 1_000
"""Validation images on which splits are chosen and the figures drawn (assumed: the thesis does not say)."""

QUICK_TEST = 1_000
"""Test images of the quick study."""

PASSES = 60
"""Designs scored while the fractional lengths of one row are refined."""


LENET_WEIGHTS = "models/caffe_small/lenet_iter_10000.caffemodel"
CIFAR_WEIGHTS = "models/caffe_small/cifar10_full_iter_70000.caffemodel"


@dataclass(frozen=True)
class Subject:
    """One of the networks, where its weights lie below the data folder, and for how long it is fine-tuned."""

    name: str
    zoo: str
    weights: str
    epochs: int


SUBJECTS = (Subject(LENET, "lenet", LENET_WEIGHTS, 3), Subject(CIFAR, "cifar10-full", CIFAR_WEIGHTS, 1))
"""Epochs that take about the same time for both networks (ours)."""


def run(
    folder: Path,
    *,
    tables: Sequence[str] = TABLES,
    networks: Sequence[str] = (LENET, CIFAR),
    quick: bool = False,
    sweeps: bool = True,
    tune: bool = True,
    data_dir: Path | None = None,
    watcher: Watcher = Silence(),  # noqa: B008  (stateless)
) -> tuple[list[Row], list[Figure]]:
    """All rows of the tables, ours measured for ``networks``, and the sweeps of Figures 4.3, 5.3 and 6.3.

    Without ``tune`` there is no fine-tuning. ``quick`` does LeNet on its first 1,000 test images, without fine-tuning
    and without sweeps; the notes say so. Trials and checkpoints are kept in ``folder``, from which a killed study goes
    on.

    Raises:
        ValueError: an unknown table.
    """
    unknown = [table for table in tables if table not in TABLES]
    if unknown:
        raise ValueError(f"no such table {unknown[0]!r}; there are {', '.join(TABLES)}")
    rows = [row for row in published() if row.table in tables]
    figures: list[Figure] = []
    for subject in SUBJECTS:
        if subject.name not in (networks if not quick else (LENET,)):
            continue
        watcher.stage(f"{subject.name}: weights and ranges")
        place = Run(folder / subject.zoo)
        place.claim({"study": "ristretto", "network": subject.zoo, "quick": quick})
        with Store(place.trials_file) as store:
            laboratory = _Laboratory(subject, place, store, data_dir, quick, tune and not quick, watcher)
            rows = [laboratory.measured(row) if row.network == subject.name else row for row in rows]
            if sweeps and not quick:
                figures += laboratory.sweeps(tables)
    return rows, merged(figures)


class _Laboratory:
    """One network with its data, on which rows are measured."""

    def __init__(
        self,
        subject: Subject,
        place: Run,
        store: Store,
        data_dir: Path | None,
        quick: bool,
        tune: bool,
        watcher: Watcher,
    ) -> None:
        zoo = entry(subject.zoo)
        model = zoo.build()
        zoo.load(model, weights_root(data_dir) / subject.weights)
        data = zoo.prepare(load(zoo.dataset, data_dir))
        _, validation = data.selection()
        if quick:
            data = replace(data, test=data.test.first(QUICK_TEST))
        few = replace(data, validation=validation.first(CHOSEN_ON))
        self.subject, self.store, self.quick, self.watcher = subject, store, quick, watcher
        self.network: Network = trace(model.eval(), torch.zeros(zoo.example_shape))
        self.bench = Bench(self.network, few, place, seed=0, recipe=Recipe(), watcher=watcher)
        self.tuner = Tuner(self.network, data, place.folder, store, watcher) if tune else None
        self.ranges: Ranges = self.bench.ranges()

    def measured(self, row: Row) -> Row:
        """The row with our figures beside the published ones."""
        self.watcher.stage(f"{row.network}, table {row.table}: {row.arithmetic}")
        baseline = self.accuracy(Design())
        design = self.found(self.strategy(row))
        notes = [row.note, self.ties(row, design)]
        after = None
        if self.tuner is not None and row.published_after is not None:
            after, recipe = self.tuner.accuracy(design, self.subject.epochs)
            notes.append(f"trained at rate {recipe.rate:g}, outputs {recipe.outputs}")
        if self.quick:
            notes.append(f"first {QUICK_TEST:,} test images, no fine-tuning")
        return replace(
            row,
            baseline=baseline,
            before=self.accuracy(design),
            after=after,
            design=_described(row.table, design),
            note="; ".join(filter(None, notes)),
        )

    def ties(self, row: Row, design: Design) -> str:
        """Why few bits for the outputs lose so much: measured again with the last layer's output in float."""
        levels = {"outputs 2 bit": 4, "outputs 4 bit": 16}.get(row.arithmetic)
        if levels is None:
            return ""
        accuracy = self.accuracy(design.with_layers(self.network.multiplying[-1].name, output=None))
        return f"logits of {levels} levels tie, a tie goes to the first class; {accuracy:.2%} with logits in float"

    def strategy(self, row: Row) -> Strategy:
        """How the design of a row is chosen; choices see calibration and validation images only."""
        if row.table == "4.1":
            return best_static_split(self.ranges, 8 if row.network == LENET else 16)
        if row.table == "5.1":
            part, bits, _ = row.arithmetic.split()
            return self._refined(Widths(**{part: int(bits)}))
        if row.table == "5.2":
            return self._refined(Widths(*(int(bits) for bits in row.arithmetic.split()[1].split("/"))))
        if row.table == "6.1":
            return best_minifloat_split(self.ranges, 8)
        return _given(power_of_two_weights(self.ranges, 4))

    def sweeps(self, tables: Sequence[str]) -> list[Figure]:
        """The network's lines of the thesis' figures, on the validation images, normalised by full precision."""
        full = self._validated(Design())

        def line(design_of: Callable[[int], Strategy], widths: Sequence[int]) -> tuple[tuple[int, float], ...]:
            return tuple((bits, self._validated(self.found(design_of(bits))) / full) for bits in widths)

        def static(bits: int) -> Strategy:
            return best_static_split(self.ranges, bits)

        def dynamic(bits: int) -> Strategy:
            return _given(dynamic_fixed(self.ranges, bits))

        def minifloat(bits: int) -> Strategy:
            return best_minifloat_split(self.ranges, bits)

        name = self.subject.name
        found = []
        if "4.1" in tables:
            self.watcher.stage(f"{name}, Figure 4.3: static fixed point")
            found.append(Figure("4.3", "static fixed point", ((name, line(static, (4, 6, 8, 12, 16))),)))
        if "5.1" in tables or "5.2" in tables:
            self.watcher.stage(f"{name}, Figure 5.3: static against dynamic fixed point")
            lines = (
                (f"{name}, static", line(static, (4, 6, 8, 12, 16))),
                (f"{name}, dynamic", line(dynamic, (4, 5, 6, 8, 12, 16))),
            )
            found.append(Figure("5.3", "static against dynamic fixed point", lines))
        if "6.1" in tables:
            self.watcher.stage(f"{name}, Figure 6.3: minifloat")
            found.append(Figure("6.3", "minifloat", ((name, line(minifloat, (5, 6, 8, 12))),)))
        return found

    def found(self, strategy: Strategy) -> Design:
        """The design a strategy returns."""
        design = search(strategy, self.bench.trial, store=self.store, context=self.bench.context).best
        assert design is not None
        return design

    def accuracy(self, design: Design) -> float:
        """Accuracy on the test images, without fine-tuning."""
        return self._ask(Query(design, split="test"))

    def _validated(self, design: Design) -> float:
        return self._ask(Query(design))

    def _ask(self, query: Query) -> float:
        def ask() -> Strategy:
            yield [query]
            return query.design

        result = search(ask(), self.bench.trial, store=self.store, context=self.bench.context)
        return result.trials[0].accuracy

    def _refined(self, widths: Widths) -> Strategy:
        return descend(least_squares_start(self.network, self.ranges, widths), passes=PASSES)


def weights_root(data_dir: Path | None) -> Path:
    """The folder under which trained weights lie: ``data_dir``, else ADEQUATE_DATA."""
    root = data_dir if data_dir is not None else Path(os.environ.get(ENVIRONMENT, ""))
    if not (root / "models").is_dir():
        raise FileNotFoundError(f"no trained weights in {root / 'models'}; give --data-dir or set ADEQUATE_DATA")
    return root


def _given(design: Design) -> Strategy:
    yield [design]
    return design


def _described(table: str, design: Design) -> str:
    first = next(iter(design.layers.values()))
    return str(first.weight) if table in ("4.1", "6.1", "7.1") else ""
