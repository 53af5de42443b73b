"""What a choice fills: a slot of a layer, or the weights of some of its channels."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from adequate.design import LayerDesign
from adequate.formats import Format, PerChannel
from adequate.operators import Accumulator, Multiplier

FORMATS = ("input", "weight", "output")
"""The slots that hold a format."""

SLOTS = ("input", "weight", "multiplier", "accumulator", "output")
"""All slots, in the order of the knobs."""

Value = Format | Multiplier | Accumulator | None
Slot = tuple[str, str]
"""A layer and its slot; ``weight[8:16]`` is the part of a ``PerChannel`` weight that channels 8 to 15 have."""

_PART = re.compile(r"weight\[([0-9]{1,9}):([0-9]{1,9})\]")


def part(first: int, end: int) -> str:
    """The slot of the channels from ``first`` to just before ``end``."""
    return f"weight[{first}:{end}]"


def channels(slot: str) -> range | None:
    """The channels of a part of a weight; None: the slot is whole.

    Raises:
        ValueError: no such slot.
    """
    if slot in SLOTS:
        return None
    found = _PART.fullmatch(slot)
    if found is None or not int(found[1]) < int(found[2]):
        raise ValueError(f"no such slot {slot!r}; there are {', '.join(SLOTS)} and, of channels, weight[FIRST:END]")
    return range(int(found[1]), int(found[2]))


def whole(slot: str) -> str:
    """The slot itself, of a part of it."""
    return slot if channels(slot) is None else "weight"


def held(design: LayerDesign, slot: str) -> Value:
    """What a layer has there; channels that all have one format have that one, others a ``PerChannel`` of theirs.

    Raises:
        ValueError: no such slot, or the weight has no formats of channels, or fewer.
    """
    some = channels(slot)
    if some is None:
        return getattr(design, slot)  # type: ignore[no-any-return]
    weight = _per_channel(design, slot, some)
    return joined(weight.formats[some.start : some.stop], weight.axis)


def filled(design: LayerDesign, values: Mapping[str, Value]) -> LayerDesign:
    """The layer with other values in some slots.

    Raises:
        ValueError: as ``held``; or a value for channels is no format, or one of another number of channels.
    """
    design = replace(design, **{slot: value for slot, value in values.items() if channels(slot) is None})  # type: ignore[arg-type]
    for slot, value in values.items():
        if (some := channels(slot)) is not None:
            weight = _per_channel(design, slot, some)
            formats = value.formats if isinstance(value, PerChannel) else (value,) * len(some)
            if len(formats) != len(some):
                raise ValueError(f"{slot} has {len(some)} channels, not the {len(formats)} of {value}")
            changed = (*weight.formats[: some.start], *formats, *weight.formats[some.stop :])
            design = replace(design, weight=PerChannel(changed, weight.axis))  # type: ignore[arg-type]
    return design


def joined(formats: tuple[Format, ...], axis: int) -> Format:
    """The one format that all channels have, or a ``PerChannel`` of theirs."""
    return formats[0] if len(set(formats)) == 1 else PerChannel(formats, axis)


def twice(slots: Iterable[Slot]) -> Slot | None:
    """The first slot that is filled a second time, whole or for some channel; None if there is none."""
    seen: dict[Slot, list[range | None]] = {}
    for layer, slot in slots:
        some, before = channels(slot), seen.setdefault((layer, whole(slot)), [])
        if any(
            some is None or other is None or (some.start < other.stop and other.start < some.stop) for other in before
        ):
            return layer, whole(slot)
        before.append(some)
    return None


def _per_channel(design: LayerDesign, slot: str, some: range) -> PerChannel:
    weight = design.weight
    if not isinstance(weight, PerChannel) or some.stop > len(weight.formats):
        raise ValueError(f"{slot} is of channels; the layer's weight has {_shown(weight)}")
    return weight


def _shown(weight: Format | None) -> str:
    return f"{len(weight.formats)} of them" if isinstance(weight, PerChannel) else f"one format for all, {weight}"
