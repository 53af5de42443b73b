"""Slots of a design that hold the same numbers: what one layer writes, another reads."""

from collections.abc import Iterable

from adequate.design import Design
from adequate.exploration.slots import Slot
from adequate.network import Layer, Network

IMAGE = ""
"""Stands for the network's own input; no layer is called so."""


def one_format_per_add(network: Network, start: Design) -> Design:
    """``start`` with one output format for all layers that write what one addition adds: the one that reaches furthest.

    Additions that read each other's results are one.
    """
    groups = _Groups()
    for layer in network.layers:
        if layer.operation == "add":
            groups.join((name, "output") for name in _writers(network, start, layer.inputs) - {IMAGE})
    for slots in groups.found():
        formats = [start[name].output for name, _ in slots]
        furthest = max((one for one in formats if one is not None), key=lambda one: (one.maximum, one.bits))
        start = start.with_layers([name for name, _ in slots], output=furthest)
    return start


def width_ties(network: Network, start: Design) -> tuple[tuple[tuple[Slot, ...], ...], frozenset[Slot]]:
    """The slots on either side of an edge, edges that an addition joins together; and those that read the image.

    Between a layer that writes and one that reads there may be others that have no output format, such as pooling.
    """
    groups, images = _Groups(), set[Slot]()
    for layer in network.layers:
        for slot, read in _reads(layer):
            writers = _writers(network, start, read)
            here = {(layer.name, slot)} if getattr(start[layer.name], slot) is not None else set[Slot]()
            if writers == {IMAGE}:
                images |= here
            if here or layer.operation == "add":
                groups.join([*((name, "output") for name in writers - {IMAGE}), *here])
    return groups.found(), frozenset(images)


def _reads(layer: Layer) -> list[tuple[str, tuple[str, ...]]]:
    """The slots a layer reads activations with, and what it reads with each."""
    if layer.multiplies and layer.weight is None and len(layer.inputs) == 2:
        return [("input", layer.inputs[:1]), ("weight", layer.inputs[1:])]
    return [("input", layer.inputs)]


def _writers(network: Network, start: Design, names: Iterable[str]) -> set[str]:
    """The nearest layers before that have an output format, and ``IMAGE``; none behind a sum without one."""
    found, open_, seen = set[str](), list(names), set[str]()
    while open_:
        name = open_.pop()
        if name in seen:
            continue
        seen.add(name)
        if name not in network:
            found.add(IMAGE)
        elif start[name].output is not None:
            found.add(name)
        elif not network[name].multiplies:
            open_ += network[name].inputs
    return found


class _Groups:
    """Sets of slots that have been joined, in the order of their first."""

    def __init__(self) -> None:
        self._of: dict[Slot, list[Slot]] = {}

    def join(self, slots: Iterable[Slot]) -> None:
        """Puts these, and all they were joined with, into one group."""
        together = list(dict.fromkeys(other for slot in sorted(slots) for other in self._of.get(slot, [slot])))
        for slot in together:
            self._of[slot] = together

    def found(self) -> tuple[tuple[Slot, ...], ...]:
        """The groups of two or more."""
        return tuple(dict.fromkeys(tuple(sorted(group)) for group in self._of.values() if len(group) > 1))
