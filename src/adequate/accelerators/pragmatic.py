"""Bit-Pragmatic: only the essential bits of the activations are multiplied, each by a whole weight."""

from dataclasses import dataclass
from math import ceil
from typing import ClassVar

import torch
from torch import Tensor

from adequate.accelerators.accelerator import Accelerator
from adequate.accelerators.columns import serial_cycles
from adequate.accelerators.cost import Cost
from adequate.accelerators.dadiannao import EDRAM
from adequate.accelerators.grid import DNNSIM_GRID, Grid, grid_constants, grid_cost
from adequate.accelerators.memory import Memory
from adequate.accelerators.steps import bricks, columns_of, in_chunks
from adequate.accelerators.sums import product_sum
from adequate.accelerators.technology import HOROWITZ_45, Constant, Technology
from adequate.accelerators.terms import Recoding, digits, slices, term_counts
from adequate.accelerators.work import Work


@dataclass(frozen=True)
class Pragmatic(Accelerator):
    """A lane shifts its weight by one term of its activation in a cycle; the lanes of a column wait for one another.

    A column, one window or a slice of ``unit_bits`` of |activation|, repeats until no term is left: s = the lowest
    term of any lane; each lane whose lowest term is at most s + 2^first_stage_bits - 1 retires it. Its cost is the
    repetitions, 1 at least; all columns wait for the slowest, or run ahead by ``column_registers`` steps
    (``run_ahead``). Fully connected layers are ``staggered``. An operation is a term by a weight, or by a slice of it.

    Source: Albericio et al., "Bit-Pragmatic Deep Neural Network Computing", MICRO 2017, as github
    isakedo/DNNsim@4748a60 has it (verified); ``first_stage_bits`` and ``column_registers`` are assumed.
    """

    reads_values: ClassVar[bool] = True
    has_multipliers: ClassVar[bool] = False
    grid: Grid = DNNSIM_GRID
    unit_bits: int = 16
    first_stage_bits: int = 2
    column_registers: int = 0
    recoding: Recoding = Recoding.BINARY
    bits: int = 16
    frequency_mhz: float = 606
    memory: Memory = EDRAM
    technology: Technology = HOROWITZ_45

    def simulate(self, work: Work) -> Cost:
        work.require_integers(self.name(), widest=self.bits)
        grid, loops, operands = self.grid.composed(work, self.unit_bits), work.loops, work.values(self.name())
        parts = slices(operands.activation, work.activation_width, self.unit_bits)
        found = [in_chunks(lambda part: self._brick_cycles(part, work), one) for one in parts]
        columns = torch.cat([columns_of(one, loops, grid.windows) for one in found], 3)
        cycles = serial_cycles(columns, loops, grid, self.column_registers)
        counts = [term_counts(one, self.recoding) for one in parts]
        weight_slices = ceil(work.weight_width / self.unit_bits)
        weights = torch.full_like(operands.weight, weight_slices)
        return grid_cost(
            self,
            work,
            grid,
            cycles=cycles,
            operations=product_sum(sum(counts[1:], counts[0]), weights, loops),
            operation_pj=self.term_pj,
        )

    def _brick_cycles(self, magnitudes: Tensor, work: Work) -> Tensor:
        """Of each brick, (runs, groups, blocks, height, width)."""
        pending = bricks(digits(magnitudes, self.recoding), work.loops, self.grid.lanes)
        return retirements(pending, self.first_stage_bits)

    @property
    def term_pj(self) -> float:
        """A term by a weight, composed of additions (assumed), in pJ.

        The weight as shifted by the first stage goes into the tree of its unit; the tree's sum, shifted by the second
        stage, to the partial sum.
        """
        first = self.unit_bits + 2**self.first_stage_bits - 1
        return self.technology.add_pj(first) + self.technology.add_pj(2 * self.unit_bits) / self.grid.lanes

    def constants(self) -> dict[str, Constant]:
        return grid_constants("term by a weight", self.term_pj, self.frequency_mhz, self.technology)


def retirements(pending: Tensor, first_stage_bits: int) -> Tensor:
    """In how many cycles the terms of a brick's lanes retire, int16.

    ``pending`` are ``digits``, (runs, groups, blocks, lanes, height, width); the lanes are left out of what is given.
    """
    reach = min(2**first_stage_bits - 1, 30)
    cycles = torch.zeros_like(pending.select(3, 0), dtype=torch.int16)
    while True:
        lowest = pending & -pending
        first = torch.where(lowest == 0, 1 << 30, lowest).amin(3, keepdim=True)
        busy = first.squeeze(3) < 1 << 30
        if not busy.any():
            return cycles
        cycles += busy
        pending = pending ^ torch.where(lowest >> reach <= first, lowest, 0)
