"""Bit-Tactical against its step-by-step reference, with and without compiled kernels, and its laws."""

from collections.abc import Callable
from dataclasses import replace
from math import inf
from random import Random

import pytest
import torch

from adequate.accelerators import Dadiannao, retirement, weight_skipping
from adequate.accelerators.dynamic_stripes import DynamicStripes
from adequate.accelerators.grid import DNNSIM_GRID, Grid
from adequate.accelerators.loop_nest import LoopNest
from adequate.accelerators.pragmatic import Pragmatic
from adequate.accelerators.steps import filters_of, windows_of
from adequate.accelerators.tactical import Tactical
from adequate.accelerators.tactical_serial import TacticalE, TacticalP
from adequate.accelerators.terms import Recoding
from adequate.accelerators.weight_skipping import DNNSIM_SKIPPING, Shape, WeightSkipping
from adequate.accelerators.work import Work
from tests.accelerators import reference_tactical as reference
from tests.accelerators.cases import layer, layers

SKIPPING = (
    DNNSIM_SKIPPING,
    WeightSkipping(1, 0, Shape.L),
    WeightSkipping(3, 2, Shape.L),
    WeightSkipping(1, 4, Shape.T),
    WeightSkipping(0, 0),
)
SMALL = Grid(tiles=2, filters=2, windows=3, lanes=4)
FREE = replace(Tactical().memory, bits_per_cycle=inf)


def step_costs(
    work: Work, grid: Grid, skipping: WeightSkipping, cost: Callable[[list[int]], int]
) -> list[list[list[int]]]:
    """The reference's steps of each run and group."""
    operands, loops = work.values("the reference"), work.loops
    windows = windows_of(operands.activation, loops).tolist()
    filters = filters_of(operands.weight, loops).tolist()
    reaches = reference.offsets(skipping.shape.value, skipping.lookahead, skipping.lookaside)
    return [
        [
            reference.step_costs(
                [reference.blocked(one, grid.lanes) for one in windows[run][group]],
                [reference.blocked(one, grid.lanes) for one in filters[run % len(filters)][group]],
                tiles=grid.tiles,
                rows=grid.filters,
                columns=grid.windows,
                reaches=reaches,
                lookahead=skipping.lookahead,
                cost=cost,
            )
            for group in range(loops.groups)
        ]
        for run in range(work.runs)
    ]


@pytest.fixture(params=["compiled", "torch"])
def _kernels(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "torch":
        monkeypatch.setattr(weight_skipping, "kernels", None)
        monkeypatch.setattr(retirement, "kernels", None)


@pytest.mark.usefixtures("_kernels")
def test_it_is_the_reference_layer_by_layer() -> None:
    for at, work in enumerate(layers(120, seed=5)):
        machine = Tactical(SMALL, SKIPPING[at % len(SKIPPING)], memory=FREE)
        steps = step_costs(work, SMALL, machine.skipping, lambda taken: 1)
        assert machine.simulate(work).cycles == sum(len(one) for run in steps for one in run), work.name


def serial_cycles(work: Work, grid: Grid, skipping: WeightSkipping, cost: Callable[[list[int]], int]) -> int:
    steps = [one for run in step_costs(work, grid, skipping, cost) for one in run]
    if work.loops.fully_connected:
        return sum(reference.staggered(one, grid.windows) for one in steps)
    return sum(map(sum, steps))


@pytest.mark.usefixtures("_kernels")
def test_terms_are_retired_as_in_the_reference() -> None:
    for at, work in enumerate(layers(90, seed=9)):
        machine = TacticalE(SMALL, SKIPPING[at % len(SKIPPING)], at % 4, memory=FREE)
        expected = serial_cycles(
            work,
            SMALL,
            machine.skipping,
            lambda taken, bits=machine.first_stage_bits: reference.retirement([abs(one) for one in taken], bits),
        )
        assert machine.simulate(work).cycles == expected, work.name


@pytest.mark.usefixtures("_kernels")
def test_bits_are_those_of_the_reference() -> None:
    for at, work in enumerate(layers(90, seed=10)):
        machine = TacticalP(SMALL, SKIPPING[at % len(SKIPPING)], memory=FREE)
        expected = serial_cycles(
            work,
            SMALL,
            machine.skipping,
            lambda taken, work=work: reference.needed_bits(taken, work.signed_activation, work.activation_width),
        )
        assert machine.simulate(work).cycles == expected, work.name


def slices_of(work: Work, taken: list[int], unit: int) -> list[list[int]]:
    """The digits of |value|."""
    return [[abs(one) >> at & (1 << unit) - 1 for one in taken] for at in range(0, work.activation_width, unit)]


def sliced_bits(work: Work, taken: list[int], unit: int) -> int:
    """The most bits of a slice in two's complement, of which the highest has the sign."""
    bits, found = work.activation_width, []
    for at in range(0, bits, unit):
        if at + unit < bits:
            found.append(reference.needed_bits([one >> at & (1 << unit) - 1 for one in taken], False, unit))
        else:
            found.append(reference.needed_bits([one >> at for one in taken], work.signed_activation, bits - at))
    return max(found)


@pytest.mark.parametrize("unit", [8, 5])
def test_words_wider_than_a_unit_take_columns_and_rows(unit: int) -> None:
    """All three against the reference on a grid with as many times fewer windows and filters."""
    grid = Grid(tiles=2, filters=8, windows=9, lanes=3)
    for at, work in enumerate(layers(54, seed=13)):
        skipping = SKIPPING[at % len(SKIPPING)]
        columns, rows = -(-work.activation_width // unit), -(-work.weight_width // unit)
        left = replace(grid, filters=grid.filters // rows, windows=grid.windows // columns)
        skipped = step_costs(work, left, skipping, lambda taken: 1)
        cycles = sum(len(one) for run in skipped for one in run)
        assert Tactical(grid, skipping, unit, memory=FREE).simulate(work).cycles == cycles, work.name
        terms = serial_cycles(
            work,
            left,
            skipping,
            lambda taken, work=work: max(reference.retirement(one, 2) for one in slices_of(work, taken, unit)),
        )
        assert TacticalE(grid, skipping, unit_bits=unit, memory=FREE).simulate(work).cycles == terms, work.name
        bits = serial_cycles(work, left, skipping, lambda taken, work=work: sliced_bits(work, taken, unit))
        assert TacticalP(grid, skipping, unit, memory=FREE).simulate(work).cycles == bits, work.name


@pytest.mark.slow
@pytest.mark.usefixtures("_kernels")
@pytest.mark.parametrize("grid", [SMALL, Grid(1, 3, 2, 5), DNNSIM_GRID])
def test_they_are_the_reference_over_many_layers(grid: Grid) -> None:
    for at, work in enumerate(layers(270, seed=11)):
        skipping = SKIPPING[at % len(SKIPPING)]
        terms = serial_cycles(work, grid, skipping, lambda taken: reference.retirement([abs(one) for one in taken], 2))
        assert TacticalE(grid, skipping, memory=FREE).simulate(work).cycles == terms, work.name
        bits = serial_cycles(
            work,
            grid,
            skipping,
            lambda taken, work=work: reference.needed_bits(taken, work.signed_activation, work.activation_width),
        )
        assert TacticalP(grid, skipping, memory=FREE).simulate(work).cycles == bits, work.name


def test_with_dense_weights_they_are_the_machines_behind() -> None:
    """Without zeros every lane keeps its weight, and all filters take the same activations."""
    for work in layers(60, seed=12):
        operands = work.values("the test")
        dense = replace(work, operands=replace(operands, weight=torch.ones_like(operands.weight)))
        if work.loops.channels % 4 == 0:
            pragmatic = Pragmatic(SMALL, memory=FREE).simulate(dense)
            stripes = DynamicStripes(SMALL, memory=FREE).simulate(dense)
            assert TacticalE(SMALL, memory=FREE).simulate(dense) == pragmatic
            assert TacticalP(SMALL, memory=FREE).simulate(dense).cycles == stripes.cycles


@pytest.mark.usefixtures("_kernels")
def test_recoded_terms_of_17_bits() -> None:
    """65535 is 2^16 - 1: two terms, 16 apart, so that two cycles are taken."""
    work = layer(
        LoopNest(1, 1, 1, (1, 2)),
        torch.full((1, 1, 1, 2), 65535),
        torch.ones(1, 1, 1, 1, 1),
        bits=(16, 8),
        signed=False,
    )
    machine = TacticalE(SMALL, recoding=Recoding.NAF, memory=FREE)
    assert (machine.simulate(work).cycles, machine.simulate(work).operations) == (2, 4)


@pytest.mark.usefixtures("_kernels")
@pytest.mark.parametrize("skipping", SKIPPING)
def test_schedules_are_the_reference_s_place_by_place(skipping: WeightSkipping) -> None:
    random = Random(6)
    reaches = reference.offsets(skipping.shape.value, skipping.lookahead, skipping.lookaside)
    assert skipping.offsets == reaches
    for lanes, density in ((4, 0.5), (1, 0.3), (16, 0.2), (5, 0.1), (8, 0.0), (3, 1.0)):
        filters, steps = random.randint(1, 4), random.randint(1, 9)
        weights = [
            [[int(random.random() < density) for _ in range(lanes)] for _ in range(steps)] for _ in range(filters)
        ]
        expected = reference.scheduled(weights, reaches, skipping.lookahead)
        found = skipping.schedule(torch.tensor(weights, dtype=torch.uint8).movedim(1, 0)[None])
        assert found.emitted[0].nonzero().flatten().tolist() == list(expected)
        for step, rows in expected.items():
            places = [[(s - step) * lanes + i if s >= step else -1 for _, s, i in row] for row in rows]
            assert found.source[0, step].tolist() == places


def test_without_lookahead_and_with_dense_weights_it_is_dadiannao() -> None:
    for work in layers(40, seed=7):
        expected = Dadiannao(4, 4, 4, windows=2, memory=FREE).simulate(work).cycles
        grid = Grid(4, 4, 2, 4)
        assert Tactical(grid, WeightSkipping(0, 0), memory=FREE).simulate(work).cycles == expected
        operands = work.values("the test")
        dense = replace(work, operands=replace(operands, weight=torch.ones_like(operands.weight)))
        if work.loops.channels % 4 == 0:
            assert Tactical(grid, memory=FREE).simulate(dense).cycles == expected
        assert Tactical(grid, memory=FREE).simulate(work).cycles <= expected


def test_every_nonzero_weight_is_multiplied_once() -> None:
    generator = torch.Generator().manual_seed(8)
    nonzero = torch.rand(6, 11, 3, 16, generator=generator) < torch.rand(6, 1, 1, 1, generator=generator)
    found = DNNSIM_SKIPPING.schedule(nonzero)
    for s, filter in ((s, f) for s in range(6) for f in range(3)):
        taken = [
            (step + place // 16, place % 16)
            for step in found.emitted[s].nonzero().flatten().tolist()
            for place in found.source[s, step, filter].tolist()
            if place >= 0
        ]
        assert len(set(taken)) == len(taken)
        assert set(map(tuple, nonzero[s, :, filter].nonzero().tolist())) <= set(taken)


def test_by_hand() -> None:
    """One filter, one lane, weights 0 0 0 5 0 of five channels: two zeros are skipped, the third takes the 5.

    Then the place of the 5 and the last one are skipped.
    """
    loops = LoopNest(1, 5, 1, (1, 1))
    work = layer(loops, torch.ones(1, 5, 1, 1), torch.tensor([0, 0, 0, 5, 0]).reshape(1, 1, 5, 1, 1))
    cost = Tactical(Grid(1, 1, 1, 1), memory=FREE).simulate(work)
    assert (cost.cycles, cost.operations, cost.capacity) == (1, 1, 1)
    assert Tactical(Grid(1, 1, 1, 1), WeightSkipping(0, 0), memory=FREE).simulate(work).cycles == 5


def test_what_it_cannot_run_is_refused() -> None:
    work = layers(1, seed=0)[0]
    with pytest.raises(ValueError, match=r"^layer 'plain#0': tactical reads values; give it operands="):
        Tactical().simulate(replace(work, operands=None))
    with pytest.raises(ValueError, match=r"integers of 17 bits; tactical holds at most 16$"):
        Tactical().simulate(replace(work, weight_width=17))
    with pytest.raises(ValueError, match=r"words of 16 and 8 bits take 2 columns and 1 rows of 8-bit units"):
        Tactical(unit_bits=8).simulate(replace(work, activation_width=16, weight_width=8))
