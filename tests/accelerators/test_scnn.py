"""SCNN against its step-by-step reference, with and without compiled kernels, and its laws."""

from dataclasses import replace
from math import inf

import pytest
import torch
from torch.nn import functional

from adequate.accelerators import cartesian
from adequate.accelerators.loop_nest import LoopNest
from adequate.accelerators.scnn import SCNN
from adequate.accelerators.work import Work
from tests.accelerators.cases import layer, layers
from tests.accelerators.reference_scnn import bank_of, cycles_and_products

SMALL = SCNN(tiles=(2, 3), inputs=2, weights=3, accumulators=24, banks=8)
"""Tiles that leave elements idle, blocks of few filters, banks that collide."""


def expected(work: Work, machine: SCNN) -> tuple[int, int]:
    operands, loops = work.values("the reference"), work.loops
    cycles = products = 0
    for run in range(work.runs):
        weight = operands.weight[run if len(operands.weight) > 1 else 0]
        for group in range(loops.groups):
            spent = cycles_and_products(
                operands.activation[run, group * loops.channels :][: loops.channels].tolist(),
                weight[group * loops.filters :][: loops.filters].tolist(),
                stride=loops.stride,
                dilation=loops.dilation,
                padding=(loops.padding[0], loops.padding[2]),
                tiles=machine.tiles,
                inputs=machine.inputs,
                weights=machine.weights,
                accumulators=machine.accumulators,
                banks=machine.banks,
            )
            cycles, products = cycles + spent[0], products + spent[1]
    return cycles, products


def differing(works: list[Work], machine: SCNN) -> list[str]:
    """The layers for which the machine takes other cycles or does other products than the reference."""
    machine = replace(machine, memory=replace(machine.memory, bits_per_cycle=inf))
    costs = [(work, machine.simulate(work)) for work in works]
    return [work.name for work, cost in costs if (cost.cycles, cost.operations) != expected(work, machine)]


@pytest.mark.parametrize("compiled", [True, False])
def test_it_is_the_reference_layer_by_layer(compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not compiled:
        monkeypatch.setattr(cartesian, "kernels", None)
    assert differing(layers(140 if compiled else 63, seed=1 + compiled), SMALL) == []


@pytest.mark.slow
@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("machine", [SMALL, SCNN(), SCNN(tiles=(1, 1), inputs=1, weights=1, banks=1)])
def test_it_is_the_reference_over_many_layers(machine: SCNN, compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not compiled:
        monkeypatch.setattr(cartesian, "kernels", None)
    assert differing(layers(270 if compiled else 90, seed=3), machine) == []


def test_products_are_those_of_nonzero_operands() -> None:
    """Counted apart, by a convolution of the two masks."""
    for work in layers(60, seed=4):
        operands, loops = work.values("the test"), work.loops
        count = sum(
            functional.conv2d(
                activation[None].ne(0).double(),
                operands.weight[run % len(operands.weight)].ne(0).double(),
                stride=loops.stride,
                dilation=loops.dilation,
                groups=loops.groups,
            ).sum()
            for run, activation in enumerate(operands.activation)
        )
        assert SMALL.simulate(work).operations == count


def test_one_multiplier_takes_a_cycle_for_each_pair() -> None:
    """A 1 x 1 kernel: no halo, no pair without an output."""
    loops = LoopNest(1, 3, 5, (4, 4))
    work = layer(loops, torch.ones(1, 3, 4, 4), torch.ones(1, 5, 3, 1, 1))
    assert SCNN(tiles=(1, 1), inputs=1, weights=1).simulate(work).cycles == 3 * 5 * 16


def test_by_hand() -> None:
    """One row 1 0 2 3, taps 4 5, no padding, one element of 2 x 2 multipliers.

    Nonzero: activations at 0 2 3, taps at 0 1. First step: products 0-0, 2-0, 2-1 have outputs 0, 2, 1: one cycle, all
    in banks of their own. Second: 3-1 has output 2, 3-0 none. Halo: one column of the kernel reaches over, times 1 row.
    """
    work = layer(LoopNest(1, 1, 1, (1, 4), (1, 2)), torch.tensor([[[[1, 0, 2, 3]]]]), torch.tensor([[[[[4, 5]]]]]))
    cost = SCNN(tiles=(1, 1), inputs=2, weights=2).simulate(work)
    assert (cost.cycles, cost.operations, cost.capacity) == (2 + 1, 4, 3 * 4)
    one_bank = SCNN(tiles=(1, 1), inputs=2, weights=2, banks=1).simulate(work)
    assert (one_bank.cycles, one_bank.operations) == (3 + 1 + 1, 4)


def test_neighbouring_outputs_are_in_different_banks() -> None:
    banks = {bank_of(k, y, x, 32) for k in range(4) for y in range(2) for x in range(2)}
    assert banks == set(range(16))


def test_zeros_take_no_time_and_no_traffic() -> None:
    loops = LoopNest(1, 8, 8, (8, 8))
    generator = torch.Generator().manual_seed(0)
    dense = torch.randint(1, 9, (1, 8, 8, 8), generator=generator)
    weight = torch.randint(1, 9, (1, 8, 8, 1, 1), generator=generator)
    full = SCNN().simulate(layer(loops, dense, weight))
    half = SCNN().simulate(layer(loops, dense * (torch.arange(8) % 2), weight))
    assert half.operations * 2 == full.operations
    assert half.cycles <= full.cycles
    assert half.dram_bytes < full.dram_bytes
    assert half.energy_pj < full.energy_pj
    nothing = SCNN(memory=replace(SCNN().memory, bits_per_cycle=inf)).simulate(layer(loops, dense * 0, weight))
    assert (nothing.operations, nothing.cycles) == (0, 0)


def test_what_it_cannot_run_is_refused() -> None:
    work = layers(1, seed=0)[0]
    with pytest.raises(ValueError, match=r"^layer 'plain#0': scnn reads values; give it operands="):
        SCNN().simulate(replace(work, operands=None))
    with pytest.raises(ValueError, match=r"integers of 17 bits; scnn holds at most 16$"):
        SCNN().simulate(replace(work, weight_width=17))
    with pytest.raises(ValueError, match=r"^layer 'plain#0': scnn holds 1 sums in an element; this layer's tile has"):
        SCNN(tiles=(1, 1), accumulators=1).simulate(work)
