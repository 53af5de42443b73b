"""Dataflows: how often an operand is used once it left the buffer; machines for the edge under their roof.

Beside them what is known exactly: SCALE-Sim's cycles, and the example of the FEIE slides.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import torch

from adequate.accelerators import (
    Accelerator,
    Bitfusion,
    Cost,
    LayerOperands,
    Roofline,
    RowStationary,
    Systolic,
    Work,
    Zascad,
    Zascas,
    total,
)
from adequate.accelerators.loop_nest import LoopNest
from adequate.accelerators.memory import Memory
from adequate.accelerators.reuse import Words
from adequate.accelerators.roofline import UNBOUNDED
from adequate.accelerators.systolic import Dataflow
from adequate.bench import Silence, Watcher
from adequate.studies.geometry import works
from adequate.studies.page import Figure

TABLES = ("cycles", "reuse", "roofline")

NETWORKS = ("caffenet", "vgg16", "resnet50", "googlenet")
QUICK = NETWORKS[:1]
"""What the quick study looks at; the whole takes a minute."""

SCALE_SIM = {Dataflow.OUTPUT: 10175, Dataflow.WEIGHT: 11199, Dataflow.INPUT: 14207}
"""SCALE-Sim 3.0.0, test/general/golden_trace_user_*, less stalls: 32 x 32 array; M, N, K = 256, 128, 256."""

EDGE = (Systolic(), RowStationary(), Bitfusion(), Zascad())
EDGE_BITS = 8
"""Word length of the roofline's networks, which all of them hold (ours)."""


@dataclass(frozen=True)
class Row:
    """One machine on one piece of work; what a table does not look at is None."""

    head: ClassVar[tuple[str, ...]] = (
        "table",
        "machine",
        "work",
        "MACs a word of input",
        "MACs a word of weight",
        "MACs a word of sums",
        "cycles, published",
        "cycles",
        "cycles of its roofline",
        "used, %",
        "operations a byte",
    )
    table: str
    machine: str
    work: str
    published: float | None = None
    ours: float | None = None
    input_reuse: float | None = None
    weight_reuse: float | None = None
    sum_reuse: float | None = None
    roof: float | None = None
    used: float | None = None
    intensity: float | None = None

    @property
    def difference(self) -> float | None:
        """Our cycles less the published."""
        return None if self.published is None or self.ours is None else self.ours - self.published

    @property
    def cells(self) -> tuple[str, ...]:
        """Counts whole, ratios in three digits."""
        reuse = (self.input_reuse, self.weight_reuse, self.sum_reuse)
        cycles = (self.published, self.ours, self.roof)
        return (
            self.table,
            self.machine,
            self.work,
            *("" if one is None else f"{one:.3g}" for one in reuse),
            *("" if one is None else f"{one:.0f}" for one in cycles),
            "" if self.used is None else f"{100 * self.used:.1f}",
            "" if self.intensity is None else f"{self.intensity:.3g}",
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data; ``published`` and ``ours`` are cycles."""
        return {**asdict(self), "difference": self.difference}


def run(
    folder: Path,
    *,
    tables: Sequence[str] = TABLES,
    quick: bool = False,
    data_dir: Path | None = None,
    watcher: Watcher = Silence(),  # noqa: B008  (stateless)
) -> tuple[list[Row], list[Figure]]:
    """The rows of the tables; ``quick``: of AlexNet alone. ``folder`` and ``data_dir`` are not needed."""
    del folder, data_dir
    networks = QUICK if quick else NETWORKS
    rows = known_cycles() if "cycles" in tables else []
    figures: list[Figure] = []
    for name in networks if "reuse" in tables else ():
        watcher.stage(f"dataflows of {name}")
        rows += reuse(name)
    if "roofline" in tables:
        under: list[Row] = []
        for name in networks:
            watcher.stage(f"roofline of {name}")
            under += [under_roof(machine, name) for machine in EDGE]
        rows += under
        figures.append(roofline(under, networks))
    return rows, figures


def known_cycles() -> list[Row]:
    """What is known to the cycle."""
    golden = LoopNest(1, 256, 128, (1, 256))
    rows = [
        Row("cycles", f"systolic, {dataflow.value} stationary", "256 x 256 x 128", published, machine.cycles(golden))
        for dataflow, published in SCALE_SIM.items()
        for machine in (Systolic(dataflow=dataflow),)
    ]
    for machine, published in ((Zascad(pes=3), 16), (Zascas(pes=3), 10)):
        cycles = machine.simulate(feie_example()).capacity / machine.pes
        rows.append(Row("cycles", f"{machine.name()}, 3 elements", "slides: 2 rows of 8", published, cycles))
    return rows


def feie_example() -> Work:
    """The slides' example: inputs X1 to X16 in two rows, X6 to X11 zero, a filter's row of three weights."""
    stream = torch.arange(1, 17, dtype=torch.int32)
    stream[5:11] = 0
    operands = LayerOperands(stream.reshape(1, 1, 2, 8), torch.ones(1, 1, 1, 1, 3, dtype=torch.int32), 1)
    return Work("example", LoopNest(1, 1, 1, (2, 8), (1, 3)), 8, 8, 8, 8, 8, operands=operands)


def reuse(network: str) -> list[Row]:
    """MACs of one image for each word from or to the buffers, on 12 x 14 elements, 16 bits."""
    layers = works(network)
    macs = sum(work.macs for work in layers)
    rows = RowStationary(mappings=())
    arrays = {
        f"{dataflow.value} stationary": Systolic(rows.elements.rows, rows.elements.columns, dataflow)
        for dataflow in Dataflow
    }
    found: list[Row] = []
    for name, machine in (*arrays.items(), ("row stationary", rows)):
        crossing = Words(*(sum(column) for column in zip(*(machine.words(work) for work in layers), strict=True)))
        used = total(machine.simulate(work) for work in layers).utilisation
        each = (macs / words for words in crossing)
        found.append(Row("reuse", name, network, None, None, *each, used=used))
    return found


def under_roof(machine: Accelerator, network: str) -> Row:
    """A machine on a network beside its own roofline: its peak, its link, every operand moved once."""
    layers = works(network, bits=EDGE_BITS)
    roof = roof_of(machine, layers[0])
    cost, bound = (total(one.simulate(work) for work in layers) for one in (machine, roof))
    return Row(
        "roofline",
        machine.name(),
        network,
        ours=cost.cycles,
        roof=bound.cycles,
        used=cost.macs / roof.macs_per_cycle / cost.cycles,
        intensity=cost.operational_intensity,
    )


def roof_of(machine: Any, work: Work) -> Roofline:
    """The roofline of a machine: its link, and its peak on the layer's word lengths."""
    memory: Memory = machine.memory
    unhindered: Cost = replace(machine, memory=replace(memory, bits_per_cycle=1e30)).simulate(work)
    peak = round(unhindered.capacity / unhindered.cycles)
    return Roofline(peak, machine.frequency_mhz, replace(UNBOUNDED, bits_per_cycle=memory.bits_per_cycle))


def roofline(rows: Sequence[Row], networks: Sequence[str]) -> Figure:
    """The share of its peak that every machine reaches, against operations a byte."""
    lines: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        assert row.intensity is not None
        assert row.used is not None
        lines.setdefault(row.machine, []).append((row.intensity, row.used))
    points = tuple((name, tuple(line)) for name, line in lines.items())
    return Figure(
        "roofline",
        "machines for the edge under their roof, one image",
        points,
        "operations a byte of off-chip traffic",
        "share of the peak",
        labels=tuple(networks),
        logarithmic=True,
    )
