"""Laconic: against its steps one by one, a count by hand, closed forms and its bounds."""

from dataclasses import replace

import pytest
import torch

from adequate.accelerators.grid import Grid
from adequate.accelerators.laconic import Laconic
from adequate.accelerators.loop_nest import LoopNest
from adequate.accelerators.terms import Recoding
from adequate.accelerators.work import Work
from tests.accelerators.cases import layer, layers
from tests.accelerators.grids import ENDLESS, GRIDS, ONE, shape
from tests.accelerators.reference_laconic import cycles, term_pairs
from tests.accelerators.reference_terms import greedy, naf

CASES = layers(216, seed=2)
RECODINGS = ((Recoding.NAF, naf), (Recoding.DNNSIM, greedy))


@pytest.mark.parametrize("turn", [0, *(pytest.param(turn, marks=pytest.mark.slow) for turn in range(1, 4))])
def test_it_takes_the_cycles_of_its_steps(turn: int) -> None:
    for at, work in enumerate(CASES):
        grid, unit_bits = GRIDS[(at + turn) % len(GRIDS)]
        recoding, terms = RECODINGS[(at + turn) // len(GRIDS) % 2]
        found = Laconic(grid, unit_bits, recoding, memory=ENDLESS).simulate(work)
        assert found.cycles == cycles(work, shape(grid), unit_bits, terms), work.name
        assert found.operations == term_pairs(work, unit_bits, terms), work.name
        assert found.operations <= found.capacity, work.name


def test_one_lane_by_hand() -> None:
    """7 = 8 - 1 and 5 = 4 + 1 make four pairs, 3 and 1 two, 0 and 9 one cycle: four steps of one window and filter."""
    loops = LoopNest(1, 2, 1, (1, 2))
    work = layer(loops, torch.tensor([[[[7, 3]], [[0, 4]]]]), torch.tensor([[[[[5]], [[9]]]]]))
    assert Laconic(ONE, memory=ENDLESS).simulate(work).cycles == (4 + 1) + (4 + 2)
    assert Laconic(replace(ONE, lanes=2), memory=ENDLESS).simulate(work).cycles == 4 + 4
    assert Laconic(replace(ONE, windows=2), memory=ENDLESS).simulate(work).cycles == 4 + 2


def test_of_ones_every_step_is_one_cycle() -> None:
    loops, grid = LoopNest(2, 5, 7, (6, 9), (3, 2), (2, 1)), Grid(1, 4, 3, 2)
    work = layer(loops, torch.ones(3, 10, 6, 9), torch.ones(1, 14, 5, 3, 2))
    found = Laconic(grid, memory=ENDLESS).simulate(work)
    assert found.cycles == 3 * 2 * -(-loops.windows // 3) * 2 * 6 * 3
    assert found.operations == work.macs


def test_fully_connected_columns_take_turns() -> None:
    """Six steps on three columns, one a cycle: the last starts in cycle 5; on one column they add up."""
    loops = LoopNest(1, 6, 1, (1, 1))
    work = layer(loops, torch.ones(1, 6, 1, 1), torch.ones(1, 1, 6, 1, 1))
    assert Laconic(Grid(1, 1, 3, 1), memory=ENDLESS).simulate(work).cycles == 6
    threes = layer(loops, torch.full((1, 6, 1, 1), 3), torch.full((1, 1, 6, 1, 1), 3))
    assert Laconic(Grid(1, 1, 3, 1), memory=ENDLESS).simulate(threes).cycles == 4 + 4 + 2
    assert Laconic(ONE, memory=ENDLESS).simulate(threes).cycles == 6 * 4


def test_25_lanes_are_never_slower_than_one_product_a_cycle() -> None:
    """Canonical digits of bytes have five terms at most: 25 pairs in a product."""
    for work in CASES:
        if max(work.activation_width, work.weight_width) <= 8:
            grid = GRIDS[0][0]
            found = Laconic(grid, memory=ENDLESS).simulate(work)
            assert found.cycles <= 25 * work.runs * grid.steps(work.loops), work.name
            assert found.cycles <= Laconic(grid, 8, Recoding.DNNSIM, memory=ENDLESS).simulate(work).cycles, work.name


def test_what_it_refuses() -> None:
    loops = LoopNest(1, 2, 3, (1, 1))
    with pytest.raises(ValueError, match="layer 'fc': laconic reads values; give it operands=adequate.operands"):
        Laconic().simulate(Work("fc", loops, 8, 8, 8, 8, 8))
    with pytest.raises(ValueError, match="layer 'fc': its weight has integers of 17 bits; laconic holds at most 16"):
        Laconic().simulate(Work("fc", loops, 8, 17, 8, 8, 17))
    with pytest.raises(ValueError, match="layer 'fc': laconic multiplies integers of at most 16 bits; give its input"):
        Laconic().simulate(Work("fc", loops, 32, 32, 32, 32, 32, integers=False))
    with pytest.raises(ValueError, match="take 2 columns and 1 rows of 8-bit units; a tile has 1 and 1"):
        Laconic(ONE).simulate(Work("fc", loops, 16, 8, 8, 16, 8))


def test_energy_and_traffic_grow_with_the_work_and_constants_have_sources() -> None:
    loops = LoopNest(1, 4, 4, (4, 4), (3, 3))
    few, many = (
        Laconic().simulate(layer(loops, torch.full((1, 4, 4, 4), value), torch.ones(1, 4, 4, 3, 3)))
        for value in (1, 85)
    )
    assert many.energy_parts_pj["compute"] == 4 * few.energy_parts_pj["compute"]
    assert many.traffic_bytes == few.traffic_bytes
    assert set(few.traffic_bytes) == {"buffer", "dram"}
    assert all(constant.source for constant in Laconic().constants().values())
