"""A grid of units that takes a layer step by step: the frame of the bit-serial machines."""

from dataclasses import dataclass, replace
from math import ceil
from typing import Protocol

from adequate.accelerators.cost import Cost
from adequate.accelerators.loop_nest import LoopNest
from adequate.accelerators.memory import ClockedMachine, Memory
from adequate.accelerators.technology import Constant, Technology
from adequate.accelerators.work import Work


@dataclass(frozen=True, slots=True)
class Grid:
    """``tiles`` tiles of ``filters`` rows by ``windows`` columns, each crossing a unit of ``lanes`` channels.

    A step is one tap of a set of windows, of a set of filters (of all tiles) and of a block of channels; missing
    windows, filters and channels are zeros. For each group, for each set of windows, for each set of filters, for each
    tap (row by row), for each block. That order is
    github isakedo/DNNsim@4748a60's (verified).
    """

    tiles: int
    filters: int
    windows: int
    lanes: int

    def composed(self, work: Work, unit_bits: int) -> "Grid":
        """The grid as a layer finds it that is wider than a unit: adjacent columns, and rows, share a window or filter.

        Raises:
            ValueError: a word needs more columns or rows than there are.
        """
        columns, rows = (ceil(bits / unit_bits) for bits in (work.activation_width, work.weight_width))
        if columns > self.windows or rows > self.filters:
            raise ValueError(
                f"layer {work.name!r}: words of {work.activation_width} and {work.weight_width} bits take {columns}"
                f" columns and {rows} rows of {unit_bits}-bit units; a tile has {self.windows} and {self.filters}"
            )
        return Grid(self.tiles, self.filters // rows, self.windows // columns, self.lanes)

    @property
    def units(self) -> int:
        """Lanes of the whole grid."""
        return self.tiles * self.filters * self.windows * self.lanes

    @property
    def filters_at_once(self) -> int:
        """Filters of a step."""
        return self.tiles * self.filters

    def window_sets(self, loops: LoopNest) -> int:
        """Sets of windows of one group."""
        return ceil(loops.windows / self.windows)

    def filter_sets(self, loops: LoopNest) -> int:
        """Sets of filters of one group."""
        return ceil(loops.filters / self.filters_at_once)

    def blocks(self, loops: LoopNest) -> int:
        """Blocks of channels of one group."""
        return ceil(loops.channels / self.lanes)

    def steps(self, loops: LoopNest) -> int:
        """Steps of one run."""
        sets = self.window_sets(loops) * self.filter_sets(loops)
        return loops.groups * sets * loops.taps * self.blocks(loops)


DNNSIM_GRID = Grid(tiles=16, filters=16, windows=16, lanes=16)
"""The grid of github isakedo/DNNsim@4748a60 (verified): 16-bit activations bit by bit take as long as in DaDianNao."""

DADIANNAO_GRID = replace(DNNSIM_GRID, windows=1)
"""DaDianNao's: one window at a time."""

BANK_BYTES = 512 << 10
"""What one access to a buffer reads from, taken to be as an SRAM of this size (assumed)."""


class OnGrid(ClockedMachine, Protocol):
    """A machine that is a grid behind a memory."""

    @property
    def grid(self) -> Grid: ...
    @property
    def memory(self) -> Memory: ...


def grid_cost(
    machine: OnGrid, work: Work, grid: Grid, *, cycles: int, operations: int, operation_pj: float, each: int = 1
) -> Cost:
    """The whole cost of a layer on ``grid``, as it found ``machine``'s, from what its computation takes.

    Each set of windows reads every weight from its buffer, each set of filters the activations under every window, and
    each output is written once, in words as wide as the layer's; nothing is kept from step to step (assumed). A lane
    can do ``each`` operations in a cycle.
    """
    loops = work.loops
    patches = loops.groups * loops.windows * loops.taps * loops.channels
    bits = work.runs * (
        grid.window_sets(loops) * loops.weights * work.weight_bits
        + grid.filter_sets(loops) * patches * work.activation_bits
        + loops.outputs * work.output_bits
    )
    compute = Cost(
        macs=work.macs,
        operations=operations,
        capacity=cycles * machine.grid.units * each,
        cycles=cycles,
        traffic_bytes={"buffer": bits / 8},
        energy_parts_pj={
            "compute": operations * operation_pj,
            "buffer": machine.technology.sram_pj(BANK_BYTES, bits),
        },
    )
    return machine.memory.around(work, compute, machine)


def grid_constants(
    operation: str, operation_pj: float, frequency_mhz: float, technology: Technology
) -> dict[str, Constant]:
    """The constants behind ``grid_cost``, by name."""
    return {
        "frequency": Constant(frequency_mhz, "MHz", "assumed: DaDianNao's", verified=False),
        operation: Constant(operation_pj, "pJ", "composed of the technology's, assumed", verified=False),
        "bank of a buffer": Constant(BANK_BYTES, "B", "assumed", verified=False),
        **technology.constants(),
    }
