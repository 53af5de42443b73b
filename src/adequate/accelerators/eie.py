"""EIE: a compressed matrix times a vector, zeros of both left out."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from adequate.accelerators.accelerator import AREA, Accelerator
from adequate.accelerators.cost import Cost
from adequate.accelerators.steps import filters_of, windows_of
from adequate.accelerators.technology import Constant
from adequate.accelerators.work import Work

ELEMENT_MW = Constant(9.157, "mW", "EIE, Han et al., ISCA 2016, 45 nm, as transcribed in github cucapra/fodlam@cde53fd")
ELEMENT_UM2 = Constant(638024, "um2", "EIE, Han et al., ISCA 2016, as transcribed in github cucapra/fodlam@cde53fd")
ENTRY_BITS = 8
"""A 4-bit code of a shared weight and a 4-bit count of zeros: Han et al., ISCA 2016; not verified."""
_EIE = "EIE, Han et al., ISCA 2016"


@dataclass(frozen=True)
class EIE(Accelerator):
    """``elements`` processing elements, of which each holds every ``elements``-th row of the matrix, all on the chip.

    A nonzero activation is broadcast a cycle, unless an element's queue of ``depth`` of them is full. For it an element
    spends a cycle on each entry that it holds of the activation's column: its nonzero weights, and a zero for every
    2^index_bits zeros between them, as an entry has the number of zeros before it in ``index_bits`` bits.

    Vectors and groups run one after another: it takes fully connected layers, matrix products and convolutions with a
    kernel of 1 x 1, or with one window. An operation is a product of two nonzero operands. Weights are taken to be
    shared among few values, which no cycle depends on. The energy is the published power of an element, busy or not,
    at the published node: no other technology can be chosen. Nothing crosses the chip's border (assumed).

    Source: Han et al., "EIE: Efficient Inference Engine on Compressed Deep Neural Network", ISCA 2016. The power is
    verified; elements, frequency, depth, index and the size of an element's memory are not.
    """

    reads_values: ClassVar[bool] = True
    has_multipliers: ClassVar[bool] = False
    elements: int = 64
    depth: int = 8
    index_bits: int = 4
    entries_held: int = 131072
    bits: int = 16
    frequency_mhz: float = 800
    element_mw: float = ELEMENT_MW.value

    def simulate(self, work: Work) -> Cost:
        work.require_integers(self.name(), widest=self.bits)
        operands, loops = work.values(self.name()), work.loops
        if loops.windows > 1 and loops.taps > 1:
            raise ValueError(
                f"layer {work.name!r}: {self.name()} multiplies matrices by vectors; it has no mapping for a kernel of"
                f" {loops.kernel[0]} x {loops.kernel[1]} in {loops.windows} windows"
            )
        matrices = filters_of(operands.weight, loops).flatten(3)
        vectors = windows_of(operands.activation, loops).flatten(3)
        cycles, entries, products = 0, 0, 0
        for run in range(work.runs):
            for group in range(loops.groups):
                matrix, vector = matrices[run % len(matrices), group], vectors[run, group]
                table = self._entries(matrix)
                self._require_room(work.name, table)
                cycles += self._cycles(table, vector)
                used = torch.count_nonzero(vector, 0)
                entries += int((table.sum(0) * used).sum())
                products += int((torch.count_nonzero(matrix, 0) * used).sum())
        seconds = cycles / (self.frequency_mhz * 1e6)
        return Cost(
            macs=work.macs,
            operations=products,
            capacity=cycles * self.elements,
            cycles=cycles,
            seconds=seconds,
            traffic_bytes={"buffer": entries * ENTRY_BITS / 8},
            energy_parts_pj={"elements": self.elements * self.element_mw * 1e9 * seconds},
        )

    def constants(self) -> dict[str, Constant]:
        return {
            "power of an element": ELEMENT_MW,
            "area of an element": ELEMENT_UM2,
            AREA: Constant(self.elements * ELEMENT_UM2.value * 1e-6, "mm2", f"the elements: {ELEMENT_UM2.source}"),
            "elements": Constant(self.elements, "", _EIE, verified=False),
            "frequency": Constant(self.frequency_mhz, "MHz", _EIE, verified=False),
            "queue": Constant(self.depth, "activations", _EIE, verified=False),
            "memory of an element": Constant(self.entries_held, "entries", _EIE, verified=False),
        }

    def _entries(self, matrix: Tensor) -> Tensor:
        """What every element holds of each column, int64 (elements, columns)."""
        rows, columns = matrix.shape
        nonzero = torch.nn.functional.pad(matrix != 0, (0, 0, 0, -rows % self.elements))
        nonzero = nonzero.reshape(-1, self.elements, columns)
        places = torch.where(nonzero, torch.arange(len(nonzero))[:, None, None], -1)
        last = torch.cat((places.new_full((1, *places.shape[1:]), -1), places.cummax(0).values[:-1]))
        return torch.where(nonzero, ((places - last - 1) >> self.index_bits) + 1, 0).sum(0)

    def _require_room(self, name: str, table: Tensor) -> None:
        most = int(table.sum(1).max())
        if most > self.entries_held:
            raise ValueError(
                f"layer {name!r}: one of {self.name()}'s elements would hold {most} entries of the matrix, and holds"
                f" {self.entries_held} at most; prune it, or take more elements"
            )

    def _cycles(self, table: Tensor, vectors: Tensor) -> int:
        """Of all vectors (n, columns), ``depth`` broadcasts at a time.

        b[k] = max(b[k-1] + 1, when all have finished k - depth); an element finishes k at max(b[k], k-1 finished) +
        entries, which is a running maximum when the entries so far are taken off.
        """
        nonzero = vectors.ne(0).numpy()
        counts = nonzero.sum(1)
        order = np.argsort(~nonzero, axis=1, kind="stable")[:, : counts.max(initial=0)]
        found, entries = np.zeros(len(order), np.int64), table.numpy()
        finished = np.zeros((len(order), self.elements), np.int64)
        start, room = np.zeros((len(order), 1), np.int64), np.zeros((len(order), self.depth), np.int64)
        for first in range(0, order.shape[1], self.depth):
            own = entries[:, order[:, first : first + self.depth]].swapaxes(0, 1)  # (vectors, elements, broadcasts)
            turn = np.arange(own.shape[2])
            issued = turn + np.maximum(start, np.maximum.accumulate(room[:, : len(turn)] - turn, axis=1))
            so_far = own.cumsum(2)
            waited = np.maximum.accumulate(issued[:, None] - (so_far - own), axis=2)
            done = so_far + np.maximum(finished[..., None], waited)
            finished, start, room = done[..., -1], issued[:, -1:] + 1, done.max(1)
            last = (counts > first) & (counts <= first + self.depth)
            at = (counts[last] - first - 1)[:, None]
            ends = (np.take_along_axis(one[last], at, 1)[:, 0] for one in (room, issued + 1))
            found[last] = np.maximum(*ends)
        return int(found.sum())
