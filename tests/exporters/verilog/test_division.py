"""Quotients of two elements, simulated, against ``adequate.program.rounding``."""

from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest

from adequate.exporters.verilog import export_verilog, simulate
from adequate.formats import Overflow, Rounding, Underflow
from adequate.program import Rounder, ToFixed, ToFloat
from adequate.program.steps import Divide
from tests.circuits.running import require_tool
from tests.exporters.verilog.building import Building, everything, image

RULES = [rule for rule in Rounding if rule is not Rounding.STOCHASTIC]
FIXED: list[Rounder] = [ToFixed(-8, 7, *kind) for kind in product(RULES, Overflow)]
FLOATS: list[Rounder] = [ToFloat(2, 28, *kind) for kind in product(RULES, Underflow)]
DIVISORS = [[[-9], [-4], [1], [6]]]


def quotients(rounders: list[Rounder], factors: list[Fraction]) -> Building:
    """Every integer of 6 bits by divisors of both signs: ties, exact quotients, and 0."""
    building = Building()
    x, y = building.input((1, 2**6), 6), building.constant(DIVISORS)
    for rounder, factor in product(rounders, factors):
        ends, shape = (rounder.low, rounder.high), (1, len(DIVISORS[0]), 2**6)
        building.add(Divide, shape, ends, x=x, y=y, factor=factor, to=rounder)
    return building


@pytest.mark.parametrize(
    ("rounders", "factors"),
    [
        (FIXED, [Fraction(1)]),
        pytest.param(FLOATS[::3], [Fraction(8)], marks=pytest.mark.slow),
        ([FIXED[0], FLOATS[0]], [Fraction(5, 3)]),
    ],
    ids=["fixed point", "floats", "divided factors"],
)
def test_quotients(rounders: list[Rounder], factors: list[Fraction], tmp_path: Path, builds: Path) -> None:
    building = quotients(rounders, factors)
    export_verilog(building.program(), tmp_path / "out", rows=1, columns=1, images=[everything(6)])
    found = simulate(tmp_path / "out", builds=builds).verification
    assert found.mismatch is None, found
    assert found.values == (len(building.steps) - 2) * len(DIVISORS[0]) * 2**6


@pytest.mark.slow
def test_quotients_of_wide_random_elements_in_both_simulators(tmp_path: Path, builds: Path) -> None:
    """Each image divides by another one, shifted so that no element is 0."""
    require_tool("verilator")
    building = Building()
    x, width = building.input((1, 40), 40), 40
    odd = building.constant([[2 * n + 1 for n in range(-20, 20)]])
    for rounder in (ToFixed(-(2**35), 2**35), ToFloat(7, 2**30), ToFixed(-(2**20), 2**20 - 1, RULES[-1])):
        for factor in (Fraction(1), Fraction(3, 2**9), Fraction(1001, 9)):
            ends = (rounder.low, rounder.high)
            building.add(Divide, (1, 40), ends, x=x, y=odd, factor=factor, to=rounder)
    images = [image((1, 40), width, seed) for seed in range(2)]
    export_verilog(building.program(), tmp_path / "out", rows=1, columns=1, images=images)
    for simulator in ("iverilog", "verilator"):
        found = simulate(tmp_path / "out", simulator, builds=builds, flags=["-O1"]).verification
        assert found.mismatch is None, found
