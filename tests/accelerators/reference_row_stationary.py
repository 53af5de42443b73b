"""Eyeriss pass by pass: strips of output rows, sets of filters and of channels, images n at a time."""

from adequate.accelerators.row_mapping import RowMapping
from adequate.accelerators.work import Work


def passes(work: Work, mapping: RowMapping) -> tuple[int, int, int]:
    """Cycles, words from and to the buffer, and words from the DRAM but for the outputs, of all runs."""
    loops = work.loops
    (height, width), (rows, columns) = loops.size, loops.output
    top, _, left, _ = loops.padding
    real_rows = range(top, top + loops.unpadded[0])
    cycles = buffer = 0
    fetched = 0
    for first_image in range(0, work.runs, mapping.n):
        images = min(mapping.n, work.runs - first_image)
        for _ in range(loops.groups):
            for strip in range(0, rows, mapping.e):
                read = {
                    y * loops.stride[0] + r * loops.dilation[0]
                    for y in range(strip, min(strip + mapping.e, rows))
                    for r in range(loops.kernel[0])
                }
                spanned = range(min(read), max(read) + 1)
                real = [y for y in spanned if y in real_rows]
                for _ in range(0, loops.filters, mapping.m):
                    fetched += images * loops.channels * len(real) * loops.unpadded[1]
                fetched += loops.filters * loops.channels * loops.taps
                for first in range(0, loops.filters, mapping.p * mapping.t):
                    filters = min(mapping.p * mapping.t, loops.filters - first)
                    for channel in range(0, loops.channels, mapping.q * mapping.r):
                        channels = min(mapping.q * mapping.r, loops.channels - channel)
                        cycles += images * mapping.q * mapping.p * columns * loops.kernel[1]
                        buffer += images * channels * len(spanned) * width
                        buffer += 2 * images * filters * min(mapping.e, rows - strip) * columns
    assert left + loops.unpadded[1] <= width
    assert top + loops.unpadded[0] <= height
    return cycles, buffer, fetched
