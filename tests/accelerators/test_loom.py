"""Loom: against its steps one by one, a count by hand, and its bounds."""

from dataclasses import replace

import pytest
import torch

from adequate.accelerators.loom import Loom
from adequate.accelerators.loop_nest import LoopNest
from adequate.accelerators.stripes import Stripes
from adequate.accelerators.work import Work
from tests.accelerators.cases import layer, layers
from tests.accelerators.grids import ENDLESS, GRIDS, ONE, shape
from tests.accelerators.reference_stripes import loom_cycles, own_bits

CASES = layers(216, seed=5)


@pytest.mark.parametrize("turn", [0, *(pytest.param(turn, marks=pytest.mark.slow) for turn in range(1, 4))])
def test_it_takes_the_cycles_of_its_steps(turn: int) -> None:
    for at, work in enumerate(CASES):
        grid = GRIDS[(at + turn) % len(GRIDS)][0]
        serial, dynamic = (1, 2, 3)[(at + turn) // 2 % 3], (at + turn) // 4 % 2 == 1
        found = Loom(grid, serial, dynamic, memory=ENDLESS).simulate(work)
        assert found.cycles == loom_cycles(work, shape(grid), serial, dynamic), work.name
        weights = None if dynamic else work.weight_width
        assert found.operations == own_bits(work, grid.lanes, work.activation_width, False, weights), work.name
        assert found.operations <= found.capacity, work.name


def test_one_lane_by_hand() -> None:
    """5 needs three bits, 1 one; weights of 4 bits, of which -1 needs one and 6 four with its sign."""
    loops = LoopNest(1, 2, 1, (1, 1))
    activation, weight = torch.tensor([5, 1]).reshape(1, 2, 1, 1), torch.tensor([-1, 6]).reshape(1, 1, 2, 1, 1)
    work = layer(loops, activation, weight, bits=(8, 4), signed=False)
    assert Loom(ONE, memory=ENDLESS).simulate(work).cycles == 3 * 4 + 1 * 4
    assert Loom(ONE, dynamic_weights=True, memory=ENDLESS).simulate(work).cycles == 3 * 1 + 1 * 4
    assert Loom(ONE, serial_bits=2, memory=ENDLESS).simulate(work).cycles == 2 * 4 + 1 * 4


def test_what_weights_need_is_never_more_than_their_words_and_a_word_is_stripes_once_more() -> None:
    for work in CASES[::3]:
        grid = GRIDS[0][0]
        static, dynamic = (Loom(grid, dynamic_weights=asked, memory=ENDLESS).simulate(work) for asked in (False, True))
        assert dynamic.cycles <= static.cycles, work.name
        if not work.loops.fully_connected:
            serial = Stripes(grid, memory=ENDLESS).simulate(work)
            assert static.cycles <= work.weight_width * serial.cycles, work.name


def test_of_ones_every_step_is_the_weights_word() -> None:
    loops, grid = LoopNest(2, 5, 7, (6, 9), (3, 2), (2, 1)), GRIDS[0][0]
    work = layer(loops, torch.ones(3, 10, 6, 9), torch.ones(1, 14, 5, 3, 2), signed=False)
    assert Loom(grid, memory=ENDLESS).simulate(work).cycles == 3 * 8 * grid.steps(loops)
    assert Loom(grid, dynamic_weights=True, memory=ENDLESS).simulate(work).cycles == 3 * 2 * grid.steps(loops)


def test_what_it_refuses() -> None:
    work = Work("conv", LoopNest(1, 2, 3, (4, 4), (3, 3)), 8, 8, 8, 8, 8)
    with pytest.raises(ValueError, match="layer 'conv': loom reads values"):
        Loom().simulate(work)
    with pytest.raises(ValueError, match="its input has integers of 20 bits; loom holds at most 16"):
        Loom().simulate(replace(work, activation_width=20))
