"""A systolic array: operands and sums pass from neighbour to neighbour, one operand or the sums stand still."""

from dataclasses import dataclass
from enum import Enum
from math import ceil
from typing import ClassVar

from adequate.accelerators.accelerator import Accelerator
from adequate.accelerators.cost import Cost
from adequate.accelerators.loop_nest import LoopNest
from adequate.accelerators.memory import Memory
from adequate.accelerators.reuse import Words
from adequate.accelerators.technology import HOROWITZ_45, Constant, Technology
from adequate.accelerators.work import Work


class Dataflow(Enum):
    """What stands still in the array."""

    WEIGHT = "weight"
    OUTPUT = "output"
    INPUT = "input"


BUFFERS = Memory(activation_bytes=256 << 10, weight_bytes=256 << 10, bits_per_cycle=160)
"""Our choice (assumed); ten words of 16 bits a cycle are the golden traces' bandwidth."""


@dataclass(frozen=True)
class Systolic(Accelerator):
    """An array of R ``rows`` by C ``columns`` for the product of M x K activations and K x N weights.

    M are windows, N filters, K taps times channels; the groups of a layer and its runs come one after another. Cycles
    of one product, all quotients rounded up:

    * output stationary: M/R * N/C * (R + C + K - 2) - 1
    * weight stationary: K/R * N/C * (2R + C + M - 2) - 1
    * input stationary: K/R * M/C * (2R + C + N - 2) - 1

    Derived from SCALE-Sim's golden traces (32 x 32; 256, 128, 256), one point each. An operation is a MAC. What stands
    still crosses once in each fold, what passes once in each; sums that are not finished go back to a buffer and come
    again. The memories are our choice (assumed). Refused: formats without integers or of more than ``bits``.
    """

    reads_values: ClassVar[bool] = False
    has_multipliers: ClassVar[bool] = True
    rows: int = 32
    columns: int = 32
    dataflow: Dataflow = Dataflow.OUTPUT
    bits: int = 16
    sum_bits: int = 32
    frequency_mhz: float = 200
    memory: Memory = BUFFERS
    technology: Technology = HOROWITZ_45

    def simulate(self, work: Work) -> Cost:
        work.require_integers(self.name(), widest=self.bits)
        cycles = work.runs * self.cycles(work.loops)
        words = self.words(work)
        crossing = (words.inputs + words.weights) * self.bits + words.sums * self.sum_bits
        passing = 2 * self.bits if self.dataflow is Dataflow.OUTPUT else self.bits + self.sum_bits
        compute = Cost(
            macs=work.macs,
            operations=work.macs,
            capacity=cycles * self.rows * self.columns,
            cycles=cycles,
            traffic_bytes={"array": work.macs * passing / 8, "buffer": crossing / 8},
            energy_parts_pj={
                "compute": work.macs * self.technology.mac_pj(self.bits, self.bits),
                "array": work.macs * passing * self.technology.link.value,
                "buffer": self.technology.sram_pj(self.memory.activation_bytes, crossing),
            },
        )
        return self.memory.around(work, compute, self)

    def cycles(self, loops: LoopNest) -> int:
        """Cycles of one run, without waiting for the DRAM."""
        rows, columns, passing = self._folded(loops)
        fill = self.rows if self.dataflow is Dataflow.OUTPUT else 2 * self.rows
        folds = ceil(rows / self.rows) * ceil(columns / self.columns)
        return loops.groups * max(1, folds * (fill + self.columns + passing - 2) - 1)

    def words(self, work: Work) -> Words:
        """Words between the buffers and the array in all runs."""
        loops = work.loops
        rows, columns, _ = self._folded(loops)
        down, across = ceil(rows / self.rows), ceil(columns / self.columns)
        patches = work.runs * loops.groups * loops.windows * loops.taps * loops.channels
        weights, outputs = work.runs * loops.weights, work.runs * loops.outputs
        match self.dataflow:
            case Dataflow.OUTPUT:
                return Words(across * patches, down * weights, outputs)
            case Dataflow.WEIGHT:
                return Words(across * patches, weights, (2 * down - 1) * outputs)
            case Dataflow.INPUT:
                return Words(patches, across * weights, (2 * down - 1) * outputs)

    def _folded(self, loops: LoopNest) -> tuple[int, int, int]:
        """What lies along the rows, along the columns, and what passes."""
        windows, filters, summed = loops.windows, loops.filters, loops.taps * loops.channels
        match self.dataflow:
            case Dataflow.OUTPUT:
                return windows, filters, summed
            case Dataflow.WEIGHT:
                return summed, filters, windows
            case Dataflow.INPUT:
                return summed, windows, filters

    def constants(self) -> dict[str, Constant]:
        frequency = Constant(self.frequency_mhz, "MHz", "assumed", verified=False)
        return {"frequency": frequency, **self.technology.constants()}
