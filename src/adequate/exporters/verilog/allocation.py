"""Where each buffer lies in data memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Buffer:
    """So many elements, wanted from the instruction ``first`` to the instruction ``last``."""

    name: str
    size: int
    first: int
    last: int


def allocate(buffers: Sequence[Buffer]) -> Mapping[str, int]:
    """Each buffer's first address: the lowest one where no buffer lies that is wanted at the same time.

    Buffers are placed in the order given, so that the first ones lie one after the other from 0 on.

    >>> dict(allocate([Buffer("x", 4, 0, 1), Buffer("y", 2, 1, 2), Buffer("z", 3, 2, 3)]))
    {'x': 0, 'y': 4, 'z': 0}
    """
    placed: list[tuple[int, Buffer]] = []
    for one in buffers:
        beside = sorted((at, at + other.size) for at, other in placed if _meet(one, other))
        address = 0
        for begin, end in beside:
            if address + one.size <= begin:
                break
            address = max(address, end)
        placed.append((address, one))
    return {one.name: address for address, one in placed}


def _meet(a: Buffer, b: Buffer) -> bool:
    return a.first <= b.last and b.first <= a.last
