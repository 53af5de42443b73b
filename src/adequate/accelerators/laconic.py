"""Laconic: only the terms of both operands are multiplied, one pair a lane a cycle."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from math import ceil, log2
from typing import ClassVar

import torch
from torch import Tensor

from adequate.accelerators.accelerator import Accelerator
from adequate.accelerators.columns import staggered
from adequate.accelerators.cost import Cost
from adequate.accelerators.dadiannao import EDRAM
from adequate.accelerators.grid import DNNSIM_GRID, Grid, grid_constants, grid_cost
from adequate.accelerators.loop_nest import LoopNest
from adequate.accelerators.memory import Memory
from adequate.accelerators.steps import blocks, filters_of, sets, windows_of
from adequate.accelerators.sums import product_sum
from adequate.accelerators.technology import HOROWITZ_45, Constant, Technology
from adequate.accelerators.terms import Recoding, slices, term_counts
from adequate.accelerators.work import Work


@dataclass(frozen=True)
class Laconic(Accelerator):
    """Operands are recoded into signed powers of two as they arrive; a lane multiplies a pair of terms in a cycle.

    cost of a step = max(1, max over windows, filters and lanes of terms(a) * terms(w)), for all units wait for the
    slowest; cycles = their sum; of a fully connected layer, ``staggered`` over the columns. Operands wider than
    ``unit_bits`` are cut into slices of |value|, each in a column or row of its own. An operation is a pair of terms.

    A lane adds two exponents; a unit counts the lanes' powers in 2 * unit_bits buckets and adds them up in six groups
    (that, verified; the widths of its additions, for the energy, assumed). Its models of 1 and 2 bits are layers
    of binary and ternary formats, of which the integers have one term at most.

    Source: Sharify et al., "Laconic Deep Learning Inference Acceleration", arXiv:1805.04513, ISCA 2019; the recoding
    and the unit from a public review of it, the steps from github isakedo/DNNsim@4748a60 (verified); the size of the
    grid is that program's, not the paper's.
    """

    reads_values: ClassVar[bool] = True
    has_multipliers: ClassVar[bool] = False
    grid: Grid = DNNSIM_GRID
    unit_bits: int = 8
    recoding: Recoding = Recoding.NAF
    bits: int = 16
    frequency_mhz: float = 606
    memory: Memory = EDRAM
    technology: Technology = HOROWITZ_45

    def simulate(self, work: Work) -> Cost:
        work.require_integers(self.name(), widest=self.bits)
        grid = self.grid.composed(work, self.unit_bits)
        operands = work.values(self.name())
        a, w = (
            [term_counts(one, self.recoding) for one in slices(values, bits, self.unit_bits)]
            for values, bits in (
                (operands.activation, work.activation_width),
                (operands.weight, work.weight_width),
            )
        )
        cycles = 0
        for costs in _step_costs(reduce(torch.maximum, a), reduce(torch.maximum, w), work.loops, grid):
            if work.loops.fully_connected:
                cycles += staggered(torch.stack(costs).reshape(1, -1), grid.windows)
            else:
                cycles += sum(int(one.sum()) for one in costs)
        return grid_cost(
            self,
            work,
            grid,
            cycles=cycles,
            operations=product_sum(sum(a[1:], a[0]), sum(w[1:], w[0]), work.loops),
            operation_pj=self.term_pair_pj,
        )

    @property
    def term_pair_pj(self) -> float:
        """A pair of terms and a lane's share of its unit's additions, composed of additions (assumed), in pJ.

        The exponents' sum; a bucket's count, up to the lanes and signed; five additions of a tree over six groups and
        one to the partial sum, as wide as the product of two units' words and six bits more (22 bits of 8-bit units).
        """
        exponent, count = ceil(log2(self.unit_bits)) + 1, ceil(log2(self.grid.lanes)) + 2
        unit = 6 * self.technology.add_pj(2 * self.unit_bits + 6)
        return self.technology.add_pj(exponent) + self.technology.add_pj(count) + unit / self.grid.lanes

    def constants(self) -> dict[str, Constant]:
        return grid_constants("pair of terms", self.term_pair_pj, self.frequency_mhz, self.technology)


def _step_costs(a: Tensor, w: Tensor, loops: LoopNest, grid: Grid) -> Iterator[list[Tensor]]:
    """For each run, for each set of filters: the costs (groups, sets of windows, taps, blocks) of its steps.

    A maximum over windows and filters of a product of counts is, in each lane, the product of both maxima.
    """
    filters = [_maxima(filters_of(one[None], loops), grid.filters_at_once, grid.lanes) for one in w]
    for run in range(len(a)):
        windows = _maxima(windows_of(a[run : run + 1], loops), grid.windows, grid.lanes)
        of_sets = filters[run % len(filters)].unbind(1)
        yield [(windows * one[:, None]).amax(-1).clamp_min(1) for one in of_sets]


def _maxima(counts: Tensor, at_once: int, lanes: int) -> Tensor:
    """Of counts (1, groups, n, taps, channels): (groups, sets of n, taps, blocks, lanes)."""
    return blocks(sets(counts[0], 1, at_once).amax(2), lanes)
