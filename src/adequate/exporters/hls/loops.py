"""Nests of loops with fixed bounds, and places in arrays that their counters give."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

Strides = Mapping[str, int]
"""How far a place moves with each counter."""


@dataclass(frozen=True)
class Loop:
    """A counter from 0 to ``size`` - 1."""

    counter: str
    size: int


def nest(loops: Sequence[Loop], body: Sequence[str], *, pipelined: bool = False) -> list[str]:
    """Lines inside loops, the last one innermost; a loop of one turn is left out, its counter being 0 in ``place``.

    ``pipelined``: the innermost loop begins a turn in every clock cycle.
    """
    lines, turning = list(body), [loop for loop in loops if loop.size != 1]
    if pipelined and turning:
        lines = ["HLS(PIPELINE II = 1)", *lines]
    for loop in reversed(turning):
        head = f"for (int {loop.counter} = 0; {loop.counter} < {loop.size}; ++{loop.counter}) {{"
        lines = [head, *(f"    {line}" for line in lines), "}"]
    return lines


def place(loops: Sequence[Loop], strides: Strides, start: int = 0) -> str:
    """The sum of start and counter * stride, over loops that turn.

    >>> place([Loop("i", 4), Loop("j", 3), Loop("k", 1)], {"i": 3, "j": 1, "k": 9})
    'i * 3 + j'
    """
    terms = [
        loop.counter if strides[loop.counter] == 1 else f"{loop.counter} * {strides[loop.counter]}"
        for loop in loops
        if loop.size != 1 and strides.get(loop.counter)
    ]
    if start > 0 or not terms:
        terms.append(str(start))
    return " + ".join(terms) + (f" - {-start}" if start < 0 else "")


def row_major(shape: Sequence[int]) -> list[int]:
    """How far apart neighbours of each dimension are."""
    return [prod(shape[d + 1 :]) for d in range(len(shape))]


def broadcast(shape: Sequence[int], to: Sequence[int]) -> list[int]:
    """The strides of an array that is repeated along its dimensions of size 1, and of those it has not."""
    own = [0 if size == 1 else stride for size, stride in zip(shape, row_major(shape), strict=True)]
    return [0] * (len(to) - len(shape)) + own


def merged(shape: Sequence[int], strides: Sequence[Sequence[int]]) -> tuple[list[Loop], list[Strides]]:
    """The fewest loops over a shape, and each array's strides in them: neighbours that all arrays hold without a gap
    are one loop.

    >>> merged((2, 3, 4), [(12, 4, 1), (0, 4, 1)])
    ([Loop(counter='i0', size=2), Loop(counter='i1', size=12)], [{'i0': 12, 'i1': 1}, {'i0': 0, 'i1': 1}])
    """
    sizes: list[int] = []
    steps: list[list[int]] = [[] for _ in strides]
    for d, size in enumerate(shape):
        if size == 1:
            continue
        if sizes and all(own[-1] == one[d] * size for own, one in zip(steps, strides, strict=True)):
            sizes[-1] *= size
            for own, one in zip(steps, strides, strict=True):
                own[-1] = one[d]
        else:
            sizes.append(size)
            for own, one in zip(steps, strides, strict=True):
                own.append(one[d])
    loops = [Loop(f"i{d}", size) for d, size in enumerate(sizes)]
    return loops, [{loop.counter: step for loop, step in zip(loops, own, strict=True)} for own in steps]
