"""FEIE, as ZASCAD and ZASCAS: inputs enter one a cycle and meet a whole row of a filter; the second skips zeros."""

from abc import abstractmethod
from dataclasses import dataclass
from math import ceil
from typing import ClassVar

import torch

from adequate.accelerators.accelerator import Accelerator
from adequate.accelerators.cost import Cost
from adequate.accelerators.effectual import activated_macs
from adequate.accelerators.loop_nest import LoopNest
from adequate.accelerators.memory import Memory
from adequate.accelerators.technology import HOROWITZ_45, Constant, Technology
from adequate.accelerators.work import Work

ON_CHIP = Memory(activation_bytes=64 << 10, weight_bytes=64 << 10, bits_per_cycle=64)
"""Our choice (assumed)."""


@dataclass(frozen=True)
class Feie(Accelerator):
    """Inputs are read one a cycle and shared by the processing elements that hold one row of a filter.

    A row of the filter, of width W and stride U, occupies W / U elements (rounded up): so many windows each input
    belongs to, and after W cycles one partial sum is finished each U cycles. ``pes`` elements hold rows of as many
    filters side by side. Rows of inputs stream by once for every channel, row of the kernel and set of filters:
    cycles = inputs issued = groups * filters / (pes / (W / U)) * sum over channels, kernel rows and output rows of the
    inputs in that row, padding included. An operation is a MAC of an input that was issued. Refused: formats without
    integers or of more than ``bits``, and rows of a filter that do not fit.

    Number of elements, frequency, width and memories are parameters, of which nothing published was read (assumed).
    Source: Gross and Meyer, EPEPS 2019, tutorial slides; Ardakani et al., IEEE Trans. Computers 69(1), 2020.
    """

    pes: int = 192
    frequency_mhz: float = 200
    bits: int = 16
    memory: Memory = ON_CHIP
    technology: Technology = HOROWITZ_45

    def simulate(self, work: Work) -> Cost:
        work.require_integers(self.name(), widest=self.bits)
        loops = work.loops
        together = self.pes // ceil(loops.kernel[1] / loops.stride[1])
        if not together:
            raise ValueError(
                f"layer {work.name!r}: a filter's row of {loops.kernel[1]} weights needs"
                f" {ceil(loops.kernel[1] / loops.stride[1])} processing elements; {self.name()} has {self.pes}"
            )
        issued, macs = self._issued(work)
        sets = ceil(loops.filters / together)
        cycles = sets * issued
        sums = work.runs * loops.outputs * loops.channels * loops.kernel[0]
        sum_bits = work.activation_width + work.weight_width
        crossing = cycles * self.bits + 2 * sums * sum_bits
        compute = Cost(
            macs=work.macs,
            operations=macs,
            capacity=cycles * self.pes,
            cycles=cycles,
            traffic_bytes={"array": macs * self.bits / 8, "buffer": crossing / 8},
            energy_parts_pj={
                "compute": macs * self.technology.mac_pj(self.bits, self.bits),
                "array": macs * self.bits * self.technology.link.value,
                "buffer": self.technology.sram_pj(self.memory.activation_bytes, crossing),
            },
        )
        return self.memory.around(work, compute, self)

    @abstractmethod
    def _issued(self, work: Work) -> tuple[int, int]:
        """Inputs that a set of filters is shown in all runs, and MACs that all sets do with them."""

    def constants(self) -> dict[str, Constant]:
        assumed = {
            "elements": Constant(self.pes, "", "assumed; the paper was not read", verified=False),
            "frequency": Constant(self.frequency_mhz, "MHz", "assumed; the paper was not read", verified=False),
        }
        return {**assumed, **self.technology.constants()}


@dataclass(frozen=True)
class Zascad(Feie):
    """The dense machine: every input is issued, whatever its value. See ``Feie``."""

    reads_values: ClassVar[bool] = False
    has_multipliers: ClassVar[bool] = True

    def _issued(self, work: Work) -> tuple[int, int]:
        loops = work.loops
        rows = loops.groups * loops.channels * loops.kernel[0] * loops.output[0]
        return work.runs * rows * row_span(loops), work.macs


@dataclass(frozen=True)
class Zascas(Feie):
    """The machine that skips zeros: those inputs are never issued. See ``Feie``."""

    reads_values: ClassVar[bool] = True
    has_multipliers: ClassVar[bool] = True

    def _issued(self, work: Work) -> tuple[int, int]:
        loops = work.loops
        nonzero = work.values(self.name()).activation != 0
        filled = nonzero[..., : row_span(loops)].sum((0, 1, 3))
        first = torch.arange(loops.output[0]) * loops.stride[0]
        tap = torch.arange(loops.kernel[0]) * loops.dilation[0]
        issued = int(filled[first[:, None] + tap].sum())
        return issued, activated_macs(work)


def row_span(loops: LoopNest) -> int:
    """Inputs in a row that belong to some window."""
    return (loops.output[1] - 1) * loops.stride[1] + (loops.kernel[1] - 1) * loops.dilation[1] + 1
