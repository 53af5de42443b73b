"""ZASCAD and ZASCAS: the slides' example, and cycles equal to a stream read one input at a time."""

from dataclasses import replace

import pytest
import torch

from adequate.accelerators.feie import Zascad, Zascas
from adequate.accelerators.loop_nest import LoopNest
from adequate.accelerators.roofline import effectual_cycles
from tests.accelerators.cases import layer, layers
from tests.accelerators.reference_feie import cycles

CASES = layers(216, seed=31)
EXAMPLE = LoopNest(1, 1, 1, (2, 8), (1, 3))
"""Two rows of eight inputs, a filter's row of three weights: twelve partial sums."""


def test_the_slides_example_takes_16_cycles_and_10_without_its_zeros() -> None:
    stream = torch.arange(1, 17)
    stream[5:11] = 0
    work = layer(EXAMPLE, stream.reshape(1, 1, 2, 8), torch.ones(1, 1, 1, 1, 3))
    dense, skipping = Zascad(pes=3).simulate(work), Zascas(pes=3).simulate(work)
    assert EXAMPLE.outputs == 12
    assert (dense.capacity / 3, skipping.capacity / 3) == (16, 10)
    assert dense.operations == 36


@pytest.mark.parametrize("pes", [3, 8, 192])
def test_cycles_are_those_of_the_stream(pes: int) -> None:
    for work in CASES:
        for machine, skips in ((Zascad(pes=pes), False), (Zascas(pes=pes), True)):
            spent, products = cycles(work, pes, skips=skips)
            cost = machine.simulate(work)
            assert (work.name, cost.capacity, cost.operations) == (work.name, spent * pes, products)


@pytest.mark.parametrize("pes", [3, 192])
def test_skipping_takes_no_more_cycles_and_no_fewer_than_the_roofline(pes: int) -> None:
    for work in CASES:
        dense, skipping = (one(pes=pes).simulate(work).capacity / pes for one in (Zascad, Zascas))
        assert effectual_cycles(work, pes) <= skipping <= dense
        values = work.values("test")
        filled = replace(work, operands=replace(values, activation=torch.ones_like(values.activation)))
        assert Zascas(pes=pes).simulate(filled).capacity == dense * pes


def test_a_row_that_does_not_fit_and_missing_operands_are_refused() -> None:
    work = layer(EXAMPLE, torch.zeros(1, 1, 2, 8), torch.zeros(1, 1, 1, 1, 3))
    with pytest.raises(
        ValueError, match="'layer': a filter's row of 3 weights needs 3 processing elements; zascad has"
    ):
        Zascad(pes=2).simulate(work)
    with pytest.raises(ValueError, match="zascas reads values"):
        Zascas().simulate(replace(work, operands=None))
    with pytest.raises(ValueError, match="its input has integers of 17 bits"):
        Zascad().simulate(replace(work, activation_width=17))
