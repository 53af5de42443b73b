"""ZASCAD and ZASCAS cycle by cycle: a stream of inputs, one filter's row at a time, as the slides word it."""

from adequate.accelerators.work import Work


def cycles(work: Work, pes: int, *, skips: bool) -> tuple[int, int]:
    """Cycles and the products that are done in them, of all runs."""
    loops = work.loops
    operands = work.operands
    assert operands is not None
    (height, width), (step_y, step_x), (dil_y, dil_x) = loops.kernel, loops.stride, loops.dilation
    rows, columns = loops.output
    together = pes // -(-width // step_x)
    spent, products = 0, 0
    for image in operands.activation.tolist():
        for group in range(loops.groups):
            for first in range(0, loops.filters, together):
                held = range(first, min(first + together, loops.filters))
                for c in range(loops.channels):
                    plane = image[group * loops.channels + c]
                    for r in range(height):
                        for y in range(rows):
                            line = plane[y * step_y + r * dil_y]
                            taken = {
                                x: [(w, s) for w in range(columns) for s in range(width) if w * step_x + s * dil_x == x]
                                for x in range(len(line))
                            }
                            for x in range(max(at for at, uses in taken.items() if uses) + 1):
                                if skips and line[x] == 0:
                                    continue
                                spent += 1
                                products += len(held) * len(taken[x])
    return spent, products
