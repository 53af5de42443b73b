"""SCNN: zeros of both operands are left out, and every activation left meets every weight left."""

from dataclasses import dataclass, replace
from math import ceil
from typing import ClassVar

import torch
from torch import Tensor

from adequate.accelerators.accelerator import Accelerator
from adequate.accelerators.cartesian import Elements, Multiplied, multiplied
from adequate.accelerators.compression import RunLength
from adequate.accelerators.cost import Cost
from adequate.accelerators.loop_nest import LoopNest
from adequate.accelerators.memory import Memory
from adequate.accelerators.technology import HOROWITZ_45, Constant, Technology
from adequate.accelerators.work import Work

RAMS = Memory(
    activation_bytes=64 * 10 << 10,
    weight_bytes=64 * 500,
    bits_per_cycle=400,
    activation_compression=RunLength(run_bits=4, pairs=1),
    weight_compression=RunLength(run_bits=4, pairs=1),
)
"""10 KB of activations and 500 bytes of weights an element, zeros counted in 4 bits, 50 GB/s at 1 GHz.

Parashar et al., ISCA 2017; not verified.
"""

FOLD = 16
"""A vector of channels is folded into squares of this side (github isakedo/DNNsim@4748a60, verified)."""

ACTIVATION_BYTES, WEIGHT_BYTES = 10 << 10, 512
"""An element's memories: Parashar et al., ISCA 2017, which has 500 bytes of weights; not verified."""
SUM_BITS, BANK_BYTES = 24, 576
"""A sum (Parashar et al., ISCA 2017; not verified), and the memory it is read from: 6144 of them in 32 banks."""


@dataclass(frozen=True)
class SCNN(Accelerator):
    """``tiles`` processing elements, each of ``inputs`` by ``weights`` multipliers and ``accumulators`` in ``banks``.

    Every element owns a tile of the padded activations, one channel after another; it multiplies ``inputs`` of its
    nonzero activations by ``weights`` nonzero weights of Kc filters a step, whatever outputs that makes, and products
    for the same bank wait:

        Kc = floor(accumulators / outputs of a tile)
        cycles = sum over blocks of Kc filters (sum over channels max over elements sum over steps
                 max(1, most products in a bank) + halo)
        halo = largest region of sums that a tile gives to a neighbour * filters of the block

    The region's sides are kernel - 1 - padding, the tile's, and padding. A matrix times a vector is folded into
    channels of 16 x 16 and one window over all of them, 256 elements at most with work: very inefficient, as in the
    source. Groups run one after another. An operation is a product of two nonzero operands that has an output.

    Source: Parashar et al., "SCNN", ISCA 2017; the steps as DNNsim, github isakedo/DNNsim@4748a60 (verified), which
    counts the phases of a strided layer from the unpadded corner in padded coordinates; here they are such that every
    product has the output that it belongs to.
    """

    reads_values: ClassVar[bool] = True
    has_multipliers: ClassVar[bool] = True
    tiles: tuple[int, int] = (8, 8)
    inputs: int = 4
    weights: int = 4
    accumulators: int = 6144
    banks: int = 32
    bits: int = 16
    frequency_mhz: float = 1000
    memory: Memory = RAMS
    technology: Technology = HOROWITZ_45

    def simulate(self, work: Work) -> Cost:
        work.require_integers(self.name(), widest=self.bits)
        operands, loops = work.values(self.name()), work.loops
        activation = operands.activation.reshape(work.runs, loops.groups, loops.channels, *loops.size)
        shape = (loops.groups, loops.filters, loops.channels, *loops.kernel)
        weight = operands.weight.reshape(-1, *shape).expand(work.runs, *shape)
        if loops.size == (1, 1):
            loops, activation, weight = _folded(loops, activation, weight)
        block = self._filters_held(work.name, loops)
        found = [
            multiplied(
                a,
                w,
                Elements(self.tiles, self.inputs, self.weights, self.banks),
                stride=loops.stride,
                dilation=loops.dilation,
                output=loops.output,
                block=block,
            )
            for a, w in zip(activation.flatten(0, 1), weight.flatten(0, 1), strict=True)
        ]
        spent = Multiplied(*map(sum, zip(*found, strict=True)))
        cycles = spent.cycles + work.runs * loops.groups * loops.filters * self._halo(loops)
        reads = int(torch.count_nonzero(activation)) * ceil(loops.filters / block)
        compute = replace(
            self._on_chip(spent, reads),
            macs=work.macs,
            operations=spent.products,
            capacity=cycles * self.tiles[0] * self.tiles[1] * self.inputs * self.weights,
            cycles=cycles,
        )
        return self.memory.around(work, compute, self)

    def constants(self) -> dict[str, Constant]:
        frequency = Constant(self.frequency_mhz, "MHz", "Parashar et al., ISCA 2017", verified=False)
        return {"frequency": frequency, **self.technology.constants()}

    def _filters_held(self, name: str, loops: LoopNest) -> int:
        rows, columns = (ceil(size / tiles) for size, tiles in zip(loops.output, self.tiles, strict=True))
        if rows * columns > self.accumulators:
            raise ValueError(
                f"layer {name!r}: {self.name()} holds {self.accumulators} sums in an element; this layer's tile has"
                f" {rows} x {columns} outputs"
            )
        return self.accumulators // (rows * columns)

    def _halo(self, loops: LoopNest) -> int:
        """Sums of one filter in the largest region that lies in a neighbour's tile."""
        (top, _, left, _), sides = loops.padding, list[tuple[int, int, int]]()
        for at, before in enumerate((top, left)):
            reach = loops.dilation[at] * (loops.kernel[at] - 1)
            sides.append((max(reach - before, 0), ceil(loops.size[at] / self.tiles[at]), before))
        regions = [sides[0][i] * sides[1][j] for i in range(3) for j in range(3) if (i, j) != (1, 1)]
        return max(regions)

    def _on_chip(self, spent: Multiplied, reads: int) -> Cost:
        """A step reads a vector of weights, a product reads a sum and writes it."""
        technology = self.technology
        sums = spent.products * SUM_BITS
        words = spent.steps * self.weights * self.bits, reads * self.bits
        return Cost(
            traffic_bytes={"buffer": (sum(words) + 2 * sums) / 8},
            energy_parts_pj={
                "compute": spent.products * technology.mac_pj(self.bits, self.bits),
                "buffer": technology.sram_pj(WEIGHT_BYTES, words[0])
                + technology.sram_pj(ACTIVATION_BYTES, words[1])
                + technology.sram_pj(BANK_BYTES, sums)
                + technology.sram_pj(BANK_BYTES, sums, write=True),
            },
        )


def _folded(loops: LoopNest, activation: Tensor, weight: Tensor) -> tuple[LoopNest, Tensor, Tensor]:
    """A matrix times a vector as a convolution of one window, channels filled up with zeros."""
    square = (FOLD, FOLD)
    missing = -loops.channels % FOLD**2
    a, w = (
        torch.nn.functional.pad(x.flatten(-3), (0, missing)).unflatten(-1, (-1, *square)) for x in (activation, weight)
    )
    return replace(loops, channels=a.shape[2], size=square, kernel=square), a, w
