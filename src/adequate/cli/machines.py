"""Accelerators on the command line, by name and in a technology."""

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from adequate.cli.errors import Misuse

if TYPE_CHECKING:
    from adequate.accelerators import Accelerator

ALL = "all"


def machines(names: str, technology: str | None) -> "list[Accelerator]":
    """The accelerators of a list of names with commas between them, in the configurations they were published in.

    ``all`` with a technology is all that can be had in another.

    Raises:
        Misuse: no such accelerator or technology, or a machine that has no other technology.
    """
    from adequate.accelerators import ACCELERATORS

    known = {_letters(one.name()): one for one in ACCELERATORS}
    asked = {_letters(name): name for name in names.split(",")}
    for letters, name in asked.items():
        if letters not in known and names != ALL:
            there = ", ".join(one.name() for one in ACCELERATORS)
            raise Misuse(f"no such accelerator {name!r}; there are {there} and {ALL}")
    made = [known[letters]() for letters in (known if names == ALL else asked)]
    if technology is None:
        return made
    return [_in_technology(one, technology) for one in made if names != ALL or _has_choice(one)]


def _has_choice(machine: "Accelerator") -> bool:
    made: Any = machine
    return "technology" in {one.name for one in fields(made)}


def _letters(name: str) -> str:
    """A name without what people write differently: dadiannao, DaDianNao, da_dian_nao."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _in_technology(machine: "Accelerator", name: str) -> "Accelerator":
    from adequate.accelerators.technology import TECHNOLOGIES

    known = {one.name: one for one in TECHNOLOGIES}
    if name not in known:
        raise Misuse(f"no such technology {name!r}; there are {', '.join(known)}")
    made: Any = machine
    if not _has_choice(machine):
        raise Misuse(f"{machine.name()} is known in its published technology alone; leave --technology out")
    return replace(made, technology=known[name])
