"""Energy of operators of which nothing is published: an estimate by their size."""

from adequate.accelerators.area import Area

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


def _told(area: Area) -> str:
    return f"those of {area.target.value} by {area.tool}"
