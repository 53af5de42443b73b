"""One decision of a design space."""

from dataclasses import dataclass

from adequate.design import Design
from adequate.exploration.slots import Slot, Value, filled, held

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
            if all(filled(design[layer], {slot: value}) == design[layer] for (layer, slot), value in choice):
                return i
        has = shown(tuple(((layer, slot), held(design[layer], slot)) for layer, slot in self.slots))
        raise ValueError(f"knob {self.name!r} has no choice {has}; it has {', '.join(map(shown, self.choices))}")


def put(choice: Choice, layer: str) -> dict[str, Value]:
    """What a choice puts into the slots of a layer."""
    return {slot: value for (name, slot), value in choice if name == layer}


def shown(choice: Choice) -> str:
    """The values of a choice, as in ``fixed(3,2)``."""
    return " + ".join(str(value) for value in dict.fromkeys(value for _, value in choice))
