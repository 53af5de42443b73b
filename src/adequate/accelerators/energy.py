"""Energy of operators of which nothing is published: an estimate by their size."""

from adequate.accelerators.area import Area
from adequate.accelerators.synthesis import synthesize
from adequate.accelerators.yosys import Yosys
from adequate.operators import Exact, Multiplier, Tabulated

EXACT_8_BITS_PJ = 0.2
"""An 8-bit multiplication at 45 nm and 0.9 V: Horowitz 2014, "Computing's energy problem", ISSCC, fig. 1.1.9."""


def estimated_energy_pj(area: Area, exact: Area) -> float:
    """An operation's energy in pJ at 45 nm, estimated: 0.2 * transistors / transistors of the exact 8x8 multiplier.

    The energy of switching goes with the capacitance that is switched. This takes it to be in proportion to the
    transistors, each as busy as those of an exact multiplier (assumed): glitches, wires and the data are left out.
    ``exact`` is the area of ``Exact(8, 8)``, of the same target and tool.

    Raises:
        ValueError: the areas are of two tools, or of a target that does not count transistors.
    """
    if area.transistors is None or not exact.transistors or (area.target, area.tool) != (exact.target, exact.tool):
        raise ValueError(f"transistors of one target and tool compare, not {_told(area)} and {_told(exact)}")
    return EXACT_8_BITS_PJ * area.transistors / exact.transistors


def relative_energy(multiplier: Multiplier, yosys: Yosys) -> float:
    """A multiplication's energy over that of the exact multiplier of the same widths, both without a sign.

    Estimated by the transistors of the synthesized circuits, as ``estimated_energy_pj`` does. The wrapper that gives an
    unsigned multiplier signed operands is part of its circuit.

    Raises:
        ValueError: a table, which has no circuit.
        FileNotFoundError: Amaranth is missing.
    """
    if isinstance(multiplier, Tabulated):
        raise ValueError(f"{multiplier} is a table: there is no circuit to synthesize")
    exact = Exact(multiplier.a.width, multiplier.b.width)
    own, reference = (synthesize(one.circuit(), yosys=yosys).transistors for one in (multiplier, exact))
    assert own is not None
    assert reference
    return own / reference


def _told(area: Area) -> str:
    return f"those of {area.target.value} by {area.tool}"
