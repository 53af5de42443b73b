"""The roofline: the fewest cycles that peak arithmetic and bandwidth allow, whatever the machine."""

from dataclasses import dataclass
from math import ceil
from typing import ClassVar

from adequate.accelerators.accelerator import Accelerator
from adequate.accelerators.cost import Cost
from adequate.accelerators.effectual import effectual_macs
from adequate.accelerators.memory import Memory
from adequate.accelerators.technology import HOROWITZ_45, Constant, Technology
from adequate.accelerators.work import Work

UNBOUNDED = Memory(activation_bytes=1 << 62, weight_bytes=1 << 62, bits_per_cycle=256)
"""Memories that hold everything, behind DaDianNao's link (see there)."""


@dataclass(frozen=True)
class Roofline(Accelerator):
    """``macs_per_cycle`` multiply-accumulates a cycle, every operand and output across the chip's edge once.

    cycles = max(MACs / macs_per_cycle, bits moved / the link's bits a cycle). An operation is a MAC, of any format;
    floats of any width take the energy of float32 (assumed). A bound on machines that skip nothing;
    ``effectual_cycles`` bounds the others. The defaults are DaDianNao's grid and link.

    Source: Williams, Waterman and Patterson, "Roofline", CACM 52(4), 2009.
    """

    reads_values: ClassVar[bool] = False
    has_multipliers: ClassVar[bool] = True
    macs_per_cycle: int = 16 * 16 * 16
    frequency_mhz: float = 606
    memory: Memory = UNBOUNDED
    technology: Technology = HOROWITZ_45

    def simulate(self, work: Work) -> Cost:
        cycles = ceil(work.macs / self.macs_per_cycle)
        exact = self.technology.mac_pj(work.activation_width, work.weight_width)
        each = exact if work.integers else self.technology.float_mac.value
        compute = Cost(
            macs=work.macs,
            operations=work.macs,
            capacity=cycles * self.macs_per_cycle,
            cycles=cycles,
            energy_parts_pj={"compute": work.macs * each},
        )
        return self.memory.around(work, compute, self)

    def constants(self) -> dict[str, Constant]:
        frequency = Constant(self.frequency_mhz, "MHz", "as DaDianNao's, Chen et al., MICRO 2014", verified=False)
        return {"frequency": frequency, **self.technology.constants()}


def effectual_cycles(work: Work, macs_per_cycle: float) -> int:
    """The fewest cycles in which a machine of ``macs_per_cycle`` does the MACs that are not zero.

    Raises:
        ValueError: the operands are missing.
    """
    return ceil(effectual_macs(work) / macs_per_cycle)
