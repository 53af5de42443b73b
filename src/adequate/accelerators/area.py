"""How large a circuit is once it is synthesized."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

INVERTER = "$_NOT_"
LUTS = ("INV", "LUT1", "LUT2", "LUT3", "LUT4", "LUT5", "LUT6")
"""Cells that occupy a look-up table of an FPGA; an inverter that is left over takes one too."""

FLIP_FLOPS = ("$_DFF_P_", "FDCE", "FDPE", "FDRE", "FDSE")
"""One bit each: of gates and CMOS the plain one, of Xilinx's 7 series those with enable, set or reset."""


class Target(Enum):
    """What a circuit is made of."""

    GATES = "gates"
    """Two-input gates and inverters."""
    CMOS = "cmos"
    """Static CMOS gates of two to four inputs, as they are in libraries of standard cells; transistors are counted."""
    FPGA = "fpga"
    """6-input look-up tables and carry chains of Xilinx's 7 series, products in them as well."""
    FPGA_DSP = "fpga-dsp"
    """The same, products in DSP blocks where Yosys puts them there."""
    LIBRARY = "library"
    """The cells of a Liberty file."""


@dataclass(frozen=True)
class Area:
    """The cells of a synthesized circuit, counted, and which tool has chosen them.

    Figures of two tools, or of two versions of one, differ by up to a quarter: they do not compare.
    """

    target: Target
    tool: str
    """Name and version."""
    cells: tuple[tuple[str, int], ...]
    """Each kind, by Yosys' name or the library's, and how many there are."""
    transistors: int | None = None
    """Yosys' estimate, 16 for a flip-flop; of CMOS only."""
    area: float | None = None
    """In the unit of the Liberty file, by custom um2; of a library only."""
    leakage_nw: float | None = None
    """The cells' static power, where the Liberty file has it for each."""

    @property
    def gates(self) -> int | None:
        """Two-input gates; inverters are free, as in ``adequate.circuits.gates``. None of another target."""
        return self._total([cell for cell, _ in self.cells if cell not in (INVERTER, *FLIP_FLOPS)], Target.GATES)

    @property
    def flip_flops(self) -> int | None:
        """Flip-flops; None of a library, whose cells we do not know."""
        return self._total(FLIP_FLOPS, Target.GATES, Target.CMOS, Target.FPGA, Target.FPGA_DSP)

    @property
    def luts(self) -> int | None:
        """Look-up tables of 1 to 6 inputs; None of a target that has none."""
        return self._total(LUTS, Target.FPGA, Target.FPGA_DSP)

    @property
    def carries(self) -> int | None:
        """Carry chains of four bits; None of a target that has none."""
        return self._total(["CARRY4"], Target.FPGA, Target.FPGA_DSP)

    @property
    def dsps(self) -> int | None:
        """DSP blocks; None of a target that has none."""
        return self._total(["DSP48E1"], Target.FPGA_DSP)

    def _total(self, cells: Sequence[str], *targets: Target) -> int | None:
        return sum(count for cell, count in self.cells if cell in cells) if self.target in targets else None
