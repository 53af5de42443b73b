"""The off-chip side of an accelerator: what crosses, and how long it takes beside the computation."""

from dataclasses import dataclass, replace
from math import ceil
from typing import Any, Protocol

from torch import Tensor

from adequate.accelerators.compression import UNCOMPRESSED, Compression
from adequate.accelerators.cost import Cost, added
from adequate.accelerators.technology import Technology
from adequate.accelerators.work import LayerOperands, Work


class ClockedMachine(Protocol):
    """A machine with one clock, in one technology."""

    @property
    def frequency_mhz(self) -> float: ...
    @property
    def technology(self) -> Technology: ...


@dataclass(frozen=True, slots=True)
class Memory:
    """A DRAM behind two double-buffered memories on the chip; our own choice where a paper does not tell.

    Weights, activations and outputs cross once where the weights or the activations fit; else the one that makes the
    lesser traffic is read again for every part of the other: min(W + A ceil(W / weight_bytes), A + W ceil(A /
    activation_bytes)) + outputs. Transfers overlap the computation: cycles = max(computation, transfer).

    Operands are compressed where their values are known, without padding; outputs, of which they are not, never.
    """

    activation_bytes: int
    weight_bytes: int
    bits_per_cycle: float
    activation_compression: Compression = UNCOMPRESSED
    weight_compression: Compression = UNCOMPRESSED

    def around(self, work: Work, compute: Cost, machine: ClockedMachine) -> Cost:
        """A layer's whole cost: its computation on the machine, and the transfers beside it."""
        return self.beside(compute, work.runs * self.moved_bytes(work), machine)

    def beside(self, compute: Cost, moved_bytes: float, machine: ClockedMachine) -> Cost:
        """The cost of a computation with so many bytes moved beside it."""
        cycles = max(compute.cycles, ceil(8 * moved_bytes / self.bits_per_cycle))
        return replace(
            compute,
            cycles=cycles,
            seconds=cycles / (machine.frequency_mhz * 1e6),
            traffic_bytes=added(compute.traffic_bytes, {"dram": moved_bytes}),
            energy_parts_pj=added(
                compute.energy_parts_pj, {"dram": 8 * moved_bytes * machine.technology.dram_pj_per_bit}
            ),
        )

    def moved_bytes(self, work: Work) -> float:
        """Bytes that one run moves."""
        weights, inputs = self.stored_bytes(work)
        once = weights + inputs
        again = min(
            weights + inputs * ceil(weights / self.weight_bytes),
            inputs + weights * ceil(inputs / self.activation_bytes),
        )
        return max(once, again) + ceil(work.loops.outputs * work.output_bits / 8)

    def stored_bytes(self, work: Work) -> tuple[float, float]:
        """Bytes of the weights and of the activations of one run; where they are known, the mean over the runs."""
        loops = work.loops
        if work.operands is None:
            return ceil(loops.weights * work.weight_bits / 8), ceil(loops.inputs * work.activation_bits / 8)
        weight, activation = work.operands.weight, unpadded(work.operands, work)
        return (
            ceil(self.weight_compression.stored_bits(weight, work.weight_bits) / 8) / len(weight),
            ceil(self.activation_compression.stored_bits(activation, work.activation_bits) / 8) / len(activation),
        )


def bytes_per_second(machine: Any) -> float | None:
    """The bandwidth of a machine's off-chip link; None where its model has none."""
    memory: Memory | None = getattr(machine, "memory", None)
    return None if memory is None else memory.bits_per_cycle / 8 * machine.frequency_mhz * 1e6


def unpadded(operands: LayerOperands, work: Work) -> Tensor:
    """The activations as they are stored: (runs, channels, height, width) without padding."""
    top, _, left, _ = work.loops.padding
    height, width = work.loops.unpadded
    return operands.activation[:, :, top : top + height, left : left + width]
