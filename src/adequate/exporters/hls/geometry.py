"""Which elements of the operands meet in a sum of products, as loops."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from adequate.exporters.hls.loops import Loop, Strides, broadcast, row_major
from adequate.exporters.hls.scope import Scope
from adequate.kernels.columns import Window
from adequate.program.steps import Contract, Convolve

MOST_SUMS = 4096
"""Sums that one turn of the outer loops makes: 16 KiB of 32-bit integers, which fit the usual first cache of 32 KiB."""


@dataclass(frozen=True)
class Geometry:
    """Loops over outputs (``outer``), over what is summed, and over outputs of one row of weights (``inner``).

    ``output`` says how far the index of each of its dimensions moves with each counter.
    """

    outer: tuple[Loop, ...]
    summed: tuple[Loop, ...]
    inner: tuple[Loop, ...]
    x: Strides
    w: Strides
    output: tuple[Strides, ...]

    def of_output(self, strides: Sequence[int]) -> Strides:
        """The counters' strides in an array with these strides for the output's dimensions."""
        found: dict[str, int] = {}
        for stride, moved in zip(strides, self.output, strict=True):
            for counter, step in moved.items():
                found[counter] = found.get(counter, 0) + stride * step
        return found


def convolution(
    step: Convolve, scope: Scope, most: int = MOST_SUMS
) -> tuple[Geometry, tuple[int, ...], tuple[tuple[int, int], ...]]:
    """The loops, the shape of the padded input and the padding of all of its dimensions."""
    weight, output, groups = scope.shape(step.w), step.value.shape, step.window.groups
    channels, *sizes = scope.shape(step.x)[1:]
    padded = (1, channels, *(n + sum(pad) for n, pad in zip(sizes, step.window.padding, strict=True)))
    x, w = row_major(padded), row_major(weight)
    dims = range(len(sizes))
    outer = (Loop("g", groups), Loop("o", weight[0] // groups))
    summed = (Loop("c", weight[1]), *(Loop(f"k{d}", weight[2 + d]) for d in dims))
    inner = tuple(Loop(f"p{d}", output[2 + d]) for d in dims)
    window: Window = step.window
    x_strides = {"g": weight[1] * x[1], "c": x[1]}
    x_strides |= {f"k{d}": window.dilation[d] * x[2 + d] for d in dims}
    x_strides |= {f"p{d}": window.stride[d] * x[2 + d] for d in dims}
    w_strides = {"g": weight[0] // groups * w[0], "o": w[0], "c": w[1]} | {f"k{d}": w[2 + d] for d in dims}
    channel = {"g": weight[0] // groups, "o": 1}
    while inner and prod(loop.size for loop in inner) > most:
        outer, inner = (*outer, inner[0]), inner[1:]
    moved = ({}, channel, *({f"p{d}": 1} for d in dims))
    return Geometry(outer, summed, inner, x_strides, w_strides, moved), padded, ((0, 0), (0, 0), *window.padding)


def contraction(step: Contract, scope: Scope) -> Geometry:
    """A loop over each label: those of the output outside, those that are summed inside, the last one fastest."""
    one = step.contraction
    sizes = one.sizes(scope.shape(step.x), scope.shape(step.w))
    counters = {label: f"l{at}" for at, label in enumerate(sizes)}

    def strides(labels: Sequence[str], shape: Sequence[int]) -> Strides:
        found: dict[str, int] = {}
        for label, stride in zip(labels, broadcast(shape, shape), strict=True):
            found[counters[label]] = found.get(counters[label], 0) + stride
        return found

    loops = {label: Loop(counters[label], size) for label, size in sizes.items()}
    return Geometry(
        tuple(loops[label] for label in one.output),
        tuple(loops[label] for label in one.summed),
        (),
        strides(one.left, scope.shape(step.x)),
        strides(one.right, scope.shape(step.w)),
        tuple({counters[label]: 1} for label in one.output),
    )
