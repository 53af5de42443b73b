"""A space without what a machine cannot run."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice, product

from adequate.accelerators import Accelerator
from adequate.design import LayerDesign
from adequate.exploration.knob import Knob, put, shown
from adequate.exploration.slots import Value, filled
from adequate.exploration.space import Space
from adequate.network import Layer, Network

MOST = 10_000
"""Designs of a layer that are asked about until one can be run (our choice)."""


@dataclass(frozen=True)
class LeftOut:
    """A choice that is gone from a space, and the machine's reason."""

    knob: str
    choice: str
    reason: str


@dataclass(frozen=True)
class Supported:
    """What is left of a space, and what is not."""

    space: Space
    left_out: tuple[LeftOut, ...]


def supported(space: Space, network: Network, machine: Accelerator) -> Supported:
    """The space without the choices that a machine refuses, as far as formats and multipliers say.

    Each choice is put into a design of its layers that the machine runs, and left out if it is refused there. That is
    exact because machines refuse slot by slot: an operand's integers that are too wide, a family without integers, a
    multiplier there is no place for. What depends on the operands' values is not asked.

    Raises:
        ValueError: the machine runs no design of a layer, or not even one of a choice that layers share.
    """
    base = {layer.name: _runnable(space, layer, machine) for layer in network.multiplying}
    knobs: list[Knob] = []
    left_out: list[LeftOut] = []
    for knob in space.knobs:
        kept = []
        for choice in knob.choices:
            reason = None
            for name in dict.fromkeys(layer for (layer, _), _ in choice if layer in base):
                reason = reason or machine.refusal(network[name], filled(base[name], put(choice, name)))
            if reason is None:
                kept.append(choice)
            else:
                left_out.append(LeftOut(knob.name, shown(choice), reason))
        if not kept:
            raise ValueError(f"no choice of knob {knob.name!r} can be run: {left_out[-1].reason}")
        knobs.append(Knob(knob.name, tuple(kept)))
    return Supported(Space(space.start, knobs=knobs), tuple(left_out))


def _runnable(space: Space, layer: Layer, machine: Accelerator) -> LayerDesign:
    """A design of a layer that the machine runs."""
    reason: str | None = None
    for chosen in islice(_designs(space, layer.name), MOST):
        reason = machine.refusal(layer, chosen)
        if reason is None:
            return chosen
    raise ValueError(f"{machine.name()} runs no design of the space that was asked about: {reason}")


def _designs(space: Space, name: str) -> Iterator[LayerDesign]:
    """The designs of a layer, those first in which all knobs are equally far."""
    knobs = [
        [put(choice, name) for choice in knob.choices]
        for knob in space.knobs
        if any(layer == name for layer, _ in knob.slots)
    ]
    longest = max(map(len, knobs), default=1)
    together = ([choices[min(i, len(choices) - 1)] for choices in knobs] for i in range(longest))
    for choices in chain(together, product(*knobs)):
        slots: dict[str, Value] = {slot: value for one in choices for slot, value in one.items()}
        yield filled(space.start[name], slots)
