"""Cnvlutin: a DaDianNao that leaves out activations that are zero."""

from dataclasses import dataclass, replace
from typing import ClassVar

import torch

from adequate.accelerators.accelerator import Accelerator
from adequate.accelerators.cost import Cost
from adequate.accelerators.dadiannao import EDRAM
from adequate.accelerators.grid import DADIANNAO_GRID, Grid, grid_constants, grid_cost
from adequate.accelerators.memory import Memory
from adequate.accelerators.steps import bricks, sets, windows_of
from adequate.accelerators.sums import product_sum
from adequate.accelerators.technology import HOROWITZ_45, Constant, Technology
from adequate.accelerators.work import Work


@dataclass(frozen=True)
class Cnvlutin(Accelerator):
    """Each lane takes the activations of its channels that are not zero, one a cycle; lanes meet at the window's end.

    A window of a set of filters takes the most that any lane has, 1 at least; a channel c belongs to lane c mod lanes,
    as in DaDianNao. An operation is a product. Layers wider than ``bits`` are refused; narrower ones take products of
    ``bits`` all the same.

    Source: Albericio et al., "Cnvlutin", ISCA 2016 (not verified; the lanes' channels are assumed).
    """

    reads_values: ClassVar[bool] = True
    has_multipliers: ClassVar[bool] = True
    grid: Grid = DADIANNAO_GRID
    bits: int = 16
    frequency_mhz: float = 606
    memory: Memory = EDRAM
    technology: Technology = HOROWITZ_45

    def simulate(self, work: Work) -> Cost:
        work.require_integers(self.name(), widest=self.bits)
        loops, operands = work.loops, work.values(self.name())
        some = operands.activation != 0
        in_lanes = bricks(some, loops, self.grid.lanes).sum(2, dtype=torch.int16)
        of_lanes = replace(loops, channels=self.grid.lanes)
        windows = windows_of(in_lanes.flatten(1, 2), of_lanes).sum(3).amax(-1).clamp_min(1)
        cycles = self.grid.filter_sets(loops) * int(sets(windows, 2, self.grid.windows).amax(3).sum())
        return grid_cost(
            self,
            work,
            self.grid,
            cycles=cycles,
            operations=product_sum(some, torch.ones_like(operands.weight), loops),
            operation_pj=self.technology.mac_pj(self.bits, self.bits),
        )

    def constants(self) -> dict[str, Constant]:
        return grid_constants(
            "product", self.technology.mac_pj(self.bits, self.bits), self.frequency_mhz, self.technology
        )
