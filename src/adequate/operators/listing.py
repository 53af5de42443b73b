"""Multipliers side by side: how wrong each is and, as far as it is known, what it costs."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from torch import Generator, Tensor

from adequate.circuits.gates import gates
from adequate.operators.errors import Errors, errors
from adequate.operators.multiplier import Multiplier
from adequate.operators.published import Published
from adequate.operators.tabulated import Tabulated

STATISTICS = ("ep", "mae", "nmed", "mred", "wce", "wcre", "mse", "bias", "variance", "nm", "na")
"""The names of ``Errors``' statistics."""

COSTS = ("power_mw", "area_um2", "delay_ns", "gates", "luts", "mapped_gates", "transistors")
"""The names of what may be known of a multiplier's cost: three published for PDK45, our count of its gates as they are
written, and three that synthesis finds."""


@dataclass(frozen=True)
class Listed:
    """One multiplier of a list.

    A published one is a table without a circuit: it has no ``gates``; one of ours has no power, area and delay in
    units. ``gates`` are those of the circuit as it is written, by ``adequate.circuits.gates``; ``luts`` (on an FPGA),
    ``mapped_gates`` and ``transistors`` are for who synthesizes it to fill in: ``adequate.accelerators``.
    """

    name: str
    errors: Errors
    power_mw: float | None = None
    area_um2: float | None = None
    delay_ns: float | None = None
    gates: int | None = None
    luts: int | None = None
    mapped_gates: int | None = None
    transistors: int | None = None

    def figures(self) -> dict[str, float | None]:
        """Statistics and costs by name, None where unknown."""
        known = asdict(self.errors)
        return {name: known[name] for name in STATISTICS} | {name: getattr(self, name) for name in COSTS}


def listing(
    multipliers: Sequence[Multiplier | Published],
    weights: tuple[Tensor, Tensor] | None = None,
    *,
    generator: Generator | None = None,
) -> Iterator[Listed]:
    """Each of the multipliers, measured as ``errors`` does, one after the other: some take seconds.

    Where pairs are drawn, all multipliers of equal widths see the same ones.

    >>> from adequate.operators import Exact, Kulkarni
    >>> [(one.name, one.errors.wce, one.gates) for one in listing([Exact(2, 2), Kulkarni(2, 2)])]
    [('exact(2,2)', 0.0, 8), ('kulkarni(2,2)', 2.0, 5)]

    Raises:
        ValueError: as ``errors``.
    """
    state = generator.get_state() if generator is not None else None
    for one in multipliers:
        if generator is not None and state is not None:
            generator.set_state(state)
        if isinstance(one, Published):
            found = errors(one.multiplier, weights, generator=generator)
            yield Listed(name_of(one), found, one.power_mw, one.area_um2, one.delay_ns)
        else:
            count = None if isinstance(one, Tabulated) else len(gates(one.circuit()))
            yield Listed(name_of(one), errors(one, weights, generator=generator), gates=count)


def name_of(one: Multiplier | Published) -> str:
    """What a list calls a multiplier: a table's label, another's text form."""
    multiplier = one.multiplier if isinstance(one, Published) else one
    return multiplier.label if isinstance(multiplier, Tabulated) else str(multiplier)
