"""Bit-Tactical: a grid that leaves out weights that are zero."""

from dataclasses import dataclass
from math import ceil
from typing import ClassVar

import torch
from torch import Tensor

from adequate.accelerators.accelerator import Accelerator
from adequate.accelerators.cost import Cost
from adequate.accelerators.dadiannao import EDRAM
from adequate.accelerators.grid import DADIANNAO_GRID, Grid, grid_constants, grid_cost
from adequate.accelerators.loop_nest import LoopNest
from adequate.accelerators.memory import Memory
from adequate.accelerators.steps import blocks, filters_of, sets
from adequate.accelerators.technology import HOROWITZ_45, Constant, Technology
from adequate.accelerators.weight_skipping import DNNSIM_SKIPPING, Schedule, WeightSkipping
from adequate.accelerators.work import Work


@dataclass(frozen=True)
class Tactical(Accelerator):
    """DaDianNao with weights scheduled ahead of time so that zeros do not take a lane (``WeightSkipping``).

    cycles = sets of windows * sum over groups of filters (all tiles') of the most steps that one tile's filters are
    left with. Wider words than ``unit_bits`` are cut into slices, each in a column or row of its own; weights are
    scheduled whole (assumed). An operation is a product whose weight is not zero, or one of slices of both. The buffers
    are read as if no step were skipped (assumed).

    Source: Lascorz et al., "Bit-Tactical: A Software/Hardware Approach to Exploiting Value and Bit Sparsity in Neural
    Networks", ASPLOS 2019, as github isakedo/DNNsim@4748a60 has it (verified).
    """

    reads_values: ClassVar[bool] = True
    has_multipliers: ClassVar[bool] = True
    grid: Grid = DADIANNAO_GRID
    skipping: WeightSkipping = DNNSIM_SKIPPING
    unit_bits: int = 16
    bits: int = 16
    frequency_mhz: float = 606
    memory: Memory = EDRAM
    technology: Technology = HOROWITZ_45

    def simulate(self, work: Work) -> Cost:
        work.require_integers(self.name(), widest=self.bits)
        weight, loops, grid = work.values(self.name()).weight, work.loops, self.grid.composed(work, self.unit_bits)
        repeated = work.runs // len(weight)
        steps = tile_schedules(weight, loops, grid, self.skipping).emitted.sum(-1)
        cycles = repeated * grid.window_sets(loops) * int(steps.amax(3).sum())
        each = ceil(work.activation_width / self.unit_bits) * ceil(work.weight_width / self.unit_bits)
        return grid_cost(
            self,
            work,
            grid,
            cycles=cycles,
            operations=each * repeated * loops.windows * int(torch.count_nonzero(weight)),
            operation_pj=self.technology.mac_pj(self.unit_bits, self.unit_bits),
        )

    def constants(self) -> dict[str, Constant]:
        operation_pj = self.technology.mac_pj(self.unit_bits, self.unit_bits)
        return grid_constants("product", operation_pj, self.frequency_mhz, self.technology)


def tile_schedules(weight: Tensor, loops: LoopNest, grid: Grid, skipping: WeightSkipping) -> Schedule:
    """Every tile's schedule: source (1 or runs, groups, sets, tiles, steps, filters, lanes), emitted up to the steps.

    Filters that are missing take nothing.
    """
    tiles = min(grid.tiles, ceil(loops.filters / grid.filters))  # one without filters is never the slowest
    steps = blocks(filters_of(weight != 0, loops), grid.lanes).flatten(3, 4)
    of_tiles = sets(sets(steps, 2, grid.filters), 2, tiles).movedim(4, 5)
    source, emitted = (
        part.unflatten(0, of_tiles.shape[:4]) for part in skipping.schedule(of_tiles.flatten(0, 3).contiguous())
    )
    whole, left = divmod(loops.filters - (of_tiles.shape[2] - 1) * tiles * grid.filters, grid.filters)
    if left:
        source[:, :, -1, whole, :, left:] = -1
    source[:, :, -1, whole + bool(left) :] = -1
    return Schedule(source, emitted)
