"""One network and design on several accelerators: what each costs, or why it refuses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adequate.accelerators import Accelerator, Cost, Operands
    from adequate.cli.progress import Progress
    from adequate.design import Design
    from adequate.network import Network

WIDEST_WORK = 16
"""Bits up to which work is counted in terms."""


@dataclass(frozen=True)
class Compared:
    """The costs of every layer by machine; what the others said."""

    machines: "Mapping[str, Accelerator]"
    costs: "Mapping[str, Mapping[str, Cost]]"
    refused: Mapping[str, str]

    @property
    def areas(self) -> dict[str, str]:
        """Rows that say the areas that are known, and of what."""
        known = {name: area for name in self.costs if (area := self.machines[name].area) is not None}
        return {f"area of {name}": str(area) for name, area in known.items()}


def compared(
    network: "Network",
    design: "Design",
    operands: "Operands | None",
    machines: "Sequence[Accelerator]",
    progress: "Progress",
    relative_energies: Mapping[str, float] = MappingProxyType({}),
) -> Compared:
    """What the machines make of it.

    Raises:
        ValueError: all of them refuse.
    """
    from adequate.accelerators import layer_costs

    costs: dict[str, Mapping[str, Cost]] = {}
    refused: dict[str, str] = {}
    for done, machine in enumerate(machines):
        progress.advance("machines", done, len(machines))
        try:
            costs[machine.name()] = layer_costs(network, design, machine, operands, relative_energies)
        except ValueError as error:
            refused[machine.name()] = str(error)
    if not costs:
        raise ValueError("; ".join(refused.values()))
    return Compared({one.name(): one for one in machines}, costs, refused)


def write_costs(
    found: Compared,
    path: Path,
    *,
    title: str,
    about: Mapping[str, str],
    network: "Network",
    design: "Design",
    operands: "Operands | None",
) -> None:
    """Writes the comparison as a page.

    Raises:
        OSError: the file cannot be written.
    """
    from adequate.accelerators.memory import bytes_per_second
    from adequate.reporting.costs import costs_page

    speeds = {name: bytes_per_second(one) for name, one in found.machines.items()}
    costs_page(
        found.costs,
        path,
        title=title,
        about=about,
        reductions=_reductions(network, design, operands),
        bandwidths={name: speed for name, speed in speeds.items() if speed is not None},
        areas={name: area for name, one in found.machines.items() if (area := one.area) is not None},
    )


def _reductions(network: "Network", design: "Design", operands: "Operands | None") -> dict[str, float]:
    """How many times less work zeros and terms leave, where there are integers to count; infinite ones left out."""
    from adequate.accelerators import work_of
    from adequate.accelerators.work_reduction import KINDS_TOLD, BitWork, bit_work

    if not operands:
        return {}
    works = [work_of(network[name], design[name], one) for name, one in operands.items()]
    bits = max(max(one.activation_width, one.weight_width) for one in works)
    if bits > WIDEST_WORK:
        return {}
    left = sum((bit_work(one, bits) for one in works), BitWork()).reductions
    return {KINDS_TOLD[kind]: value for kind, value in left.items() if value != float("inf")}
