"""The knobs of a design: word lengths and families of its formats, multipliers and accumulators."""

from collections.abc import Mapping, Sequence

from adequate.design import Design
from adequate.emulated_layer.coding import coding_of
from adequate.exploration.approximation import with_signs
from adequate.exploration.families import recast
from adequate.exploration.knob import Choice, Knob
from adequate.exploration.resizing import resized
from adequate.exploration.slots import FORMATS, SLOTS, Slot, channels, held, whole
from adequate.formats import Format, Scaled, SharedExponent
from adequate.operators import Accumulator, Multiplier

Offered = Mapping[Slot, Sequence[Format]]
"""The formats that a slot can have."""


def knobs_of(
    start: Design,
    bits: Sequence[int],
    multipliers: Sequence[Multiplier] = (),
    accumulators: Sequence[Accumulator] = (),
    ties: Sequence[Sequence[Slot]] = (),
    families: Sequence[Format] = (),
) -> tuple[Knob, ...]:
    """A knob per slot of ``start``; see ``Space``.

    Raises:
        ValueError: a tie names a slot without a resizable format, a family cannot be moved, or no multiplier fits the
            formats of any layer.
    """
    tied = {(layer, whole(slot)) for tie in ties for layer, slot in tie}
    free = [((name, slot),) for name in start for slot in FORMATS if (name, slot) not in tied]
    widths = sorted(set(bits))
    knobs = [
        knob for slots in (*map(tuple, ties), *free) if (knob := _formats(start, slots, widths, families)) is not None
    ]
    for tie in ties:
        if not any(knob.slots == tuple(tie) for knob in knobs):
            raise ValueError(f"the tie {_named(tie)} has no format in common word lengths {widths}")
    offered: dict[Slot, list[Format]] = {}
    for knob in knobs:
        for choice in knob.choices:
            for slot, value in choice:
                assert isinstance(value, Format)
                offered.setdefault(slot, []).append(value)
    operators = [knob for name in start for knob in _operators(start, offered, name, multipliers, accumulators)]
    if multipliers and not any(slot == "multiplier" for knob in operators for _, slot in knob.slots):
        raise ValueError(f"no layer's formats fit {', '.join(map(str, multipliers))}")
    layers = list(start)

    def order(knob: Knob) -> tuple[int, int, int]:
        layer, slot = knob.slots[0]
        return layers.index(layer), SLOTS.index(whole(slot)), (channels(slot) or range(1)).start

    return tuple(sorted([*knobs, *operators], key=order))


def _formats(start: Design, slots: Sequence[Slot], widths: Sequence[int], families: Sequence[Format]) -> Knob | None:
    """Word lengths and, in each, the families, the format's own last."""
    places = {(layer, slot): held(start[layer], slot) for layer, slot in slots}
    choices: dict[Choice, None] = {}
    for bits in widths:
        for family in (*families, None):
            values = {slot: _recast(family, place, bits) for slot, place in places.items()}
            if all(value is not None for value in values.values()):
                choices[tuple(values.items())] = None
    as_it_is = [tuple(places.items())]
    return Knob(_named(slots), tuple(choices)) if choices and list(choices) != as_it_is else None


def _recast(family: Format | None, place: object, bits: int) -> Format | None:
    if not isinstance(place, Format):
        return None
    return resized(place, bits) if family is None else recast(family, place, bits)


def _operators(
    start: Design,
    offered: Offered,
    name: str,
    multipliers: Sequence[Multiplier],
    accumulators: Sequence[Accumulator],
) -> list[Knob]:
    """The knobs of a layer's multiplier and accumulator, if they suit all formats it can have."""
    layer = start[name]
    if layer.input is None or layer.weight is None:
        return []
    xs, weights = offered.get((name, "input"), [layer.input]), offered.get((name, "weight"), [layer.weight])
    lowest = [min(formats, key=lambda format: format.minimum) for formats in (xs, weights)]
    signed = [with_signs(one, *lowest) for one in reversed(multipliers)]
    fitting = [one for one in signed if all(_fits(one, x, weight) for x in xs for weight in weights)]
    registers = [one for one in reversed(accumulators) if all(map(_dyadic, (*xs, *weights)))]
    knobs = {"multiplier": (fitting, layer.multiplier), "accumulator": (registers, layer.accumulator)}
    return [
        Knob(f"{name}.{slot}", tuple((((name, slot), value),) for value in dict.fromkeys([*values, own])))
        for slot, (values, own) in knobs.items()
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
