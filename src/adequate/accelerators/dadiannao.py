"""DaDianNao: a bit-parallel grid, every product in one cycle whatever its value."""

from dataclasses import dataclass
from math import ceil
from typing import ClassVar

from adequate.accelerators.accelerator import Accelerator
from adequate.accelerators.cost import Cost
from adequate.accelerators.memory import Memory
from adequate.accelerators.technology import Constant
from adequate.accelerators.work import Work

EDRAM = Memory(activation_bytes=4 << 20, weight_bytes=32 << 20, bits_per_cycle=256)
"""36 MB of eDRAM on the chip (Chen et al., MICRO 2014; not verified); its split and the link's width are assumed."""


@dataclass(frozen=True)
class DaDianNao(Accelerator):
    """``tiles`` tiles of ``filters`` filters by ``lanes`` channels: each cycle one tap of one window.

    cycles = windows / ``windows`` * groups * filters / (tiles * filters) * taps * channels / lanes, every quotient
    rounded up. An operation is a product. Layers wider than ``bits`` are refused.

    Source: Chen et al., "DaDianNao", MICRO 2014; the grid's step order as DNNsim, github isakedo/DNNsim@4748a60.
    """

    reads_values: ClassVar[bool] = False
    tiles: int = 16
    filters: int = 16
    lanes: int = 16
    windows: int = 1
    bits: int = 16
    frequency_mhz: float = 606
    memory: Memory = EDRAM

    def simulate(self, work: Work) -> Cost:
        work.require_integers(self.name(), widest=self.bits)
        loops = work.loops
        steps = loops.taps * ceil(loops.channels / self.lanes)
        sets = ceil(loops.windows / self.windows) * loops.groups * ceil(loops.filters / (self.tiles * self.filters))
        cycles = work.runs * sets * steps
        compute = Cost(
            macs=work.macs,
            operations=work.macs,
            capacity=cycles * self.tiles * self.filters * self.lanes * self.windows,
            cycles=cycles,
        )
        return self.memory.around(work, compute, frequency_hz=self.frequency_mhz * 1e6, dram_pj_per_bit=20)

    def constants(self) -> dict[str, Constant]:
        return {"frequency": Constant(self.frequency_mhz, "MHz", "Chen et al., MICRO 2014", verified=False)}
