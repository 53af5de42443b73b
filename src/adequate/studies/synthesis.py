"""What multipliers and their multiply-accumulate units take in hardware, by synthesis, beside their errors.

Nothing published stands beside it: the figures are those of one tool, and compare with one another only.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import log2
from pathlib import Path
from typing import Any, ClassVar

from adequate.accelerators import Area, Target, Yosys, estimated_energy_pj, synthesize
from adequate.bench import Silence, Watcher
from adequate.circuits import Circuit, Word
from adequate.formats import E4M3, E5M2, Fixed
from adequate.operators import (
    Accumulator,
    Exact,
    MinifloatProduct,
    Multiplier,
    Perforated,
    Shift,
    TruncatedArray,
    XnorProduct,
    catalog,
    errors,
)
from adequate.operators.mac import mac
from adequate.studies.page import Figure
from adequate.studies.study import percent

HEADROOM = 8
"""Bits of a register beyond those of a product: 256 products of any size (our choice)."""

MULTIPLIERS: dict[str, tuple[Multiplier, ...]] = {
    "catalogue": catalog(8),
    "others": (
        Exact(4, 4),
        Exact(8, 8, signed_a=True, signed_b=True),
        Shift(8, 4),
        XnorProduct(),
        MinifloatProduct(E4M3, E4M3, E4M3),
        MinifloatProduct(E5M2, E5M2, E5M2),
    ),
}
"""Multipliers by table."""

TABLES = tuple(MULTIPLIERS)

QUICK: tuple[Multiplier, ...] = (Exact(4, 4), TruncatedArray(4, 4, 2), Perforated(4, 4, 0, 1), XnorProduct())
"""Those of the quick study."""


@dataclass(frozen=True)
class Row:
    """One multiplier and its MAC. Errors are fractions, over all pairs of operands; ``energy_pj`` is an estimate."""

    head: ClassVar[tuple[str, ...]] = (
        "multiplier",
        "EP, %",
        "NMED, %",
        "MRED, %",
        "WCRE, %",
        "LUTs",
        "CARRY4",
        "gates",
        "transistors",
        "energy, pJ, estimated",
        "register, bits",
        "MAC: LUTs",
        "MAC: CARRY4",
        "MAC: gates",
        "MAC: transistors",
        "tool",
    )
    multiplier: str
    ep: float
    nmed: float
    mred: float
    wcre: float
    luts: int | None
    carries: int | None
    gates: int | None
    transistors: int | None
    energy_pj: float
    register_bits: int
    mac_luts: int | None
    mac_carries: int | None
    mac_gates: int | None
    mac_transistors: int | None
    tool: str

    @property
    def cells(self) -> tuple[str, ...]:
        """Errors in percent, the tool without its build."""
        counts = (self.luts, self.carries, self.gates, self.transistors)
        of_mac = (self.mac_luts, self.mac_carries, self.mac_gates, self.mac_transistors)
        return (
            self.multiplier,
            *map(percent, (self.ep, self.nmed, self.mred, self.wcre)),
            *map(str, counts),
            f"{self.energy_pj:.3f}",
            str(self.register_bits),
            *map(str, of_mac),
            self.tool.partition(" (")[0],
        )

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
    """A row for every multiplier of the tables, ``quick``: for a few small ones; there are no plots.

    A row takes up to a minute, and is in the user's cache from then on; ``folder`` and ``data_dir`` are not needed.

    Raises:
        FileNotFoundError: as ``synthesize``.
    """
    del folder, data_dir
    chosen = QUICK if quick else tuple(one for table in tables for one in MULTIPLIERS[table])
    yosys = Yosys.installed()
    rows: list[Row] = []
    for one in chosen:
        watcher.stage(f"{len(rows) + 1} of {len(chosen)}: {one}, by {yosys.version}")
        rows.append(row(one, yosys))
    return rows, []


def row(multiplier: Multiplier, yosys: Yosys) -> Row:
    """The multiplier and its MAC on every target."""
    wrong, register = errors(multiplier), register_for(multiplier)
    fpga, gates, cmos = _areas(multiplier.circuit(), yosys)
    mac_fpga, mac_gates, mac_cmos = _areas(mac(multiplier, Accumulator(register)), yosys)
    exact = synthesize(Exact(8, 8).circuit(), yosys=yosys)
    return Row(
        str(multiplier),
        wrong.ep,
        wrong.nmed,
        wrong.mred,
        wrong.wcre,
        fpga.luts,
        fpga.carries,
        gates.gates,
        cmos.transistors,
        estimated_energy_pj(cmos, exact),
        register.bits,
        mac_fpga.luts,
        mac_fpga.carries,
        mac_gates.gates,
        mac_cmos.transistors,
        yosys.version,
    )


def register_for(multiplier: Multiplier) -> Fixed:
    """A saturating register that holds every product, ``HEADROOM`` bits longer, signed where products are.

    >>> print(register_for(Exact(8, 8)), register_for(MinifloatProduct(E4M3, E4M3, E4M3)))
    fixed(24,0,unsigned) fixed(27,9)
    """
    product = multiplier.product
    if product is None:
        result = multiplier(*(Word(0, one.width, one.signed) for one in (multiplier.a, multiplier.b)))
        return Fixed(result.width + HEADROOM, 0, signed=result.signed)
    grid = product.grid or 0
    return Fixed(1 + int(log2(product.maximum)) + 1 - grid + HEADROOM, -grid)


def _areas(circuit: Circuit, yosys: Yosys) -> tuple[Area, Area, Area]:
    fpga, gates, cmos = (
        synthesize(circuit, target=target, yosys=yosys) for target in (Target.FPGA, Target.GATES, Target.CMOS)
    )
    return fpga, gates, cmos
