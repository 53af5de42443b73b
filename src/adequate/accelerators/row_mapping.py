"""How Eyeriss lays a convolution out: which rows, channels and filters its array holds at a time."""

from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

import numpy as np

from adequate.accelerators.loop_nest import LoopNest


class RowMapping(NamedTuple):
    """The parameters of a mapping by the paper's letters (Chen et al., JSSC 2017, table I)."""

    m: int
    """Filters of which the buffer holds the sums."""
    n: int
    """Images in a pass."""
    e: int
    """Rows of the output in a pass: the width of a set of processing elements."""
    p: int
    """Filters in a processing element."""
    q: int
    """Channels in a processing element."""
    r: int
    """Sets that work on different channels."""
    t: int
    """Sets that work on different filters."""


class Shape(NamedTuple):
    """What a published mapping is known by."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    channels: int
    filters: int
    output: tuple[int, int]


ALEXNET = (
    (Shape((11, 11), (4, 4), 3, 96, (55, 55)), RowMapping(96, 1, 7, 16, 1, 1, 2)),
    (Shape((5, 5), (1, 1), 48, 128, (27, 27)), RowMapping(64, 1, 27, 16, 2, 1, 1)),
    (Shape((3, 3), (1, 1), 256, 384, (13, 13)), RowMapping(64, 4, 13, 16, 4, 1, 4)),
    (Shape((3, 3), (1, 1), 192, 192, (13, 13)), RowMapping(64, 4, 13, 16, 3, 2, 2)),
    (Shape((3, 3), (1, 1), 192, 128, (13, 13)), RowMapping(64, 4, 13, 16, 3, 2, 2)),
)
"""AlexNet's convolutions on 12 x 14 elements (Chen et al., JSSC 2017), those of one group."""


@dataclass(frozen=True)
class RowArray:
    """What holds a mapping: ``rows`` by ``columns`` elements, words in each element's memories and in the buffer."""

    rows: int = 12
    columns: int = 14
    filter_words: int = 224
    input_words: int = 12
    sum_words: int = 24
    buffer_words: int = 51200
    link_words: float = 1.8
    """Words a cycle across the chip's edge: 64 bits at 90 MHz beside a core of 200 MHz."""

    def holds(self, loops: LoopNest, mapping: RowMapping) -> bool:
        """Whether a mapping fits the elements' memories, the array and the buffer."""
        span = loops.dilation[1] * (loops.kernel[1] - 1) + 1
        return (
            mapping.q * span <= self.input_words
            and mapping.p <= self.sum_words
            and mapping.p * mapping.q * loops.kernel[1] <= self.filter_words
            and mapping.r * mapping.t <= self.sets(loops.kernel[0], mapping.e)
            and self.needed_words(loops, mapping) <= self.buffer_words
        )

    def sets(self, kernel_rows: int, e: int) -> int:
        """Sets of ``kernel_rows`` by ``e`` elements that fit; one wider than the array is folded in several rows."""
        high = self.rows // kernel_rows
        return high * (self.columns // e) if e <= self.columns else high // ceil(e / self.columns)

    def needed_words(self, loops: LoopNest, mapping: RowMapping) -> int:
        """Words in the buffer: inputs of the pass' channels, sums of ``m`` filters."""
        inputs = mapping.q * mapping.r * rows_under(loops, mapping.e) * loops.size[1]
        return mapping.n * (inputs + mapping.m * mapping.e * loops.output[1])

    def mapped(self, loops: LoopNest, images: int) -> RowMapping | None:
        """The mapping of the least energy-delay product, waiting for the DRAM included; None if none fits.

        Energies are Eyeriss' normalised ones: 5 for a MAC and its registers, 6 and 200 for a word of buffer and DRAM.
        ``n`` is tried at powers of two. A rule of ours; the paper optimises energy.
        """
        best: tuple[float, RowMapping] | None = None
        for e in dict.fromkeys(ceil(loops.output[0] / strips) for strips in range(1, loops.output[0] + 1)):
            for n in dict.fromkeys((*(1 << power for power in range((images - 1).bit_length())), images)):
                found = self._of_strips(loops, e, n, images)
                if found is not None and (best is None or found[0] < best[0]):
                    best = found
        return None if best is None else best[1]

    def _of_strips(self, loops: LoopNest, e: int, n: int, images: int) -> tuple[float, RowMapping] | None:
        """The best mapping of ``e`` and ``n`` with its energy-delay product, if there is one."""
        sets = self.sets(loops.kernel[0], e)
        span = loops.dilation[1] * (loops.kernel[1] - 1) + 1
        most_q, most_p = min(loops.channels, self.input_words // span), min(loops.filters, self.sum_words)
        if not (sets and most_q and most_p):
            return None
        t = np.unique(sets // np.arange(1, sets + 1))[:, None, None]
        r, q, p = sets // t, np.arange(1, most_q + 1)[:, None], np.arange(1, most_p + 1)
        inputs = n * q * r * rows_under(loops, e) * loops.size[1]
        held = (self.buffer_words - inputs) // (n * e * loops.output[1])
        m = np.minimum(held, loops.filters + p * t - 1) // (p * t) * (p * t)
        fits = (p * q * loops.kernel[1] <= self.filter_words) & (m >= p * t)
        if not fits.any():
            return None
        m = np.where(fits, m, 1)
        strips = ceil(loops.output[0] / e)
        filter_sets, channel_sets = -(-loops.filters // (p * t)), -(-loops.channels // (q * r))
        cycles = filter_sets * channel_sets * p * q * strips * loops.output[1] * loops.kernel[1]
        buffer = filter_sets * loops.channels * strip_rows(loops, e) * loops.size[1]
        buffer = buffer + 2 * channel_sets * loops.filters * loops.windows
        real = loops.inputs / loops.groups * fetched_rows(loops, e) / loops.unpadded[0]
        dram = real * -(-loops.filters // m) + loops.filters * loops.windows
        dram = dram + loops.weights / loops.groups * strips * ceil(images / n) / images
        energy = 5 * loops.macs / loops.groups + 6 * buffer + 200 * dram
        product = np.where(fits, energy * np.maximum(cycles, dram / self.link_words), np.inf)
        at = np.unravel_index(product.argmin(), fits.shape)
        chosen = [int(np.broadcast_to(one, fits.shape)[at]) for one in (m, p, q, r, t)]
        return float(product[at]), RowMapping(chosen[0], n, e, *chosen[1:])


def rows_under(loops: LoopNest, e: int) -> int:
    """Rows of the input, padding included, that ``e`` rows of the output read."""
    return (e - 1) * loops.stride[0] + loops.dilation[0] * (loops.kernel[0] - 1) + 1


def strip_rows(loops: LoopNest, e: int) -> int:
    """Rows of the input, padding included, that all strips of ``e`` rows of the output read."""
    strips, left = divmod(loops.output[0], e)
    return strips * rows_under(loops, e) + (rows_under(loops, left) if left else 0)


def fetched_rows(loops: LoopNest, e: int) -> int:
    """Rows of the input, without padding, that all strips of ``e`` rows of the output read."""
    top, height = loops.padding[0], loops.unpadded[0]
    rows = 0
    for first in range(0, loops.output[0], e):
        begin = first * loops.stride[0]
        end = begin + rows_under(loops, min(e, loops.output[0] - first))
        rows += max(0, min(end, top + height) - max(begin, top))
    return rows
