"""Which designs can be reached."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from pathlib import Path

import torch
from torch import Generator

from adequate.design import Design, LayerDesign
from adequate.exploration.channel_groups import in_channel_groups
from adequate.exploration.edges import one_format_per_add, width_ties
from adequate.exploration.knob import Choice, Knob, put
from adequate.exploration.knobs_of import knobs_of
from adequate.exploration.slots import Slot, Value, channels, filled, twice
from adequate.exploration.space_json import read_space, write_space
from adequate.formats import Format
from adequate.network import Network
from adequate.operators import Accumulator, Multiplier

Point = tuple[int, ...]
"""One choice per knob, by its place."""

BITS = range(2, 9)
"""Word lengths by default."""


@dataclass(frozen=True, init=False)
class Space:
    """A start and knobs: every combination of their choices, put into the start, is a design.

    Of every layer of ``start`` each format can have any of the word lengths ``bits``, its largest number where it was
    (see ``resized``), or in each the format of another family that reaches as far, ``families`` being a member of each
    (see ``recast``). Slots of a tie, ((layer, slot), ...), share a word length and a family, each with its own largest
    number; ``weight[8:16]`` is the slot of some channels of a ``PerChannel`` weight, and a tie may be of one slot. A
    layer with formats of input and weight can have any of ``multipliers`` that takes all formats it can have, unsigned
    ones by sign and magnitude, and any of ``accumulators``, or what it has in ``start``. These are given from exact to
    coarse, as ``catalog`` does; a knob runs the other way, from coarse to fine. With ``knobs`` the space has these and
    no others.

    >>> from adequate.formats import Fixed
    >>> start = Design({"fc": LayerDesign(input=Fixed(8, 6), weight=Fixed(8, 7))})
    >>> space = Space(start, bits=range(2, 5))
    >>> space.size, [knob.name for knob in space.knobs], str(space.design((0, 2))["fc"].weight)
    (9, ['fc.input', 'fc.weight'], 'fixed(4,3)')

    Raises:
        ValueError: there is no knob, two change the same slot, a knob does not suit the start, a tie names a slot
            without a resizable format, a family cannot be moved, or no multiplier fits.
    """

    start: Design
    knobs: tuple[Knob, ...]

    def __init__(
        self,
        start: Design,
        bits: Sequence[int] = BITS,
        *,
        multipliers: Sequence[Multiplier] = (),
        accumulators: Sequence[Accumulator] = (),
        ties: Sequence[Sequence[Slot]] = (),
        families: Sequence[Format] = (),
        knobs: Iterable[Knob] | None = None,
    ) -> None:
        found = knobs_of(start, bits, multipliers, accumulators, ties, families) if knobs is None else tuple(knobs)
        if not found:
            raise ValueError("a space without a knob: no layer of the start has a format with another word length")
        if clash := twice(slot for knob in found for slot in knob.slots):
            raise ValueError(f"two knobs change the {clash[1]} of layer {clash[0]!r}")
        for knob in found:
            _require_parts(start, knob)
        object.__setattr__(self, "start", start)
        object.__setattr__(self, "knobs", found)

    @staticmethod
    def of(
        network: Network,
        start: Design,
        bits: Sequence[int] = BITS,
        *,
        multipliers: Sequence[Multiplier] = (),
        accumulators: Sequence[Accumulator] = (),
        families: Sequence[Format] = (),
        channel_groups: int = 1,
    ) -> "Space":
        """The space of a network: a knob per edge that carries numbers, and one per weight.

        What a layer writes and what the next one reads share a word length. What an addition adds shares a format, the
        one that reaches furthest; so ``start`` is changed where it says otherwise. What reads the network's own input
        stays as it is. With ``channel_groups`` a weight has a knob for each of so many runs of its output channels
        (see ``in_channel_groups``), and no multiplier.

        Raises:
            ValueError: as ``Space``, or ``start`` does not fit the network.
        """
        start = one_format_per_add(network, start)
        ties, images = width_ties(network, start)
        if channel_groups != 1:
            start, parts = in_channel_groups(network, start, channel_groups)
            ties += tuple((slot,) for slot in parts)
        whole = Space(start, bits, multipliers=multipliers, accumulators=accumulators, ties=ties, families=families)
        return Space(start, knobs=[knob for knob in whole.knobs if not images.intersection(knob.slots)])

    @property
    def size(self) -> int:
        """How many points there are."""
        return prod(len(knob.choices) for knob in self.knobs)

    @property
    def narrowest(self) -> Point:
        """The first choice everywhere."""
        return (0,) * len(self.knobs)

    @property
    def widest(self) -> Point:
        """The last choice everywhere."""
        return tuple(len(knob.choices) - 1 for knob in self.knobs)

    @property
    def diagonal(self) -> tuple[Point, ...]:
        """From the narrowest to the widest in as many steps as the longest knob has, all knobs at once."""
        steps = max(self.widest)
        return tuple(dict.fromkeys(self.nearest([i / max(steps, 1)] * len(self.knobs)) for i in range(steps + 1)))

    def points(self) -> Iterator[Point]:
        """All of them; the last knob turns fastest."""
        return product(*(range(len(knob.choices)) for knob in self.knobs))

    def sample(self, generator: Generator) -> Point:
        """One point, all equally likely."""
        return tuple(int(torch.randint(len(knob.choices), (), generator=generator)) for knob in self.knobs)

    def design(self, point: Point) -> Design:
        """The design of a point.

        Raises:
            ValueError: it is no point of this space.
        """
        self._require(point)
        changed: dict[str, dict[str, Value]] = {}
        for knob, place in zip(self.knobs, point, strict=True):
            for (layer, slot), value in knob.choices[place]:
                changed.setdefault(layer, {})[slot] = value
        layers = {name: filled(self.start[name], slots) for name, slots in changed.items()}
        return Design({**self.start, **layers})

    def point(self, design: Design) -> Point:
        """Where a design is.

        Raises:
            ValueError: it is not in this space.
        """
        found = tuple(knob.place(design) for knob in self.knobs)
        reached = self.design(found)
        for name in (*design, *reached):
            if design[name] != reached[name]:
                raise ValueError(
                    f"layer {name!r} has {_slots(design[name])}; in this space it has {_slots(reached[name])}"
                )
        return found

    def vector(self, point: Point) -> tuple[float, ...]:
        """Each choice by its place from 0, the first, to 1, the last; 0 where there is one alone."""
        self._require(point)
        return tuple(place / max(last, 1) for place, last in zip(point, self.widest, strict=True))

    def nearest(self, vector: Sequence[float]) -> Point:
        """The point of a vector, rounded to the nearest choices; below 0 is the first choice, above 1 the last."""
        return tuple(min(max(round(x * last), 0), last) for x, last in zip(vector, self.widest, strict=True))

    def where(self, supports: Callable[[str, LayerDesign], bool]) -> "Space":
        """Without the choices that ``supports(layer, its design)`` refuses, whatever else the layer's knobs say.

        What a machine supports slot by slot is so said exactly. A knob that is left with no choice is gone: its slots
        stay as they are in the start.

        Raises:
            ValueError: nothing is left to choose.
        """
        left: list[Knob] = []
        for knob in self.knobs:
            layers = dict.fromkeys(layer for layer, _ in knob.slots)
            held = (one for one in knob.choices if all(self._any(layer, knob, one, supports) for layer in layers))
            if choices := tuple(held):
                left.append(Knob(knob.name, choices))
        return Space(self.start, knobs=left)

    def _any(self, layer: str, knob: Knob, choice: Choice, supports: Callable[[str, LayerDesign], bool]) -> bool:
        """Whether any design of a layer with this choice is supported."""
        others = [one.choices for one in self.knobs if one is not knob and any(name == layer for name, _ in one.slots)]
        for choices in product([choice], *others):
            slots = {slot: value for one in choices for slot, value in put(one, layer).items()}
            if supports(layer, filled(self.start[layer], slots)):
                return True
        return False

    def save(self, path: str | Path) -> None:
        """Writes the space as JSON, whole or not at all, and its multipliers' tables into ``tables`` beside it.

        Raises:
            OSError: a file cannot be written.
            ValueError: a multiplier is of a class of the user's own, or a table without content.
        """
        write_space(self.start, self.knobs, Path(path))

    @staticmethod
    def load(path: str | Path) -> "Space":
        """Reads what ``save`` wrote.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is no space; the message begins with the file and says what is wrong.
        """
        start, knobs = read_space(Path(path))
        return Space(start, knobs=knobs)

    def _require(self, point: Point) -> None:
        if len(point) != len(self.knobs) or not all(0 <= i <= last for i, last in zip(point, self.widest, strict=True)):
            raise ValueError(f"{point} is no point of this space; they lie between {self.narrowest} and {self.widest}")


def _require_parts(start: Design, knob: Knob) -> None:
    """Checks that what a knob puts into parts of weights fits there."""
    for choice in knob.choices:
        for (layer, slot), value in choice:
            if channels(slot) is not None:
                try:
                    filled(start[layer], {slot: value})
                except ValueError as error:
                    raise ValueError(f"knob {knob.name!r}: {error}") from None


def _slots(layer: LayerDesign) -> str:
    return ", ".join(f"{slot} {value}" for slot, value in layer.slots().items()) or "nothing"
