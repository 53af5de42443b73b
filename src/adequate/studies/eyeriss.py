"""Eyeriss: what was measured on the chip beside what the model of row stationary says."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from adequate.accelerators import Cost, LayerOperands, Work, total
from adequate.accelerators.row_stationary import RowStationary
from adequate.accelerators.technology import EYERISS_NORMALISED
from adequate.bench import Silence, Watcher
from adequate.studies import eyeriss_tables as tables_of
from adequate.studies.comparison import Comparison
from adequate.studies.geometry import works
from adequate.studies.page import Figure

TABLES = ("alexnet", "vgg16", "energy")

MACHINE = "row_stationary"
IDEAL = "without ramps and stalls"
BY_RULE = "mapping by our rule"
CONV3 = "the printed mapping gives this; that of conv4 gives 50.18"
COMPRESSED = "inputs as random numbers with the printed share of zeros, outputs not compressed"


def run(
    folder: Path,
    *,
    tables: Sequence[str] = TABLES,
    quick: bool = False,
    data_dir: Path | None = None,
    watcher: Watcher = Silence(),  # noqa: B008  (stateless)
) -> tuple[list[Comparison], list[Figure]]:
    """The rows of the tables; seconds, with ``quick`` or without. ``folder`` and ``data_dir`` are not needed."""
    del folder, quick, data_dir
    made = {"alexnet": alexnet_rows, "vgg16": vgg16_rows, "energy": energy_rows}
    rows: list[Comparison] = []
    for table in tables:
        watcher.stage(f"Eyeriss, {table}")
        rows += made[table]()
    return rows, []


def alexnet(images: int = tables_of.ALEXNET_IMAGES) -> dict[str, Work]:
    """AlexNet's convolutions by name, 16 bits."""
    return {work.name: work for work in works("caffenet", images=images) if work.name in tables_of.ALEXNET}


def alexnet_rows() -> list[Comparison]:
    """Active elements, processing times and traffic of AlexNet, four images."""
    machine = RowStationary()
    rows: list[Comparison] = []
    moved = 0.0
    costs: list[Cost] = []
    for name, work in alexnet().items():
        printed, cost = tables_of.ALEXNET[name], machine.simulate(work)
        dram = machine.simulate(with_zeros(work, printed.zeros)).dram_bytes / 1e6
        moved += dram
        costs.append(cost)
        rows += [
            _row("alexnet", name, "active elements", printed.active, machine.active(work)),
            _row("alexnet", name, "processing, ms", printed.processing_ms, processing_ms(machine, cost), IDEAL),
            _row(
                "alexnet", name, "buffer, MB", printed.buffer_mb, cost.traffic_bytes["buffer"] / 1e6,
                CONV3 if name == "conv3" else "",
            ),
            _row("alexnet", name, "DRAM, MB", printed.dram_mb, dram, COMPRESSED),
        ]  # fmt: skip
    whole, printed = total(costs), tables_of.ALEXNET_TOTAL
    return [
        *rows,
        _row("alexnet", "all", "processing, ms", printed.processing_ms, processing_ms(machine, whole), IDEAL),
        _row("alexnet", "all", "buffer, MB", printed.buffer_mb, whole.traffic_bytes["buffer"] / 1e6),
        _row("alexnet", "all", "DRAM, MB", printed.dram_mb, moved, COMPRESSED),
    ]


def vgg16_rows() -> list[Comparison]:
    """Processing times and traffic of VGG-16's convolutions, three images; no mapping of them was read in print."""
    machine = RowStationary()
    costs = {
        work.name: machine.simulate(work)
        for work in works("vgg16", images=tables_of.VGG16_IMAGES)
        if work.name in tables_of.VGG16_MS
    }
    whole = total(costs.values())
    rows = [
        _row("vgg16", name, "processing, ms", tables_of.VGG16_MS[name], processing_ms(machine, cost), BY_RULE)
        for name, cost in costs.items()
    ]
    buffer, dram = whole.traffic_bytes["buffer"] / 1e6, whole.dram_bytes / 1e6
    return [
        *rows,
        _row("vgg16", "all", "processing, ms", tables_of.VGG16_PROCESSING_MS, processing_ms(machine, whole), BY_RULE),
        _row("vgg16", "all", "buffer, MB", tables_of.VGG16_BUFFER_MB, buffer, BY_RULE),
        _row("vgg16", "all", "DRAM, MB", tables_of.VGG16_DRAM_MB, dram, f"{BY_RULE}, nothing compressed"),
    ]


def energy_rows() -> list[Comparison]:
    """Normalised energy of AlexNet, sixteen images on 16 x 16 elements, mapped by our rule."""
    chip = RowStationary()
    elements = replace(chip.elements, rows=16, columns=16)
    machine = RowStationary(elements, mappings=(), technology=EYERISS_NORMALISED)
    rows: list[Comparison] = []
    for work in works("caffenet", images=tables_of.NORMALISED_IMAGES):
        parts = machine.simulate(work).energy_parts_pj
        printed = tables_of.NORMALISED[work.name]
        for part, name, value in zip(("compute", "dram", "registers"), ("ALU", "DRAM", "RF"), printed, strict=True):
            note = f"{BY_RULE}, buffer as on the chip" if part == "dram" else ""
            rows.append(_row("energy", work.name, f"{name}, 1e9 MACs", value, parts[part] / 1e9, note))
    return rows


def processing_ms(machine: RowStationary, cost: Cost) -> float:
    """Time on the array alone, without waiting for the DRAM."""
    elements = machine.elements.rows * machine.elements.columns
    return cost.capacity / elements / machine.frequency_mhz / 1e3


def with_zeros(work: Work, share: float) -> Work:
    """The layer with seeded random operands of which this share of the inputs is zero."""
    loops, generator = work.loops, torch.Generator().manual_seed(0)
    shape = (work.runs, loops.groups * loops.channels, *loops.size)
    activation = 1 + torch.randint(0, 1 << 14, shape, generator=generator, dtype=torch.int32)
    activation[torch.rand(shape, generator=generator) < share] = 0
    weight = torch.ones(1, loops.groups * loops.filters, loops.channels, *loops.kernel, dtype=torch.int32)
    return replace(work, operands=LayerOperands(activation, weight, work.images))


def _row(table: str, work: str, figure: str, published: float, ours: float, note: str = "") -> Comparison:
    return Comparison(table, MACHINE, work, figure, published, ours, note)
