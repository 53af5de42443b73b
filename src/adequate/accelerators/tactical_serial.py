"""Bit-Tactical with serial activations: zero weights are left out, and bits of the activations that are not needed."""

from dataclasses import dataclass
from functools import reduce
from math import ceil
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
from adequate.accelerators.pragmatic import Pragmatic
from adequate.accelerators.retirement import slowest_retirements
from adequate.accelerators.steps import blocks, sets, windows_of
from adequate.accelerators.stripes import bit_pj
from adequate.accelerators.sums import product_sum
from adequate.accelerators.tactical import tile_schedules
from adequate.accelerators.technology import HOROWITZ_45, Constant, Technology
from adequate.accelerators.terms import Recoding, digits, slices, term_counts
from adequate.accelerators.weight_skipping import DNNSIM_SKIPPING, WeightSkipping
from adequate.accelerators.work import Work

NO_WAITING = 5
"""A first stage that reaches over all 16 bits."""


@dataclass(frozen=True)
class TacticalE(Accelerator):
    """Bit-Tactical over Bit-Pragmatic: a lane shifts a nonzero weight by one term of its activation in a cycle.

    The steps of ``Tactical``; a lane takes the activation of the weight that it holds, also of a zero that no weight
    has replaced. The cost of a step is that of the slowest unit of any window, filter and tile, by the rule of
    ``Pragmatic``, 1 at least; fully connected layers are ``staggered``. Wider words than ``unit_bits`` are cut into
    slices of |value|, each in a column or row of its own; weights are scheduled whole. An operation is a term by a
    weight that is not zero, or by a slice of it.

    Source: Lascorz et al., "Bit-Tactical", ASPLOS 2019, as github isakedo/DNNsim@4748a60 has it (verified but for
    fully connected layers, where it takes other columns' activations; ``first_stage_bits`` is assumed, and so is that
    slices share a schedule).
    """

    reads_values: ClassVar[bool] = True
    has_multipliers: ClassVar[bool] = False
    grid: Grid = DNNSIM_GRID
    skipping: WeightSkipping = DNNSIM_SKIPPING
    first_stage_bits: int = 2
    recoding: Recoding = Recoding.BINARY
    unit_bits: int = 16
    bits: int = 16
    frequency_mhz: float = 606
    memory: Memory = EDRAM
    technology: Technology = HOROWITZ_45

    def simulate(self, work: Work) -> Cost:
        work.require_integers(self.name(), widest=self.bits)
        operands, grid = work.values(self.name()), self.grid.composed(work, self.unit_bits)
        parts = slices(operands.activation, work.activation_width, self.unit_bits)
        terms = [digits(one, self.recoding) for one in parts]
        cycles = _cycles(work, terms, grid, self.skipping, self.first_stage_bits)
        counts = [term_counts(one, self.recoding) for one in parts]
        return grid_cost(
            self,
            work,
            grid,
            cycles=cycles,
            operations=product_sum(sum(counts[1:], counts[0]), operands.weight != 0, work.loops)
            * ceil(work.weight_width / self.unit_bits),
            operation_pj=self.term_pj,
        )

    @property
    def term_pj(self) -> float:
        """A term by a weight, as ``Pragmatic``'s, in pJ."""
        return Pragmatic(self.grid, self.unit_bits, self.first_stage_bits, technology=self.technology).term_pj

    def constants(self) -> dict[str, Constant]:
        return grid_constants("term by a weight", self.term_pj, self.frequency_mhz, self.technology)


@dataclass(frozen=True)
class TacticalP(Accelerator):
    """Bit-Tactical over ShapeShifter: a lane multiplies a nonzero weight by one bit of its activation in a cycle.

    The steps of ``Tactical`` and the activations of ``TacticalE``; the cost of a step is the most bits of any
    activation that is taken, with the sign's where the layer's format has one, 1 at least; fully connected layers are
    ``staggered``. Wider words than ``unit_bits`` are cut into slices of two's complement, each in a column or row of
    its own; weights are scheduled whole. An operation is a bit of an activation, of those it needs itself, by a weight
    that is not zero, or by a slice of it.

    Source: Lascorz et al., "Bit-Tactical", ASPLOS 2019, as github isakedo/DNNsim@4748a60 has it (verified but for
    fully connected layers, where it takes other columns' activations; the slices are assumed).
    """

    reads_values: ClassVar[bool] = True
    has_multipliers: ClassVar[bool] = False
    grid: Grid = DNNSIM_GRID
    skipping: WeightSkipping = DNNSIM_SKIPPING
    unit_bits: int = 16
    bits: int = 16
    frequency_mhz: float = 606
    memory: Memory = EDRAM
    technology: Technology = HOROWITZ_45

    def simulate(self, work: Work) -> Cost:
        work.require_integers(self.name(), widest=self.bits)
        operands, grid = work.values(self.name()), self.grid.composed(work, self.unit_bits)
        bits, signed = work.activation_width, work.signed_activation
        own = extents(operands.activation, bits, self.unit_bits, signed=signed, minor=False)
        needed = [(1 << one.top.to(torch.int32)) - 1 for one in own]
        cycles = _cycles(work, needed, grid, self.skipping, NO_WAITING)
        widths = [one.widths for one in own]
        return grid_cost(
            self,
            work,
            grid,
            cycles=cycles,
            operations=product_sum(sum(widths[1:], widths[0]), operands.weight != 0, work.loops)
            * ceil(work.weight_width / self.unit_bits),
            operation_pj=bit_pj(self.technology, self.unit_bits, self.grid.lanes),
        )

    def constants(self) -> dict[str, Constant]:
        operation_pj = bit_pj(self.technology, self.unit_bits, self.grid.lanes)
        return grid_constants("bit by a weight", operation_pj, self.frequency_mhz, self.technology)


def _cycles(work: Work, terms: list[Tensor], grid: Grid, skipping: WeightSkipping, first_stage_bits: int) -> int:
    """Of all runs and groups; ``terms`` are the bits of the activations' slices that take a cycle, in their shape."""
    loops, cycles = work.loops, 0
    schedules = tile_schedules(work.values("a schedule").weight, loops, grid, skipping)
    for run in range(work.runs):
        own = run % len(schedules.source)
        parts = [windows_of(part[run : run + 1], loops)[0] for part in terms]
        for group in range(loops.groups):
            taken = [blocks(windows[group], grid.lanes).flatten(1).T.contiguous() for windows in parts]
            source, emitted = schedules.source[own, group], schedules.emitted[own, group]
            filter_set, tile, step = rows = emitted.nonzero().unbind(1)
            remaining = source.flatten(0, 2) if emitted.all() else source[rows]
            found = [slowest_retirements(one, step, remaining, first_stage_bits) for one in taken]
            costs = reduce(torch.maximum, found)
            slowest = sets(costs, 1, grid.windows).amax(2).clamp_min(1)
            order = filter_set * emitted.shape[-1] + emitted.cumsum(-1)[rows] - 1
            of_tiles = slowest.new_zeros(len(emitted[0]), emitted[:, 0].numel(), slowest.shape[1])
            of_tiles[tile, order] = slowest
            of_steps = of_tiles.amax(0)
            if loops.fully_connected:
                cycles += staggered(of_steps[of_steps > 0][None], grid.windows)
            else:
                cycles += int(of_steps.sum(dtype=torch.int64))
    return cycles
