"""The estimate of energy: its reference, its scale, and what it refuses."""

from dataclasses import replace

import pytest

from adequate.accelerators import Area, Target, estimated_energy_pj, synthesize
from adequate.operators import Exact
from tests.accelerators.installed import require_yosys

EXACT = Area(Target.CMOS, "Yosys", (("$_NAND_", 500),), transistors=2000)


def test_it_is_the_published_figure_scaled_by_transistors() -> None:
    assert estimated_energy_pj(EXACT, EXACT) == 0.2
    assert estimated_energy_pj(replace(EXACT, transistors=500), EXACT) == 0.05


@pytest.mark.parametrize(
    "other",
    [
        replace(EXACT, tool="another"),
        replace(EXACT, target=Target.LIBRARY, transistors=None),
        replace(EXACT, transistors=None),
    ],
)
def test_areas_that_do_not_compare_are_refused(other: Area) -> None:
    with pytest.raises(ValueError, match="transistors of one target and tool compare, not those of cmos by Yosys"):
        estimated_energy_pj(EXACT, other)
    with pytest.raises(ValueError, match="and those of cmos by Yosys"):
        estimated_energy_pj(other, EXACT)


@pytest.mark.slow
def test_it_comes_near_a_published_figure_of_another_width() -> None:
    """16-bit integer multiplication: 1.0 pJ, quoted from the same talk; within a quarter."""
    yosys = require_yosys()
    exact, wide = (synthesize(Exact(bits, bits).circuit(), yosys=yosys) for bits in (8, 16))
    assert estimated_energy_pj(wide, exact) == pytest.approx(1.0, rel=0.25)
