"""What a search chose between, read off the designs it tried."""

from collections.abc import Sequence
from dataclasses import dataclass

from adequate.design import Design
from adequate.exploration.slots import SLOTS, Slot, Value
from adequate.formats import Format


@dataclass(frozen=True)
class Choice:
    """What stands in the slots of a knob, in their order; None computes in floating point, or exactly."""

    values: tuple[Value, ...]

    @property
    def bits(self) -> int | None:
        """The word length of all its formats; None where they have several, or there are none."""
        widths = {value.bits for value in self.values if isinstance(value, Format)}
        return widths.pop() if len(widths) == 1 else None

    def __str__(self) -> str:
        return " + ".join(dict.fromkeys("float" if value is None else str(value) for value in self.values))


@dataclass(frozen=True)
class Varied:
    """Slots that changed together or not at all, and their choices from the narrowest to the widest."""

    slots: tuple[Slot, ...]
    choices: tuple[Choice, ...]

    @property
    def name(self) -> str:
        """As ``Space`` names its knobs."""
        return "+".join(f"{layer}.{slot}" for layer, slot in self.slots)

    def place(self, design: Design) -> int:
        """Which of the choices ``design`` has."""
        return self.choices.index(_chosen(design, self.slots))


def varied(designs: Sequence[Design], layers: Sequence[str]) -> tuple[Varied, ...]:
    """The knobs of a search: slots in which its designs differ, together where any two differ in all of them or none.

    ``layers`` gives the order; what only the designs name comes last.
    """
    together: dict[tuple[int, ...], list[Slot]] = {}
    for layer in dict.fromkeys((*layers, *(name for design in designs for name in design))):
        for slot in SLOTS:
            seen: dict[Value, int] = {}
            pattern = tuple(seen.setdefault(getattr(design[layer], slot), len(seen)) for design in designs)
            if len(seen) > 1:
                together.setdefault(pattern, []).append((layer, slot))
    return tuple(
        Varied(tuple(slots), tuple(sorted({_chosen(design, slots) for design in designs}, key=_width)))
        for slots in together.values()
    )


def _chosen(design: Design, slots: Sequence[Slot]) -> Choice:
    return Choice(tuple(getattr(design[layer], slot) for layer, slot in slots))


def _width(choice: Choice) -> tuple[bool, int, str]:
    """Floating point is widest; what has no word length goes by its name."""
    widths = [value.bits for value in choice.values if isinstance(value, Format)]
    return all(value is None for value in choice.values), sum(widths), str(choice)
