"""ProxSim's experiment on EvoApprox's tables: what a multiplier costs a network, and what repairs win back.

De la Parra, Guntoro and Kumar, "ProxSim" (DATE 2020), emulate approximate multipliers and retrain with them. Only the
abstract could be read: it says that up to 30 % of accuracy were won back, and names no multiplier. So networks, tables
and settings here are our own choice, and no published accuracy stands beside ours; power and error are the publishers'
of the multipliers.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Generator

from adequate.bench import Silence, Watcher
from adequate.bias_correction import correct_bias
from adequate.data.dataset import Dataset
from adequate.data.load import load
from adequate.data.split import Split
from adequate.design import Design
from adequate.emulation import emulate
from adequate.evaluation import evaluate
from adequate.exploration.approximation import approximate
from adequate.exploration.rules import dynamic_fixed
from adequate.finetuning import Recipe, finetune
from adequate.network import Network, fold_batchnorm, trace
from adequate.operators.errors import errors
from adequate.operators.published import Published, load_published
from adequate.profiling import Ranges, profile
from adequate.storage import write_atomically
from adequate.studies.page import Figure
from adequate.studies.ristretto import weights_root
from adequate.studies.study import percent
from adequate.zoo import entry

BITS = 8
SEED = 0
CALIBRATION = 256
"""Images on which biases are refitted."""

TOLERATED = 0.005
"""A multiplier that costs no more of the accuracy in exact 8-bit arithmetic is not retrained."""

QUICK = ("mul8u_2AC", "mul8u_FTA", "mul8s_1KR3")
"""Tables of the quick study: one that costs nothing, one that costs some points, one that ruins the network."""


@dataclass(frozen=True)
class Subject:
    """A network, its weights below the data folder, and how it is retrained: ``images`` of the training set, once.

    ``refitted``: from biases corrected for the multiplier, if they are right on more of the calibration images.
    """

    zoo: str
    weights: str
    test: int
    images: int
    recipe: Recipe
    refitted: bool


SUBJECTS = {
    "lenet": Subject(
        "lenet", "models/caffe_small/lenet_iter_10000.caffemodel", 10_000, 55_000, Recipe(outputs="quantized"), False
    ),
    "resnet20": Subject(
        "resnet20",
        "models/cifar10_resnet_pytorch/resnet20-12fca82f.th",
        1_000,
        6_400,
        Recipe(outputs="quantized", rate=1e-4),
        True,
    ),
}
"""One epoch of LeNet, a part of one of ResNet-20.

ResNet-20's rate is the better of 1e-4 and 1e-5 on 500 validation images with mul8u_2AC and mul8s_1KVL, tried after the
usual 1e-3 from biases as they were had lost accuracy, on the test images too.
"""

TABLES = tuple(SUBJECTS)


@dataclass(frozen=True)
class Row:
    """A network with one multiplier everywhere. Accuracies on test images, fractions; ``mae`` in percent of 2**16.

    ``exact`` is the same design with exact multipliers; ``refitted`` has its biases corrected for the multiplier;
    ``retrained`` is fine-tuned with it, None where ``approximate`` loses too little to need it.
    """

    head: ClassVar[tuple[str, ...]] = (
        "network",
        "multiplier",
        "MAE, %",
        "power, mW",
        "float",
        "exact, 8 bit",
        "approximate",
        "bias refitted",
        "retrained",
    )
    network: str
    multiplier: str
    mae: float
    power_mw: float | None
    baseline: float
    exact: float
    approximate: float
    refitted: float
    retrained: float | None

    @property
    def cells(self) -> tuple[str, ...]:
        """Accuracies in percent."""
        accuracies = (self.baseline, self.exact, self.approximate, self.refitted, self.retrained)
        power = "" if self.power_mw is None else f"{self.power_mw:.4g}"
        return self.network, self.multiplier, f"{self.mae:.2g}", power, *map(percent, accuracies)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def run(
    folder: Path,
    *,
    tables: Sequence[str] = TABLES,
    quick: bool = False,
    data_dir: Path | None = None,
    watcher: Watcher = Silence(),  # noqa: B008  (stateless)
) -> tuple[list[Row], list[Figure]]:
    """A row for every table of ``multipliers/`` below the data folder and every network, and the plots.

    ``quick``: LeNet with three tables, 1,000 test images, 3,200 training images. Rows are kept in ``folder``; a study
    that was stopped goes on after the last whole row.

    Raises:
        FileNotFoundError: no weights or multipliers below the data folder.
        ValueError: an unknown network.
    """
    unknown = [one for one in tables if one not in SUBJECTS]
    if unknown:
        raise ValueError(f"no such network {unknown[0]!r}; there are {', '.join(SUBJECTS)}")
    root = weights_root(data_dir)
    watcher.stage("multipliers: the tables against what is stated of them")
    published = load_published(root / "multipliers")
    rows: list[Row] = []
    for name in tables if not quick else tables[:1]:
        subject = SUBJECTS[name]
        if quick:
            subject = replace(subject, test=1_000, images=3_200)
            published = tuple(one for one in published if one.multiplier.label in QUICK)
        watcher.stage(f"{name}: weights and ranges")
        laboratory = _Laboratory(name, subject, root, data_dir, folder, watcher)
        rows += [laboratory.row(one) for one in published]
    return rows, [figure for name in dict.fromkeys(row.network for row in rows) for figure in figures_of(name, rows)]


class _Laboratory:
    """One network with its data, on which rows are measured."""

    def __init__(
        self, name: str, subject: Subject, root: Path, data_dir: Path | None, folder: Path, watcher: Watcher
    ) -> None:
        zoo = entry(subject.zoo)
        model = zoo.build()
        zoo.load(model, root / subject.weights)
        data: Dataset = zoo.prepare(load(zoo.dataset, data_dir))
        train, _ = data.selection()
        self.name, self.subject, self.folder, self.watcher = name, subject, folder, watcher
        self.test: Split = data.test.first(subject.test)
        self.train: Split = train.sample(subject.images, _seeded())
        self.calibration: Split = data.calibration(_seeded())
        self.network: Network = fold_batchnorm(trace(model.eval(), torch.zeros(zoo.example_shape)))
        self.ranges: Ranges = profile(self.network, self.calibration)
        fixed = dynamic_fixed(self.ranges, bits=BITS)
        self.design: Design = fixed.with_layers(fixed, output=None)
        self.baseline = self.accuracy(self.network, Design())
        self.exact = self.accuracy(self.network, self.design)

    def row(self, published: Published) -> Row:
        """The row of a multiplier, from the folder where it is there."""
        multiplier = published.multiplier
        design = approximate(self.design, multiplier, self.ranges)
        identity = [self.network.digest, design.digest, repr(self.subject)]
        kept = self.folder / f"{self.name}-{multiplier.label}-{self.subject.test}.json"
        if kept.exists():
            known = json.loads(kept.read_text(encoding="utf-8"))
            if known["identity"] == identity:
                return Row(**known["row"])
        self.watcher.stage(f"{self.name}, {multiplier.label}")
        before = self.accuracy(self.network, design)
        refitted = correct_bias(self.network, design, self.calibration.first(CALIBRATION))
        row = Row(
            self.name,
            multiplier.label,
            100 * errors(multiplier).mae / 2 ** (2 * BITS),
            published.power_mw,
            self.baseline,
            self.exact,
            before,
            self.accuracy(refitted, design),
            self.accuracy(self.retrained(design, refitted), design) if self.exact - before > TOLERATED else None,
        )
        write_atomically(kept, json.dumps({"identity": identity, "row": row.to_json()}, indent=2) + "\n")
        return row

    def accuracy(self, network: Network, design: Design) -> float:
        """Accuracy on the test images."""
        count = len(self.test)
        return float(
            evaluate(emulate(network, design), self.test, progress=lambda done: self.watcher.evaluated(done, count))
        )

    def retrained(self, design: Design, refitted: Network) -> Network:
        """The network fine-tuned with the design's multiplier, once over the training images."""
        starts = [self.network, refitted] if self.subject.refitted else [self.network]
        return finetune(
            max(starts, key=lambda one: evaluate(emulate(one, design), self.calibration.first(CALIBRATION))),
            design,
            self.train,
            epochs=1,
            generator=_seeded(),
            recipe=self.subject.recipe,
            progress=self.watcher.trained,
        )


def _seeded() -> Generator:
    return Generator().manual_seed(SEED)


def figures_of(name: str, rows: Sequence[Row]) -> list[Figure]:
    """Accuracy against error and against power, before and after the repairs, of the inexact multipliers."""
    shown = [row for row in rows if row.network == name and row.mae]
    powered = [row for row in shown if row.power_mw is not None]
    return [
        _figure(f"{name}, by error", "mean absolute error, % of 2**16", shown, [row.mae for row in shown]),
        _figure(f"{name}, by power", "power, mW (PDK45)", powered, [row.power_mw or 0.0 for row in powered]),
    ]


def _figure(name: str, x: str, rows: Sequence[Row], at: Sequence[float]) -> Figure:
    states = {
        "approximate": [row.approximate for row in rows],
        "bias refitted": [row.refitted for row in rows],
        "retrained": [row.approximate if row.retrained is None else row.retrained for row in rows],
    }
    lines = tuple((state, tuple(zip(at, values, strict=True))) for state, values in states.items())
    labels = tuple(row.multiplier for row in rows)
    return Figure(name, "one multiplier in every layer", lines, x, "accuracy", labels, logarithmic=True)
