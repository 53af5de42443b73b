"""Stripes: activations bit by bit, in as many cycles as the layer's word is long."""

from dataclasses import dataclass
from math import ceil
from typing import ClassVar

import torch

from adequate.accelerators.accelerator import Accelerator
from adequate.accelerators.columns import staggered
from adequate.accelerators.cost import Cost
from adequate.accelerators.dadiannao import EDRAM
from adequate.accelerators.grid import DNNSIM_GRID, Grid, grid_constants, grid_cost
from adequate.accelerators.memory import Memory
from adequate.accelerators.technology import HOROWITZ_45, Constant, Technology
from adequate.accelerators.work import Work


@dataclass(frozen=True)
class Stripes(Accelerator):
    """A lane multiplies its weight by one bit of its activation in a cycle; a step takes the layer's word length.

    cost of a step = min(activation bits, ``unit_bits``). Wider words are cut into slices, each in a column or row of
    its own. Fully connected layers are ``staggered``. An operation is a bit of an activation by a weight, or by a
    slice of it.

    Source: Judd et al., "Stripes", MICRO 2016, as github isakedo/DNNsim@4748a60 has it (verified).
    """

    reads_values: ClassVar[bool] = False
    has_multipliers: ClassVar[bool] = False
    grid: Grid = DNNSIM_GRID
    unit_bits: int = 16
    bits: int = 16
    frequency_mhz: float = 606
    memory: Memory = EDRAM
    technology: Technology = HOROWITZ_45

    def simulate(self, work: Work) -> Cost:
        work.require_integers(self.name(), widest=self.bits)
        grid, loops = self.grid.composed(work, self.unit_bits), work.loops
        cost, steps = min(work.activation_width, self.unit_bits), grid.steps(loops)
        if loops.fully_connected:
            cycles = work.runs * staggered(torch.full((1, steps), cost), grid.windows)
        else:
            cycles = work.runs * steps * cost
        return grid_cost(
            self,
            work,
            grid,
            cycles=cycles,
            operations=work.macs * work.activation_width * ceil(work.weight_width / self.unit_bits),
            operation_pj=bit_pj(self.technology, self.unit_bits, self.grid.lanes),
        )

    def constants(self) -> dict[str, Constant]:
        return grid_constants(
            "bit by a weight",
            bit_pj(self.technology, self.unit_bits, self.grid.lanes),
            self.frequency_mhz,
            self.technology,
        )


def bit_pj(technology: Technology, unit_bits: int, lanes: int) -> float:
    """A bit of an activation by a weight, composed of additions (assumed), in pJ.

    The weight, or zero, goes into the tree of its unit, and the tree's sum to the partial sum.
    """
    return technology.add_pj(unit_bits) + technology.add_pj(2 * unit_bits) / lanes
