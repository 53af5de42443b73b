"""Cnvlutin: against its windows one by one, a count by hand, and DaDianNao."""

from dataclasses import replace

import pytest
import torch

from adequate.accelerators.cnvlutin import Cnvlutin
from adequate.accelerators.dadiannao import Dadiannao
from adequate.accelerators.loop_nest import LoopNest
from adequate.accelerators.work import Work
from tests.accelerators.cases import layer, layers
from tests.accelerators.grids import ENDLESS, GRIDS, ONE, shape
from tests.accelerators.reference_cnvlutin import cycles
from tests.accelerators.reference_grid import products

CASES = layers(216, seed=6)


@pytest.mark.parametrize("turn", [0, *(pytest.param(turn, marks=pytest.mark.slow) for turn in range(1, 4))])
def test_it_takes_the_cycles_of_its_windows(turn: int) -> None:
    for at, work in enumerate(CASES):
        grid = GRIDS[(at + turn) % len(GRIDS)][0]
        grid = replace(grid, windows=1) if at % 2 else grid
        found = Cnvlutin(grid, memory=ENDLESS).simulate(work)
        assert found.cycles == cycles(work, shape(grid)), work.name
        assert found.operations == sum(a != 0 for a, _ in products(work)), work.name
        assert found.operations <= found.capacity, work.name


def test_one_window_by_hand() -> None:
    """Channels 0 and 2 on one lane, 1 and 3 on the other; each taps' zeros are left out."""
    loops = LoopNest(1, 4, 1, (1, 2), (1, 2))
    values = torch.tensor([[[3, 0]], [[0, 0]], [[1, 2]], [[0, 5]]])[None]
    work = layer(loops, values, torch.ones(1, 1, 4, 1, 2))
    assert Cnvlutin(replace(ONE, lanes=2), memory=ENDLESS).simulate(work).cycles == 3
    assert Cnvlutin(ONE, memory=ENDLESS).simulate(work).cycles == 4


def test_without_zeros_it_is_dadiannao_and_with_them_no_slower() -> None:
    for work in CASES[::3]:
        assert work.operands is not None
        machine, dense = Cnvlutin(memory=ENDLESS), Dadiannao(memory=ENDLESS)
        ones = replace(work, operands=replace(work.operands, activation=torch.ones_like(work.operands.activation)))
        assert machine.simulate(work).cycles <= dense.simulate(work).cycles == machine.simulate(ones).cycles, work.name


def test_what_it_refuses() -> None:
    work = Work("conv", LoopNest(1, 2, 3, (4, 4), (3, 3)), 8, 8, 8, 8, 8)
    with pytest.raises(ValueError, match="layer 'conv': cnvlutin reads values"):
        Cnvlutin().simulate(work)
    with pytest.raises(ValueError, match="its input has integers of 20 bits; cnvlutin holds at most 16"):
        Cnvlutin().simulate(replace(work, activation_width=20))
