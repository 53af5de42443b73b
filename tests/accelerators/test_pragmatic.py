"""Bit-Pragmatic: against its steps one by one, columns by hand, closed forms and its order among the machines."""

from dataclasses import replace

import pytest
import torch

from adequate.accelerators.grid import Grid
from adequate.accelerators.loop_nest import LoopNest
from adequate.accelerators.pragmatic import Pragmatic, retirements
from adequate.accelerators.stripes import Stripes
from adequate.accelerators.terms import Recoding
from adequate.accelerators.work import Work
from tests.accelerators.cases import layer, layers
from tests.accelerators.grids import ENDLESS, GRIDS, ONE, shape
from tests.accelerators.reference_pragmatic import column, cycles, term_products
from tests.accelerators.reference_terms import naf, set_bits

CASES = layers(216, seed=3)


@pytest.mark.parametrize("turn", [0, *(pytest.param(turn, marks=pytest.mark.slow) for turn in range(1, 4))])
def test_it_takes_the_cycles_of_its_steps(turn: int) -> None:
    for at, work in enumerate(CASES):
        grid, unit_bits = GRIDS[(at + turn) % len(GRIDS)]
        recoding, terms = ((Recoding.BINARY, set_bits), (Recoding.NAF, naf))[(at + turn) // 4 % 2]
        first, registers = (at + turn) // 2 % 5, (0, 0, 1, 2, 5)[(at + turn) % 5]
        machine = Pragmatic(grid, unit_bits, first, registers, recoding, memory=ENDLESS)
        found = machine.simulate(work)
        assert found.cycles == cycles(work, shape(grid), unit_bits, first, registers, terms), work.name
        assert found.operations == term_products(work, unit_bits, terms), work.name
        assert found.operations <= found.capacity, work.name


@pytest.mark.parametrize(
    ("lanes", "first_stage_bits", "expected"),
    [
        ((0b1001, 0b1001), 0, 2),  # both lanes retire bit 0, then both bit 3
        ((0b0001, 0b1000), 0, 2),  # one stage: only the lowest term of all
        ((0b0001, 0b1000), 2, 1),  # 0 .. 3 are in reach
        ((0b00001, 0b10000), 2, 2),  # 4 is not
        ((0b1111, 0), 4, 4),  # a lane retires one term a cycle
        ((0, 0), 2, 0),
    ],
)
def test_columns_by_hand(lanes: tuple[int, int], first_stage_bits: int, expected: int) -> None:
    pending = torch.tensor(lanes, dtype=torch.int32).reshape(1, 1, 1, 2, 1, 1)
    assert retirements(pending, first_stage_bits).item() == expected
    exponents = tuple(tuple(n for _, n in set_bits(lane)) for lane in lanes)
    assert column(exponents, first_stage_bits) == max(1, expected)


def test_of_one_lane_the_cycles_are_its_essential_bits() -> None:
    loops = LoopNest(1, 3, 2, (1, 1))
    work = layer(loops, torch.tensor([7, 0, 16]).reshape(1, 3, 1, 1), torch.ones(1, 2, 3, 1, 1))
    assert Pragmatic(ONE, memory=ENDLESS).simulate(work).cycles == 2 * (3 + 1 + 1)


def test_of_ones_every_step_is_one_cycle() -> None:
    loops, grid = LoopNest(2, 5, 7, (6, 9), (3, 2), (2, 1)), Grid(1, 4, 3, 2)
    work = layer(loops, torch.ones(3, 10, 6, 9), torch.ones(1, 14, 5, 3, 2))
    found = Pragmatic(grid, memory=ENDLESS).simulate(work)
    assert found.cycles == 3 * grid.steps(loops)
    assert found.operations == work.macs


def test_a_wide_first_stage_and_registers_only_help() -> None:
    for work in CASES[::5]:
        if not work.loops.fully_connected:
            grid = GRIDS[1][0]
            by_stage = [Pragmatic(grid, 16, bits, memory=ENDLESS).simulate(work).cycles for bits in range(5)]
            assert by_stage == sorted(by_stage, reverse=True), work.name
            ahead = [Pragmatic(grid, 16, 2, registers, memory=ENDLESS).simulate(work).cycles for registers in range(4)]
            assert ahead == sorted(ahead, reverse=True), work.name


def test_it_is_no_slower_than_stripes() -> None:
    """A magnitude has no more set bits, at one place each, than the word has bits."""
    for work in CASES[::3]:
        grid = GRIDS[2][0]
        serial = Stripes(grid, memory=ENDLESS).simulate(work)
        assert Pragmatic(grid, memory=ENDLESS).simulate(work).cycles <= serial.cycles, work.name


def test_what_it_refuses() -> None:
    work = Work("conv", LoopNest(1, 2, 3, (4, 4), (3, 3)), 8, 8, 8, 8, 8)
    with pytest.raises(ValueError, match="layer 'conv': pragmatic reads values"):
        Pragmatic().simulate(work)
    with pytest.raises(ValueError, match="pragmatic holds at most 16"):
        Pragmatic().simulate(replace(work, activation_width=20))
