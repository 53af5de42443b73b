"""Rounding circuits, simulated, on every integer of a width against ``adequate.program.rounding``."""

from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest

from adequate.exporters.verification import Verification
from adequate.exporters.verilog import export_verilog, simulate
from adequate.formats import Overflow, Rounding, Underflow
from adequate.program import Rounder, ToFixed, ToFloat
from adequate.program.steps import Round, Table, Threshold
from tests.exporters.verilog.building import Building, everything, integers

RULES = [rule for rule in Rounding if rule is not Rounding.STOCHASTIC]
FIXED = [ToFixed(-8, 7, *kind) for kind in product(RULES, Overflow)] + [ToFixed(0, 15), ToFixed(-3, 3)]
FLOATS = [ToFloat(2, 28, *kind) for kind in product(RULES, Underflow)] + [ToFloat(1, 6), ToFloat(3, 480)]


def verified(building: Building, bits: int, folder: Path, builds: Path) -> Verification:
    """What the simulation of every integer of a width found."""
    export_verilog(building.program(), folder, rows=1, columns=1, images=[everything(bits)])
    return simulate(folder, builds=builds).verification


@pytest.mark.parametrize(
    ("rounders", "factors"),
    [
        (FIXED, [Fraction(1, 4), Fraction(3, 8), Fraction(2)]),
        (FLOATS[::2], [Fraction(1, 4)]),
        pytest.param(FLOATS, [Fraction(1, 4), Fraction(5)], marks=pytest.mark.slow),
        ([*FIXED[::3], *FLOATS[::4]], [Fraction(1, 9), Fraction(5, 3), Fraction(1, 12), Fraction(2, 7)]),
    ],
    ids=["fixed point", "some floats", "floats", "division"],
)
def test_roundings(rounders: list[Rounder], factors: list[Fraction], tmp_path: Path, builds: Path) -> None:
    building = Building()
    x = building.input((1, 2**7), 7)
    for rounder, factor in product(rounders, factors):
        building.add(Round, (1, 2**7), (rounder.low, rounder.high), x=x, factor=(factor,), to=rounder)
    found = verified(building, 7, tmp_path / "out", builds)
    assert found.mismatch is None
    assert found.values == (len(building.steps) - 1) * 2**7


def test_factors_and_thresholds_of_each_channel_and_tables(tmp_path: Path, builds: Path) -> None:
    building = Building()
    x = building.input((1, 2**6), 6)
    factors = tuple(Fraction(n + 1, 8) for n in range(64))
    building.add(Round, (1, 2**6), (-31, 31), x=x, factor=factors, to=ToFixed(-31, 31), axis=-1)
    thresholds = tuple((n - 40, n - 32, n - 32, n + 900) for n in range(64))
    building.add(Threshold, (1, 2**6), (-9, 8), x=x, thresholds=thresholds, levels=(-9, -1, 5, 8, 700), axis=1)
    building.add(Threshold, (1, 2**6), (3, 3), x=x, thresholds=((),), levels=(3,))
    building.add(Table, (1, 2**6), (-32, 31), x=x, entries=integers((64,), 6, 0))
    found = verified(building, 6, tmp_path / "out", builds)
    assert found.mismatch is None
    assert found.values == (len(building.steps) - 1) * 2**6
