"""DaDianNao: a bit-parallel grid, every product in one cycle whatever its value."""

from dataclasses import dataclass
from math import ceil
from typing import ClassVar

from adequate.accelerators.accelerator import Accelerator
from adequate.accelerators.cost import Cost
from adequate.accelerators.memory import Memory
from adequate.accelerators.technology import HOROWITZ_45, Constant, Technology
from adequate.accelerators.work import Work

EDRAM = Memory(activation_bytes=4 << 20, weight_bytes=32 << 20, bits_per_cycle=256)
"""36 MB of eDRAM on the chip (Chen et al., MICRO 2014; not verified); its split and the link's width are assumed."""

BANK_BYTES = 512 << 10
"""What one access reads from, taken to be as an SRAM of this size (assumed)."""


@dataclass(frozen=True)
class Dadiannao(Accelerator):
    """``tiles`` tiles of ``filters`` filters by ``lanes`` channels: each cycle one tap of one window.

    cycles = windows / ``windows`` * groups * filters / (tiles * filters) * taps * channels / lanes, every quotient
    rounded up. An operation is a product. Layers wider than ``bits`` are refused; narrower ones take words and
    products of ``bits`` all the same. Each window set reads every weight, each filter set every activation.

    Source: Chen et al., "DaDianNao", MICRO 2014; the grid's step order as DNNsim, github isakedo/DNNsim@4748a60.
    """

    reads_values: ClassVar[bool] = False
    has_multipliers: ClassVar[bool] = True
    tiles: int = 16
    filters: int = 16
    lanes: int = 16
    windows: int = 1
    bits: int = 16
    frequency_mhz: float = 606
    memory: Memory = EDRAM
    technology: Technology = HOROWITZ_45

    def simulate(self, work: Work) -> Cost:
        work.require_integers(self.name(), widest=self.bits)
        loops = work.loops
        steps = loops.taps * ceil(loops.channels / self.lanes)
        window_sets = ceil(loops.windows / self.windows)
        filter_sets = ceil(loops.filters / (self.tiles * self.filters))
        cycles = work.runs * loops.groups * window_sets * filter_sets * steps
        patches = loops.groups * loops.windows * loops.taps * loops.channels
        words = work.runs * (window_sets * loops.weights + filter_sets * patches + loops.outputs)
        compute = Cost(
            macs=work.macs,
            operations=work.macs,
            capacity=cycles * self.tiles * self.filters * self.lanes * self.windows,
            cycles=cycles,
            traffic_bytes={"buffer": words * self.bits / 8},
            energy_parts_pj={
                "compute": work.macs * self.technology.mac_pj(self.bits, self.bits),
                "buffer": words * self.technology.sram_pj(BANK_BYTES, self.bits),
            },
        )
        return self.memory.around(work, compute, self)

    def constants(self) -> dict[str, Constant]:
        frequency = Constant(self.frequency_mhz, "MHz", "Chen et al., MICRO 2014", verified=False)
        return {"frequency": frequency, **self.technology.constants()}
