"""Row stationary: cycles and traffic are those of its passes one by one."""

from dataclasses import replace

import pytest
import torch

from adequate.accelerators import Memory
from adequate.accelerators.effectual import activated_macs
from adequate.accelerators.loop_nest import LoopNest
from adequate.accelerators.row_mapping import RowArray
from adequate.accelerators.row_stationary import RowStationary
from adequate.accelerators.technology import EYERISS_NORMALISED
from tests.accelerators.cases import layer, layers
from tests.accelerators.reference_row_stationary import passes


@pytest.mark.parametrize("elements", [RowArray(), RowArray(4, 5, 24, 6, 4, 400), RowArray(3, 2, 15, 5, 2, 150)])
def test_cycles_and_traffic_are_those_of_the_passes(elements: RowArray) -> None:
    machine = RowStationary(elements, memory=Memory(100 << 10, 8 << 10, 1e30))
    for work in layers(216, seed=17):
        mapping = machine.mapping(work)
        assert elements.holds(work.loops, mapping)
        cost = machine.simulate(work)
        cycles, buffer, fetched = passes(work, mapping)
        assert (work.name, cost.cycles, cost.traffic_bytes["buffer"]) == (work.name, max(1, cycles), 2 * buffer)
        assert cycles * machine.active(work) >= work.macs
        same = replace(work, activation_bits=16, weight_bits=16, output_bits=16, operands=None)
        if len(work.values("test").weight) == 1:
            moved = 2 * (fetched + work.runs * work.loops.outputs)
            assert machine.simulate(same).dram_bytes == pytest.approx(moved, rel=1e-12)


def test_zero_inputs_are_read_and_no_more() -> None:
    technology = EYERISS_NORMALISED
    for work in layers(72, seed=18):
        cost = RowStationary(technology=technology).simulate(work)
        done = activated_macs(work)
        assert cost.energy_parts_pj["compute"] == pytest.approx(done * technology.mac_pj(16, 16))
        assert cost.traffic_bytes["registers"] == 2 * (work.macs + 3 * done)


def test_kernels_that_do_not_fit_are_refused() -> None:
    work = layer(LoopNest(1, 1, 1, (13, 13), (13, 1)), torch.zeros(1, 1, 13, 13), torch.zeros(1, 1, 1, 13, 1))
    with pytest.raises(
        ValueError, match="'layer': a 13x1 kernel over 13 columns does not fit 12x14 elements that hold"
    ):
        RowStationary().simulate(work)
    with pytest.raises(ValueError, match="row_stationary holds at most 16"):
        RowStationary().simulate(replace(work, weight_width=17))
