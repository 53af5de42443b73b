"""Dynamic Stripes: activations bit by bit, in as many cycles as those that are there need."""

from dataclasses import dataclass
from math import ceil
from typing import ClassVar

import torch
from torch import Tensor

from adequate.accelerators.accelerator import Accelerator
from adequate.accelerators.columns import serial_cycles
from adequate.accelerators.cost import Cost
from adequate.accelerators.dadiannao import EDRAM
from adequate.accelerators.extents import Extent, extents
from adequate.accelerators.grid import DNNSIM_GRID, Grid, grid_constants, grid_cost
from adequate.accelerators.loop_nest import LoopNest
from adequate.accelerators.memory import Memory
from adequate.accelerators.steps import bricks, columns_of, sets
from adequate.accelerators.stripes import bit_pj
from adequate.accelerators.sums import brick_sums
from adequate.accelerators.technology import HOROWITZ_45, Constant, Technology
from adequate.accelerators.work import Work


@dataclass(frozen=True)
class DynamicStripes(Accelerator):
    """Stripes that takes the bits that a group of activations needs, found as they arrive (ShapeShifter).

    A group are the activations under ``group`` adjacent columns in a step. Its bits are those up to its highest, the
    sign's included where the layer's format has one; with ``minor`` those from its lowest set bit. The cost of a step
    is the most bits of any group, 1 at least; with ``column_registers`` the groups run ahead (``run_ahead``). In fully
    connected layers a column is a group of its own. Words wider than ``unit_bits`` are cut into slices of two's
    complement, of which the highest has the sign. An operation is a bit of an activation, of those its column's
    activations need, by a weight, or by a slice of it.

    Source: Lascorz et al., "ShapeShifter", MICRO 2019, as github isakedo/DNNsim@4748a60 has it (verified but for
    groups in fully connected layers, the slices of two's complement and ``group``, which are assumed).
    """

    reads_values: ClassVar[bool] = True
    has_multipliers: ClassVar[bool] = False
    grid: Grid = DNNSIM_GRID
    unit_bits: int = 16
    group: int = 1
    minor: bool = False
    column_registers: int = 0
    bits: int = 16
    frequency_mhz: float = 606
    memory: Memory = EDRAM
    technology: Technology = HOROWITZ_45

    def simulate(self, work: Work) -> Cost:
        work.require_integers(self.name(), widest=self.bits)
        grid, loops = self.grid.composed(work, self.unit_bits), work.loops
        values = work.values(self.name()).activation
        found = extents(values, work.activation_width, self.unit_bits, signed=work.signed_activation, minor=self.minor)
        parts = [one.map(lambda places: bricks(places, loops, grid.lanes).amax(3)) for one in found]
        group = 1 if loops.fully_connected else self.group
        cycles = serial_cycles(_group_costs(parts, loops, grid, group), loops, grid, self.column_registers)
        own_bits = sum(int(brick_sums(one.widths, loops, grid.lanes).sum()) for one in parts)
        return grid_cost(
            self,
            work,
            grid,
            cycles=cycles,
            operations=loops.filters * own_bits * ceil(work.weight_width / self.unit_bits),
            operation_pj=bit_pj(self.technology, self.unit_bits, self.grid.lanes),
        )

    def constants(self) -> dict[str, Constant]:
        operation_pj = bit_pj(self.technology, self.unit_bits, self.grid.lanes)
        return grid_constants("bit by a weight", operation_pj, self.frequency_mhz, self.technology)


def _group_costs(parts: list[Extent], loops: LoopNest, grid: Grid, group: int) -> Tensor:
    """The bits of each group of adjacent columns, (runs, groups, sets, groups of columns, taps, blocks)."""
    top, height = (
        torch.stack([columns_of(one, loops, grid.windows) for one in places], 4).flatten(3, 4)
        for places in ([part.top for part in parts], [part.height for part in parts])
    )
    return Extent(top, height).map(lambda places: sets(places, 3, group).amax(4)).widths
