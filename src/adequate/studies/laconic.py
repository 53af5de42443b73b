"""Laconic's question: how much work is left in real networks where only terms meet terms, and which machine uses it.

Sharify et al., "Laconic Deep Learning Inference Acceleration", ISCA 2019 (arXiv 1805.04513). Its tables could not be
read: of the paper there are the abstracts' claims, a potential of 40 times and more over networks of 8 and 16 bits and
more than 500 times at best (a sparse AlexNet). The networks here are those of which trained weights are at hand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Generator

from adequate.accelerators import (
    SCNN,
    Accelerator,
    Bitfusion,
    Cost,
    Dadiannao,
    Laconic,
    Operands,
    Pragmatic,
    RowStationary,
    layer_costs,
    total,
    work_of,
)
from adequate.accelerators.work_reduction import KINDS_TOLD, BitWork, bit_work
from adequate.bench import Silence, Watcher
from adequate.data.load import load
from adequate.design import Design
from adequate.exploration.rules import dynamic_fixed
from adequate.network import Network, fold_batchnorm, trace
from adequate.network.reading import read
from adequate.profiling import profile
from adequate.sampled_operands import operands
from adequate.studies.comparison import Comparison
from adequate.studies.page import Figure
from adequate.studies.ristretto import weights_root
from adequate.zoo import entry

TABLES = ("work", "machines")

CALIBRATION = 64
"""Images the ranges are measured on; the first of them is the one that is run."""

SEED = 0
BITS = (16, 8)

POTENTIAL, AT_BEST = 40.0, 500.0
"""Times less work: the abstract of ISCA 2019, over its networks; that of arXiv 1805.04513, on a sparse AlexNet."""

MACHINES: tuple[type[Accelerator], ...] = (Dadiannao, RowStationary, SCNN, Pragmatic, Bitfusion, Laconic)


@dataclass(frozen=True)
class Subject:
    """A network of the zoo with the file of its weights below the data folder; or one in a file, by its ``reads``."""

    name: str
    file: str
    sparse: bool = False
    reads: str = ""


SUBJECTS = (
    Subject("lenet", "models/caffe_small/lenet_iter_10000.caffemodel"),
    Subject("cifar10-full", "models/caffe_small/cifar10_full_iter_70000.caffemodel"),
    Subject("resnet20", "models/cifar10_resnet_pytorch/resnet20-12fca82f.th"),
    Subject("squeezenet", "models/squeezenet_deep_compression/compressed_SqueezeNet.net", sparse=True),
    Subject("TFC_1W1A", "models/mnist_onnx/TFC_1W1A.onnx", reads="mnist"),
    Subject("TFC_2W2A", "models/mnist_onnx/TFC_2W2A.onnx", reads="mnist"),
)
PIXEL = 255
"""What the networks in files divide pixels by (QONNX model zoo)."""

QUICK = ("lenet", "TFC_1W1A")
"""The networks of the quick study."""

PRUNED = "weights pruned and shared (Deep Compression)"
OTHERS = "the paper's networks are others; its own figures could not be read"
AGAINST = ("times faster than DaDianNao", "times less energy than DaDianNao")
"""What is told of a machine; every one in its published size, so that speeds differ by their sizes too."""


def run(
    folder: Path,
    *,
    tables: Sequence[str] = TABLES,
    quick: bool = False,
    data_dir: Path | None = None,
    watcher: Watcher = Silence(),  # noqa: B008  (stateless)
) -> tuple[list[Comparison], list[Figure]]:
    """The rows of the tables, of one image; ``quick`` takes two networks. ``folder`` is not needed.

    Raises:
        FileNotFoundError: no trained weights or data sets below ``data_dir``.
    """
    del folder
    rows: list[Comparison] = []
    for subject in SUBJECTS:
        if quick and subject.name not in QUICK:
            continue
        watcher.stage(f"Laconic, {subject.name}")
        for bits, network, design, sample in _cases(subject, data_dir):
            if "work" in tables:
                rows += work_rows(subject, bits, network, design, sample)
            if "machines" in tables:
                rows += machine_rows(subject, bits, network, design, sample)
    return sorted(rows, key=lambda row: TABLES.index(row.table)), []


def work_rows(subject: Subject, bits: int, network: Network, design: Design, sample: Operands) -> list[Comparison]:
    """How many times less work is left, by what is skipped: totals over the network, then divided."""
    done = sum(
        (
            bit_work(work_of(layer, design[layer.name], sample[layer.name]), bits)
            for layer in network.multiplying
            if layer.name in sample
        ),
        BitWork(),
    )
    published: Mapping[str, float] = {"at_wt": AT_BEST if subject.sparse else POTENTIAL} if bits >= min(BITS) else {}
    note = {"at_wt": "; ".join([PRUNED] * subject.sparse + [OTHERS])}
    return [
        Comparison(
            "work",
            f"{bits} bits",
            subject.name,
            f"times less, {KINDS_TOLD[kind]}",
            published.get(kind),
            value,
            note.get(kind, "") if kind in published else "",
        )
        for kind, value in done.reductions.items()
    ]


def machine_rows(subject: Subject, bits: int, network: Network, design: Design, sample: Operands) -> list[Comparison]:
    """Time and energy of one image on every machine that holds the formats, and against DaDianNao."""
    found: dict[str, Cost] = {}
    for kind in MACHINES:
        machine = kind()
        found[machine.name()] = total(layer_costs(network, design, machine, sample).values())
    base = found[Dadiannao.name()]
    rows: list[Comparison] = []
    for name, cost in found.items():
        work = f"{subject.name}, {bits} bits"
        amounts = f"{1e3 * cost.seconds:.4g} ms", f"{1e-6 * cost.energy_pj:.4g} uJ"
        ratios = base.seconds / cost.seconds, base.energy_pj / cost.energy_pj
        for figure, ratio, amount in zip(AGAINST, ratios, amounts, strict=True):
            rows.append(Comparison("machines", name, work, figure, None, ratio, amount))
    return rows


def _cases(subject: Subject, data_dir: Path | None) -> list[tuple[int, Network, Design, Operands]]:
    """The network with a design of every width, and the operands of one image."""
    root = weights_root(data_dir)
    generator = Generator().manual_seed(SEED)
    if subject.reads:
        network, design = read(root / subject.file)
        images, _ = next(iter(load(subject.reads, data_dir).calibration(generator).first(1)))
        return [(_widest(design), network, design, operands(network, design, images / PIXEL))]
    known = entry(subject.name)
    model = known.build()
    known.load(model, root / subject.file)
    data = known.prepare(load(known.dataset, data_dir))
    network = fold_batchnorm(trace(model.eval(), torch.zeros(known.example_shape)))
    few = data.calibration(generator).first(CALIBRATION)
    ranges = profile(network, few)
    image, _ = next(iter(few.first(1)))
    designs = {bits: dynamic_fixed(ranges, bits) for bits in BITS}
    return [(bits, network, design, operands(network, design, image)) for bits, design in designs.items()]


def _widest(design: Design) -> int:
    return max(one.bits for layer in design.values() for one in (layer.input, layer.weight) if one is not None)
