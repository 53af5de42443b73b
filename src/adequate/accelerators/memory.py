"""The off-chip side of an accelerator: what crosses, and how long it takes beside the computation."""

from dataclasses import dataclass, replace
from math import ceil

from adequate.accelerators.cost import Cost, added
from adequate.accelerators.work import Work


@dataclass(frozen=True, slots=True)
class Memory:
    """A DRAM behind two double-buffered memories on the chip; our own choice where a paper does not tell.

    Weights, activations and outputs cross once where the weights or the activations fit; else the one that makes the
    lesser traffic is read again for every part of the other: min(W + A ceil(W / weight_bytes), A + W ceil(A /
    activation_bytes)) + outputs. Transfers overlap the computation: cycles = max(computation, transfer).
    """

    activation_bytes: int
    weight_bytes: int
    bits_per_cycle: float

    def around(self, work: Work, compute: Cost, *, frequency_hz: float, dram_pj_per_bit: float) -> Cost:
        """A layer's whole cost: its computation, and the transfers beside it."""
        moved = work.runs * self.moved_bytes(work)
        cycles = max(compute.cycles, ceil(8 * moved / self.bits_per_cycle))
        return replace(
            compute,
            cycles=cycles,
            seconds=cycles / frequency_hz,
            traffic_bytes=added(compute.traffic_bytes, {"dram": moved}),
            energy_parts_pj=added(compute.energy_parts_pj, {"dram": 8 * moved * dram_pj_per_bit}),
        )

    def moved_bytes(self, work: Work) -> float:
        """Bytes that one run moves."""
        loops = work.loops
        weights, inputs, outputs = (
            ceil(count * bits / 8)
            for count, bits in (
                (loops.weights, work.weight_bits),
                (loops.inputs, work.activation_bits),
                (loops.outputs, work.output_bits),
            )
        )
        once = weights + inputs
        again = min(
            weights + inputs * ceil(weights / self.weight_bytes),
            inputs + weights * ceil(inputs / self.activation_bytes),
        )
        return max(once, again) + outputs
