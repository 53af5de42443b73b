"""Loom: both operands bit by bit, the activations in as many as those that are there need."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from adequate.accelerators.accelerator import Accelerator
from adequate.accelerators.columns import staggered
from adequate.accelerators.cost import Cost
from adequate.accelerators.dadiannao import EDRAM
from adequate.accelerators.extents import extents
from adequate.accelerators.grid import DNNSIM_GRID, Grid, grid_constants, grid_cost
from adequate.accelerators.memory import Memory
from adequate.accelerators.steps import blocks, bricks, columns_of, filters_of, sets
from adequate.accelerators.sums import brick_sums
from adequate.accelerators.technology import HOROWITZ_45, Constant, Technology
from adequate.accelerators.work import Work


@dataclass(frozen=True)
class Loom(Accelerator):
    """A lane multiplies ``serial_bits`` bits of its activation by one bit of its weight in a cycle.

    cost of a step = max over columns of ceil(activation bits / ``serial_bits``) * weight bits. The activation bits are
    those a column's activations need, the sign's included where the layer's format has one; the weight bits are the
    layer's word length or, with ``dynamic_weights``, the most that any row's weights need. Fully connected layers are
    ``staggered``. An operation is a bit of an activation by a bit of a weight.

    Source: Sharify et al., "Loom", DAC 2018, as github isakedo/DNNsim@4748a60 has it (verified).
    """

    reads_values: ClassVar[bool] = True
    has_multipliers: ClassVar[bool] = False
    grid: Grid = DNNSIM_GRID
    serial_bits: int = 1
    dynamic_weights: bool = False
    bits: int = 16
    frequency_mhz: float = 606
    memory: Memory = EDRAM
    technology: Technology = HOROWITZ_45

    def simulate(self, work: Work) -> Cost:
        work.require_integers(self.name(), widest=self.bits)
        grid, loops = self.grid, work.loops
        a, w = self._activation_bits(work), self._weight_bits(work)
        serial = (columns_of(a, loops, grid.windows).amax(3) + self.serial_bits - 1) // self.serial_bits
        rows = sets(w, 2, grid.filters_at_once).amax(3)
        if loops.fully_connected:
            cycles = staggered((serial * rows).flatten(1), grid.windows)
        else:
            cycles = int((serial.sum(2) * rows.sum(2)).sum())
        return grid_cost(
            self,
            work,
            grid,
            cycles=cycles,
            operations=int((brick_sums(a, loops, grid.lanes) * w.sum(2)).sum()),
            each=self.serial_bits,
            operation_pj=self.bit_product_pj,
        )

    def _activation_bits(self, work: Work) -> Tensor:
        """Of each brick, (runs, groups, blocks, height, width)."""
        bits, values = work.activation_width, work.values(self.name()).activation
        [found] = extents(values, bits, bits, signed=work.signed_activation, minor=False)
        return found.map(lambda places: bricks(places, work.loops, self.grid.lanes).amax(3)).widths

    def _weight_bits(self, work: Work) -> Tensor:
        """Of each filter's brick, (1 or runs, groups, filters, taps, blocks)."""
        bits, values = work.weight_width, filters_of(work.values(self.name()).weight, work.loops)
        [found] = extents(values, bits, bits, signed=True, minor=False)
        widths = found.map(lambda places: blocks(places, self.grid.lanes).amax(-1)).widths
        return widths if self.dynamic_weights else torch.full_like(widths, bits)

    @property
    def bit_product_pj(self) -> float:
        """A bit by a bit, composed of additions (assumed), in pJ: into the tree of its unit, and that to the sum."""
        return self.technology.add_pj(1) + self.technology.add_pj(2 * self.bits) / self.grid.lanes

    def constants(self) -> dict[str, Constant]:
        return grid_constants("bit by a bit", self.bit_product_pj, self.frequency_mhz, self.technology)
