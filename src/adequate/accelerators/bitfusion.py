"""BitFusion: 8-bit units that fall apart into more products of fewer bits."""

from dataclasses import dataclass
from math import ceil
from typing import ClassVar

from adequate.accelerators.accelerator import AREA, Accelerator
from adequate.accelerators.cost import Cost
from adequate.accelerators.memory import Memory
from adequate.accelerators.technology import HOROWITZ_45, Constant, Technology
from adequate.accelerators.work import Work

_SYNTHESIS = "github hsharma35/bitfusion@04ec1c8, systolic_array_synth.csv: 4 x 4 at 500 MHz, node not stated"
FLEXIBLE = Constant(4.623, "mW", f"{_SYNTHESIS}, 8 to 2 bits")
FLEXIBLE_UM2 = Constant(27752.8, "um2", f"{_SYNTHESIS}, 8 to 2 bits")
FIXED = Constant(1.885, "mW", f"{_SYNTHESIS}, 8 bits")
SYNTHESIZED_UNITS = 16
"""Fusion units of the array that was synthesized, 4 x 4."""
EYERISS_SIZED = Memory(activation_bytes=32 << 10, weight_bytes=64 << 10, bits_per_cycle=192)
"""64 KiB of weights, 32 KiB of activations, a link of 192 bits; the 16 KiB of outputs are not modelled (ibid.)."""


@dataclass(frozen=True)
class Bitfusion(Accelerator):
    """``rows`` by ``columns`` fusion units; a unit does (8 / a) * (8 / w) products of a by w bits in a cycle.

    cycles = windows * filters / ``columns`` * taps * channels / (``rows`` * (8 / a) * (8 / w)), each quotient rounded
    up; a, w are the word lengths at the next of 2, 4 and 8 bits, and one of 9 to 16 bits doubles the cycles. Exact on
    the 12 rows of its own bandwidth sweep that wait for no data; the tiles of the others round the windows up as well,
    which is left out, as are the first fill and the last drain. An operation is a MAC. Wider than 16 bits is refused.

    A unit in use takes an 8-bit MAC's energy times 4.623 / 1.885, what the flexible array takes more than a fixed one
    by synthesis; idle units take none (assumed).

    Source: Sharma et al., "Bit Fusion", ISCA 2018; formula and sweep: github hsharma35/bitfusion@04ec1c8.
    """

    reads_values: ClassVar[bool] = False
    has_multipliers: ClassVar[bool] = False
    rows: int = 8
    columns: int = 16
    frequency_mhz: float = 500
    memory: Memory = EYERISS_SIZED
    technology: Technology = HOROWITZ_45

    def simulate(self, work: Work) -> Cost:
        work.require_integers(self.name(), widest=16)
        loops = work.loops
        widths, products, passes = _fused(work)
        cycles = self.cycles(work)
        units = work.macs * passes / products
        again = work.runs * loops.windows
        patches = loops.groups * loops.taps * loops.channels * ceil(loops.filters / self.columns)
        crossing = again * patches * widths[0], again * loops.weights * widths[1]
        compute = Cost(
            macs=work.macs,
            operations=work.macs,
            capacity=cycles * self.rows * self.columns * products / passes,
            cycles=cycles,
            traffic_bytes={"buffer": sum(crossing) / 8},
            energy_parts_pj={
                "compute": units * self.unit_pj,
                "buffer": self.technology.sram_pj(self.memory.activation_bytes, crossing[0])
                + self.technology.sram_pj(self.memory.weight_bytes / (self.rows * self.columns), crossing[1]),
            },
        )
        return self.memory.around(work, compute, self)

    def cycles(self, work: Work) -> int:
        """Cycles of all runs, without waiting for the DRAM."""
        loops = work.loops
        _, products, passes = _fused(work)
        steps = ceil(loops.filters / self.columns) * ceil(loops.taps * loops.channels / (self.rows * products))
        return work.runs * loops.groups * loops.windows * steps * passes

    @property
    def unit_pj(self) -> float:
        """One cycle of a unit that is in use, in pJ."""
        return self.technology.mac_pj(8, 8) * FLEXIBLE.value / FIXED.value

    def constants(self) -> dict[str, Constant]:
        source = "Sharma et al., ISCA 2018, as set against Eyeriss; github hsharma35/bitfusion@04ec1c8"
        own = {
            "frequency": Constant(self.frequency_mhz, "MHz", source),
            "array, 8 to 2 bits": FLEXIBLE,
            "array, 8 bits": FIXED,
            AREA: Constant(
                self.rows * self.columns / SYNTHESIZED_UNITS * FLEXIBLE_UM2.value * 1e-6,
                "mm2",
                f"the array alone, in proportion to its units: {FLEXIBLE_UM2.source}",
            ),
        }
        return {**own, **self.technology.constants()}


def _fused(work: Work) -> tuple[tuple[int, int], int, int]:
    """The word lengths units are fused to, products of a unit in a cycle, and cycles of a product of more bits."""
    a, w = (
        next(fused for fused in (2, 4, 8, 16) if bits <= fused) for bits in (work.activation_width, work.weight_width)
    )
    return (a, w), 64 // (min(a, 8) * min(w, 8)), ceil(a / 8) * ceil(w / 8)
