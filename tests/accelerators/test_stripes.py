"""Stripes, static and dynamic: against their steps one by one, closed forms, bits by hand, and each other."""

from dataclasses import replace

import pytest
import torch

from adequate.accelerators.dadiannao import Dadiannao
from adequate.accelerators.dynamic_stripes import DynamicStripes
from adequate.accelerators.extents import extents
from adequate.accelerators.grid import Grid
from adequate.accelerators.loop_nest import LoopNest
from adequate.accelerators.stripes import Stripes
from adequate.accelerators.work import Work
from tests.accelerators.cases import layer, layers
from tests.accelerators.grids import ENDLESS, GRIDS, ONE, shape
from tests.accelerators.reference_stripes import dynamic_cycles, needed, own_bits, parts, static_cycles

CASES = layers(216, seed=4)


def test_stripes_takes_the_cycles_of_its_steps() -> None:
    for at, work in enumerate(CASES):
        grid, unit_bits = GRIDS[at % len(GRIDS)]
        found = Stripes(grid, unit_bits, memory=ENDLESS).simulate(work)
        assert found.cycles == static_cycles(work, shape(grid), unit_bits), work.name
        assert found.operations <= found.capacity, work.name


@pytest.mark.parametrize("turn", [0, *(pytest.param(turn, marks=pytest.mark.slow) for turn in range(1, 4))])
def test_dynamic_stripes_takes_the_cycles_of_its_steps(turn: int) -> None:
    for at, work in enumerate(CASES):
        grid, unit_bits = GRIDS[(at + turn) % len(GRIDS)]
        group, minor, registers = 1 + at % 3, (at + turn) // 4 % 2 == 1, (0, 0, 1, 2, 5)[(at + turn) % 5]
        machine = DynamicStripes(grid, unit_bits, group, minor, registers, memory=ENDLESS)
        found = machine.simulate(work)
        assert found.cycles == dynamic_cycles(work, shape(grid), unit_bits, group, minor, registers), work.name
        slices = -(-work.weight_width // unit_bits)
        if at % 3 == turn % 3:
            assert found.operations == own_bits(work, grid.lanes, unit_bits, minor, slices), work.name
        assert found.operations <= found.capacity, work.name


@pytest.mark.parametrize("minor", [False, True])
@pytest.mark.parametrize(("bits", "unit_bits", "signed"), [(8, 8, True), (8, 8, False), (10, 4, True), (16, 16, True)])
def test_bits_of_single_integers(bits: int, unit_bits: int, signed: bool, minor: bool) -> None:
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1)) if signed else (0, 2**bits)
    values = range(low, high, 1 if bits < 16 else 37)
    found = extents(torch.tensor(values, dtype=torch.int32), bits, unit_bits, signed=signed, minor=minor)
    expected = [[needed([part], minor) for part in parts(value, bits, unit_bits, signed)] for value in values]
    assert torch.stack([one.widths for one in found], 1).tolist() == expected


@pytest.mark.parametrize(
    ("values", "signed", "plain", "minor"),
    [
        ([0, 0], True, 1, 1),
        ([5, 2], False, 3, 3),  # 101 and 010
        ([4, 12], False, 4, 2),  # 0100 and 1100: bits 2 and 3
        ([4, 12], True, 5, 3),  # and the sign
        ([-1, 0], True, 1, 1),
        ([-8, 4], True, 4, 2),  # 1000 and 0100: bits 2 and 3
        ([-128, 1], True, 8, 8),
    ],
)
def test_bits_of_a_group_by_hand(values: list[int], signed: bool, plain: int, minor: int) -> None:
    loops = LoopNest(1, 2, 1, (1, 1))
    work = layer(loops, torch.tensor(values).reshape(1, 2, 1, 1), torch.ones(1, 1, 2, 1, 1), signed=signed)
    grid = replace(ONE, lanes=2)
    assert DynamicStripes(grid, memory=ENDLESS).simulate(work).cycles == plain
    assert DynamicStripes(grid, minor=True, memory=ENDLESS).simulate(work).cycles == minor


def test_what_activations_need_is_never_more_than_their_words() -> None:
    for work in CASES[::3]:
        for grid, unit_bits in GRIDS[:2]:
            dynamic = DynamicStripes(grid, unit_bits, memory=ENDLESS).simulate(work)
            trimmed = DynamicStripes(grid, unit_bits, minor=True, memory=ENDLESS).simulate(work)
            static = Stripes(grid, unit_bits, memory=ENDLESS).simulate(work)
            assert trimmed.cycles <= dynamic.cycles <= static.cycles, work.name


def test_stripes_is_bits_times_as_long_as_a_parallel_grid_and_monotone_in_them() -> None:
    loops = LoopNest(1, 20, 9, (6, 6), (3, 3))
    work = Work("conv", loops, 8, 8, 8, 8, 8)
    parallel = Dadiannao(tiles=1, filters=4, lanes=4, windows=3, memory=ENDLESS).simulate(work).cycles
    found = [
        Stripes(Grid(1, 4, 3, 4), memory=ENDLESS).simulate(replace(work, activation_width=bits)).cycles
        for bits in range(1, 17)
    ]
    assert found == [bits * parallel for bits in range(1, 17)]


def test_what_they_refuse() -> None:
    work = Work("conv", LoopNest(1, 2, 3, (4, 4), (3, 3)), 8, 8, 8, 8, 8)
    assert Stripes().simulate(work).cycles
    with pytest.raises(ValueError, match="layer 'conv': dynamic_stripes reads values"):
        DynamicStripes().simulate(work)
    with pytest.raises(ValueError, match="its weight has integers of 20 bits; stripes holds at most 16"):
        Stripes().simulate(replace(work, weight_width=20))
    with pytest.raises(ValueError, match="take 2 columns and 1 rows of 4-bit units; a tile has 1 and 1"):
        Stripes(ONE, unit_bits=4).simulate(replace(work, weight_width=4))
