"""Eyeriss: rows of filters stand still, rows of inputs pass diagonally and sums vertically."""

from dataclasses import dataclass
from functools import cache
from math import ceil
from typing import ClassVar

from adequate.accelerators.accelerator import AREA, Accelerator
from adequate.accelerators.compression import RunLength
from adequate.accelerators.cost import Cost
from adequate.accelerators.effectual import activated_macs
from adequate.accelerators.loop_nest import LoopNest
from adequate.accelerators.memory import Memory
from adequate.accelerators.reuse import Words
from adequate.accelerators.row_mapping import ALEXNET, RowArray, RowMapping, Shape, fetched_rows, strip_rows
from adequate.accelerators.technology import HOROWITZ_45, Constant, Technology
from adequate.accelerators.work import Work

ELEMENTS = RowArray()
BUFFER = Memory(100 << 10, 8 << 10, bits_per_cycle=64 * 90 / 200, activation_compression=RunLength())
"""108 KB, of which 8 KB stage weights; a link of 64 bits (not verified) at 90 MHz beside a core of 200 MHz."""

DIE = Constant(
    16, "mm2", "Eyeriss' die of 4 mm x 4 mm at 65 nm, as quoted in M. Lee's slides on JSSC 52(1)", verified=False
)

REGISTERS_BYTES = 512
"""An element's memories together, as the technologies know them: 448 + 24 + 48 bytes on the chip."""


@dataclass(frozen=True)
class RowStationary(Accelerator):
    """12 x 14 processing elements in sets of R kernel rows by ``e`` output rows; see ``RowMapping`` for the letters.

    * passes = images / n * M / (p t) * C / (q r) * E / e, every quotient rounded up; groups one after another
    * cycles = passes * n * p * q * F * S; active elements = R * e * r * t
    * buffer: inputs, padding included, once for every p t filters, sums written and read for every q r channels
    * DRAM: inputs once for every m filters, weights once for every n images and every strip of e rows, outputs once
    * a MAC reads input, weight and sum and writes the sum; one of an input known to be zero only reads that

    The buffer's traffic is that published for AlexNet in four layers of five, to the digit. Published mappings are
    taken for the ``mappings`` that are given, a rule of our own for other shapes (``RowArray.mapped``). Transfers are
    taken to overlap the computation wholly, on the chip they do in part; inputs cross compressed where their values
    are known, outputs never. An operation is a MAC. Refused: formats without integers or of more than ``bits``, and
    kernels that do not fit.

    Source: Chen et al., "Eyeriss", ISCA 2016 and JSSC 52(1), 2017; equations derived from its mapping.
    """

    reads_values: ClassVar[bool] = False
    has_multipliers: ClassVar[bool] = True
    elements: RowArray = ELEMENTS
    mappings: tuple[tuple[Shape, RowMapping], ...] = ALEXNET
    bits: int = 16
    frequency_mhz: float = 200
    memory: Memory = BUFFER
    technology: Technology = HOROWITZ_45

    def mapping(self, work: Work) -> RowMapping:
        """How a layer is laid out.

        Raises:
            ValueError: it does not fit.
        """
        loops = work.loops
        shape = Shape(loops.kernel, loops.stride, loops.channels, loops.filters, loops.output)
        published = dict(self.mappings).get(shape)
        if published is not None and self.elements.holds(loops, published):
            return published._replace(n=min(published.n, work.runs))
        found = _mapped(self.elements, loops, work.runs)
        if found is None:
            height, width = loops.kernel
            raise ValueError(
                f"layer {work.name!r}: a {height}x{width} kernel over {loops.size[1]} columns does not fit"
                f" {self.elements.rows}x{self.elements.columns} elements that hold {self.elements.input_words} inputs"
                f" each and a buffer of {self.elements.buffer_words} words"
            )
        return found

    def active(self, work: Work) -> int:
        """Processing elements in use."""
        mapping = self.mapping(work)
        return work.loops.kernel[0] * mapping.e * mapping.r * mapping.t

    def simulate(self, work: Work) -> Cost:
        work.require_integers(self.name(), widest=self.bits)
        loops, mapping = work.loops, self.mapping(work)
        strips, width = ceil(loops.output[0] / mapping.e), loops.size[1]
        passes = work.runs * loops.groups * strips * self._filter_sets(work) * self._channel_sets(work)
        cycles = passes * mapping.p * mapping.q * loops.output[1] * loops.kernel[1]
        words = self.words(work)
        buffer = words.inputs + words.sums
        held = mapping.q * (mapping.p * loops.kernel[1] / mapping.n + width)
        hops = passes * self.active(work) * held + words.sums / 2 * (loops.kernel[0] * mapping.r - 1)
        effectual = work.macs if work.operands is None else activated_macs(work)
        registers = work.macs + 3 * effectual

        word = self.bits / 8
        compute = Cost(
            macs=work.macs,
            operations=work.macs,
            capacity=cycles * self.elements.rows * self.elements.columns,
            cycles=cycles,
            traffic_bytes={"registers": word * registers, "array": word * hops, "buffer": word * buffer},
            energy_parts_pj={
                "compute": effectual * self.technology.mac_pj(self.bits, self.bits),
                "registers": self.technology.sram_pj(REGISTERS_BYTES, registers * self.bits),
                "array": hops * self.bits * self.technology.link.value,
                "buffer": self.technology.sram_pj(self.memory.activation_bytes, buffer * self.bits),
            },
        )
        weights, activations = self.memory.stored_bytes(work)
        fetched = ceil(loops.filters / mapping.m) * fetched_rows(loops, mapping.e) / loops.unpadded[0]
        outputs = ceil(loops.outputs * work.output_bits / 8)
        moved = weights * strips * ceil(work.runs / mapping.n) + work.runs * (activations * fetched + outputs)
        return self.memory.beside(compute, moved, self)

    def words(self, work: Work) -> Words:
        """Words between the buffer and the array in all runs; weights only pass through the buffer."""
        loops, mapping = work.loops, self.mapping(work)
        rows = loops.groups * loops.channels * strip_rows(loops, mapping.e)
        weights = loops.weights * ceil(loops.output[0] / mapping.e) * ceil(work.runs / mapping.n)
        inputs, sums = self._filter_sets(work) * rows * loops.size[1], 2 * self._channel_sets(work) * loops.outputs
        return Words(work.runs * inputs, weights, work.runs * sums)

    def _filter_sets(self, work: Work) -> int:
        mapping = self.mapping(work)
        return ceil(work.loops.filters / (mapping.p * mapping.t))

    def _channel_sets(self, work: Work) -> int:
        mapping = self.mapping(work)
        return ceil(work.loops.channels / (mapping.q * mapping.r))

    def constants(self) -> dict[str, Constant]:
        chip = "Chen et al., JSSC 2017, table IV as in github cucapra/fodlam@cde53fd"
        own = {
            "frequency": Constant(self.frequency_mhz, "MHz", f"{chip}: 100 to 250 MHz; tables at 200"),
            "elements": Constant(self.elements.rows * self.elements.columns, "", chip),
            "buffer": Constant(108, "KB", chip),
        }
        area = {AREA: DIE} if self.elements == ELEMENTS else {}
        return {**own, **area, **self.technology.constants()}


@cache
def _mapped(elements: RowArray, loops: LoopNest, images: int) -> RowMapping | None:
    return elements.mapped(loops, images)
