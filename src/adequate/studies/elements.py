"""What a processing element of exported Verilog takes in hardware, by synthesis, for a few designs of a layer.

Nothing published stands beside it: the figures are those of one tool, and compare with one another only.
"""

from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import nn

from adequate.accelerators import Target, Yosys
from adequate.bench import Silence, Watcher
from adequate.design import Design, LayerDesign
from adequate.exporters.verilog import Hardware, hardware_of
from adequate.exporters.verilog.synthesis import synthesize_element
from adequate.formats import E4M3, Binary, Fixed, Minifloat, PowerOfTwo
from adequate.lowering import lower
from adequate.network import trace
from adequate.operators import Accumulator, Drum, MinifloatProduct, Order, Shift, SignMagnitude, XnorProduct
from adequate.studies.page import Figure

TERMS = 64
"""Products of a sum, all of them as large as the formats allow (our choice)."""

LEAST = -1.0
"""Every weight: the lowest number of the fixed-point formats, which all have one sign bit before the point."""

_BYTE, _HALF, _REGISTER = Fixed(8, 7), Minifloat(5, 10), Fixed(18, 14)
_ROUNDED = MinifloatProduct(E4M3, E4M3, _HALF)

DESIGNS: dict[str, LayerDesign] = {
    "4 x 4 bits": LayerDesign(Fixed(4, 3), Fixed(4, 3)),
    "8 x 8 bits": LayerDesign(_BYTE, _BYTE),
    "16 x 16 bits": LayerDesign(Fixed(16, 15), Fixed(16, 15)),
    "8 x 8 bits, 18-bit register": LayerDesign(_BYTE, _BYTE, accumulator=Accumulator(_REGISTER)),
    "8 x 8 bits, 18-bit register, tree": LayerDesign(_BYTE, _BYTE, accumulator=Accumulator(_REGISTER, Order.TREE)),
    "8 x 8 bits by DRUM-4, 18-bit register": LayerDesign(
        _BYTE, _BYTE, multiplier=SignMagnitude(Drum(8, 8, 4)), accumulator=Accumulator(_REGISTER)
    ),
    "8 bits shifted": LayerDesign(_BYTE, PowerOfTwo(4), multiplier=Shift(8, 4)),
    "signs": LayerDesign(Binary(), Binary(), multiplier=XnorProduct()),
    "e4m3, float(5,10) register": LayerDesign(E4M3, E4M3, multiplier=_ROUNDED, accumulator=Accumulator(_HALF)),
}
"""A linear layer's designs, by their names."""

TABLES = ("elements",)

QUICK = ("4 x 4 bits", "signs")
"""Those of the quick study."""


@dataclass(frozen=True)
class Row:
    """One design's processing element; ``word``, ``weight`` and ``sum`` are its widths in bits."""

    head: ClassVar[tuple[str, ...]] = (
        "processing element",
        "word, bits",
        "weight, bits",
        "sum, bits",
        "LUTs",
        "CARRY4",
        "flip-flops",
        "with DSPs: LUTs",
        "DSPs",
        "gates",
        "transistors, flip-flops included",
        "tool",
    )
    design: str
    word: int
    weight: int
    sum: int
    luts: int | None
    carries: int | None
    flip_flops: int | None
    luts_beside_dsps: int | None
    dsps: int | None
    gates: int | None
    transistors: int | None
    tool: str

    @property
    def cells(self) -> tuple[str, ...]:
        """The tool without its build."""
        *figures, tool = astuple(self)
        return (*map(str, figures), tool.partition(" (")[0])

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
    """A row for every design, ``quick``: for two; there are no plots.

    A row takes up to a minute, and is in the user's cache from then on; ``folder`` and ``data_dir`` are not needed.

    Raises:
        FileNotFoundError: as ``synthesize_element``.
    """
    del folder, tables, data_dir
    yosys = Yosys.installed()
    rows: list[Row] = []
    for name in QUICK if quick else DESIGNS:
        watcher.stage(f"{name}, by {yosys.version}")
        rows.append(row(name, hardware(DESIGNS[name]), yosys))
    return rows, []


def hardware(chosen: LayerDesign) -> Hardware:
    """The least hardware of a linear layer of ``TERMS`` inputs without a bias; its array is 1 x 1."""
    linear = nn.Linear(TERMS, 1, bias=False)
    with torch.no_grad():
        linear.weight.fill_(LEAST)
    network = trace(nn.Sequential(linear).eval(), torch.zeros(1, TERMS))
    program = lower(network, Design({"0": replace(chosen, output=chosen.input)}))
    return hardware_of(program, 1, 1)


def row(name: str, hardware: Hardware, yosys: Yosys) -> Row:
    """The processing element on every target."""
    fpga, dsp, gates, cmos = (
        synthesize_element(hardware, target=target, yosys=yosys)
        for target in (Target.FPGA, Target.FPGA_DSP, Target.GATES, Target.CMOS)
    )
    return Row(
        name,
        hardware.word,
        hardware.weight,
        hardware.sum,
        fpga.luts,
        fpga.carries,
        fpga.flip_flops,
        dsp.luts,
        dsp.dsps,
        gates.gates,
        cmos.transistors,
        yosys.version,
    )
