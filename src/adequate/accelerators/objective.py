"""What a search wants little of, by name: one figure of what an image costs on a machine."""

from dataclasses import dataclass

from adequate.accelerators import ACCELERATORS, Accelerator
from adequate.accelerators.cost import FIGURES

STORED = "stored_bits"
"""The objective that needs no machine: bits of all weights."""


@dataclass(frozen=True)
class Objective:
    """An objective ``FIELD@MACHINE``: one figure of what an image costs."""

    field: str
    accelerator: Accelerator

    @staticmethod
    def of(objective: str) -> "Objective":
        """The machine and the figure that an objective names.

        Raises:
            ValueError: no such figure or machine.
        """
        field, _, name = objective.partition("@")
        known = {one.name(): one for one in ACCELERATORS}
        if field not in FIGURES or name not in known:
            raise ValueError(
                f"no such objective {objective!r}; there are {STORED} and FIELD@MACHINE with a field of"
                f" {', '.join(FIGURES)} and a machine of {', '.join(known)}"
            )
        return Objective(field, known[name]())
