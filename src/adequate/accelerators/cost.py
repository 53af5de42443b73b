"""What a computation costs on an accelerator."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True)
class Cost:
    """What a computation costs; every field is an amount that adds, over layers as over images.

    ``macs`` are multiply-accumulates of the layer, padding included (one is two arithmetic operations).
    ``operations`` are what the machine's lanes did (products, bit products, term pairs: its docstring says) and
    ``capacity`` what they could have done in the same cycles. ``traffic_bytes`` is what crossed each level of the
    memory, ``energy_parts_pj`` what each part of the machine took. A machine leaves out what it has no model of.

    >>> conv = Cost(macs=100, operations=80, capacity=160, cycles=10, seconds=1e-6, traffic_bytes={"dram": 50})
    >>> (conv + conv).cycles, conv.utilisation, conv.operational_intensity
    (20, 0.5, 4.0)
    """

    macs: float = 0
    operations: float = 0
    capacity: float = 0
    cycles: float = 0
    seconds: float = 0
    traffic_bytes: Mapping[str, float] = field(default_factory=dict[str, float])
    energy_parts_pj: Mapping[str, float] = field(default_factory=dict[str, float])

    def __post_init__(self) -> None:
        object.__setattr__(self, "traffic_bytes", MappingProxyType(dict(self.traffic_bytes)))
        object.__setattr__(self, "energy_parts_pj", MappingProxyType(dict(self.energy_parts_pj)))

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.macs + other.macs,
            self.operations + other.operations,
            self.capacity + other.capacity,
            self.cycles + other.cycles,
            self.seconds + other.seconds,
            added(self.traffic_bytes, other.traffic_bytes),
            added(self.energy_parts_pj, other.energy_parts_pj),
        )

    def __truediv__(self, number: float) -> "Cost":
        """The cost of one of ``number`` equal parts."""
        return Cost(
            self.macs / number,
            self.operations / number,
            self.capacity / number,
            self.cycles / number,
            self.seconds / number,
            {name: amount / number for name, amount in self.traffic_bytes.items()},
            {name: amount / number for name, amount in self.energy_parts_pj.items()},
        )

    @property
    def energy_pj(self) -> float:
        """Energy in pJ of all parts."""
        return sum(self.energy_parts_pj.values())

    @property
    def edp(self) -> float:
        """Energy-delay product in pJ s."""
        return self.energy_pj * self.seconds

    @property
    def utilisation(self) -> float:
        """The share of the lanes' capacity that was used; 0 of no capacity."""
        return self.operations / self.capacity if self.capacity else 0.0

    @property
    def dram_bytes(self) -> float:
        """Off-chip traffic in bytes."""
        return self.traffic_bytes.get("dram", 0.0)

    @property
    def operational_intensity(self) -> float:
        """Arithmetic operations, two a MAC, per byte of off-chip traffic; infinite without traffic."""
        return 2 * self.macs / self.dram_bytes if self.dram_bytes else float("inf")


FIGURES = ("macs", "operations", "cycles", "seconds", "energy_pj", "edp", "dram_bytes", "utilisation")
"""Names of the plain numbers of a ``Cost``: what an objective ``FIGURE@MACHINE`` may ask for."""


def total(costs: Iterable[Cost]) -> Cost:
    """The sum of some costs."""
    return sum(costs, Cost())


def added(a: Mapping[str, float], b: Mapping[str, float]) -> dict[str, float]:
    """Two sets of named amounts added name by name."""
    return {name: a.get(name, 0) + b.get(name, 0) for name in dict.fromkeys((*a, *b))}
