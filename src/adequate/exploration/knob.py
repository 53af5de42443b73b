"""One decision of a design space."""

from collections.abc import Sequence
from dataclasses import dataclass

from adequate.design import Design
from adequate.emulated_layer.coding import coding_of
from adequate.exploration.approximation import with_signs
from adequate.exploration.resizing import resized
from adequate.formats import Format, Scaled, SharedExponent
from adequate.operators import Accumulator, Multiplier

FORMATS = ("input", "weight", "output")
"""The slots that hold a format."""

SLOTS = ("input", "weight", "multiplier", "accumulator", "output")
"""All slots, in the order of the knobs."""

Value = Format | Multiplier | Accumulator | None
Slot = tuple[str, str]
Choice = tuple[tuple[Slot, Value], ...]
"""What a choice puts into which slots: ((layer, slot), value)."""


@dataclass(frozen=True)
class Knob:
    """A named, ordered choice of changes to a design, from the coarsest to the finest.

    Every choice fills the same slots, and no two of them alike.

    Raises:
        ValueError: no choice, two that are the same, or choices that fill different slots.
    """

    name: str
    choices: tuple[Choice, ...]

    def __post_init__(self) -> None:
        if not self.choices:
            raise ValueError(f"knob {self.name!r} has no choice")
        for i, choice in enumerate(self.choices):
            if choice in self.choices[:i]:
                raise ValueError(f"knob {self.name!r} has the choice {shown(choice)} twice")
            if {slot for slot, _ in choice} != set(self.slots) or len(choice) != len(self.slots):
                raise ValueError(f"knob {self.name!r}: its choices fill different slots, as {shown(choice)}")

    @property
    def slots(self) -> tuple[Slot, ...]:
        """What it changes: (layer, slot)."""
        return tuple(slot for slot, _ in self.choices[0])

    def place(self, design: Design) -> int:
        """Which choice ``design`` has.

        Raises:
            ValueError: none of them.
        """
        for i, choice in enumerate(self.choices):
            if all(getattr(design[layer], slot) == value for (layer, slot), value in choice):
                return i
        has = shown(tuple(((layer, slot), getattr(design[layer], slot)) for layer, slot in self.slots))
        raise ValueError(f"knob {self.name!r} has no choice {has}; it has {', '.join(map(shown, self.choices))}")


def shown(choice: Choice) -> str:
    """The values of a choice, as in ``fixed(3,2)``."""
    return " + ".join(str(value) for value in dict.fromkeys(value for _, value in choice))


def knobs_of(
    start: Design,
    bits: Sequence[int],
    multipliers: Sequence[Multiplier] = (),
    accumulators: Sequence[Accumulator] = (),
    ties: Sequence[Sequence[Slot]] = (),
) -> tuple[Knob, ...]:
    """A knob per slot of ``start``; see ``Space``.

    Raises:
        ValueError: a tie names a slot without a resizable format, or no multiplier fits the formats of any layer.
    """
    fixed = {slot for tie in ties for slot in tie}
    free = [((name, slot),) for name in start for slot in FORMATS if (name, slot) not in fixed]
    widths = sorted(set(bits))
    knobs = [knob for slots in (*map(tuple, ties), *free) if (knob := _widths(start, slots, widths)) is not None]
    for tie in ties:
        if not any(knob.slots == tuple(tie) for knob in knobs):
            raise ValueError(f"the tie {_named(tie)} has no format in common word lengths {widths}")
    widest = Design(start.layers)
    for knob in knobs:
        for (layer, slot), value in knob.choices[-1]:
            widest = widest.with_layers(layer, **{slot: value})
    operators = [knob for name in start for knob in _operators(widest, name, multipliers, accumulators)]
    if multipliers and not any(slot == "multiplier" for knob in operators for _, slot in knob.slots):
        raise ValueError(f"no layer's formats fit {', '.join(map(str, multipliers))}")
    order = [(name, slot) for name in start for slot in SLOTS]
    return tuple(sorted([*knobs, *operators], key=lambda knob: order.index(knob.slots[0])))


def _widths(start: Design, slots: Sequence[Slot], widths: Sequence[int]) -> Knob | None:
    formats = {(layer, slot): getattr(start[layer], slot, None) for layer, slot in slots}
    choices: list[Choice] = []
    for bits in widths:
        values = [(slot, format and resized(format, bits)) for slot, format in formats.items()]
        if all(value is not None for _, value in values):
            choices.append(tuple(values))
    as_it_is = [tuple(formats.items())]
    return Knob(_named(slots), tuple(choices)) if choices and choices != as_it_is else None


def _operators(
    widest: Design, name: str, multipliers: Sequence[Multiplier], accumulators: Sequence[Accumulator]
) -> list[Knob]:
    """The knobs of a layer's multiplier and accumulator, if its widest formats suit them."""
    layer = widest[name]
    x, weight = layer.input, layer.weight
    if x is None or weight is None:
        return []
    fitting = [with_signs(one, x, weight) for one in reversed(multipliers)]
    fitting = [one for one in fitting if _fits(one, x, weight)]
    registers = [one for one in reversed(accumulators) if _dyadic(x) and _dyadic(weight)]
    offered = {"multiplier": (fitting, layer.multiplier), "accumulator": (registers, layer.accumulator)}
    return [
        Knob(f"{name}.{slot}", tuple((((name, slot), value),) for value in dict.fromkeys([*values, own])))
        for slot, (values, own) in offered.items()
        if values
    ]


def _fits(multiplier: Multiplier, x: Format, weight: Format) -> bool:
    try:
        coding_of(x, multiplier.a, multiplier, "input")
        coding_of(weight, multiplier.b, multiplier, "weight")
    except ValueError:
        return False
    return True


def _dyadic(format: Format) -> bool:
    return not isinstance(format, Scaled) or (not isinstance(format.scale, SharedExponent) and format.dyadic)


def _named(slots: Sequence[Slot]) -> str:
    return "+".join(f"{layer}.{slot}" for layer, slot in slots)
