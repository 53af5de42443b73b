"""DaDianNao: cycles are those of a grid that takes its steps one by one."""

from dataclasses import replace

import pytest

from adequate.accelerators import Dadiannao, Memory, Work
from adequate.accelerators.dadiannao import EDRAM
from tests.accelerators.cases import layers

FAST = Memory(EDRAM.activation_bytes, EDRAM.weight_bytes, 1e30)


def stepped(work: Work, machine: Dadiannao) -> tuple[int, int]:
    """Cycles, and products that the lanes do in them, of all runs: windows, filters, taps and channels in sets."""
    loops = work.loops
    cycles = products = 0
    for _ in range(work.runs * loops.groups):
        for window in range(0, loops.windows, machine.windows):
            for filter in range(0, loops.filters, machine.tiles * machine.filters):
                for _ in range(loops.taps):
                    for channel in range(0, loops.channels, machine.lanes):
                        cycles += 1
                        busy = (
                            min(machine.windows, loops.windows - window),
                            min(machine.tiles * machine.filters, loops.filters - filter),
                            min(machine.lanes, loops.channels - channel),
                        )
                        products += busy[0] * busy[1] * busy[2]
    return cycles, products


@pytest.mark.parametrize(
    "machine",
    [
        Dadiannao(memory=FAST),
        Dadiannao(tiles=1, filters=1, lanes=1, memory=FAST),
        Dadiannao(tiles=2, filters=2, lanes=3, windows=5, memory=FAST),
    ],
    ids=["published", "one lane", "small"],
)
def test_cycles_are_counted_step_by_step(machine: Dadiannao) -> None:
    for work in layers(216, seed=41):
        cycles, products = stepped(work, machine)
        cost = machine.simulate(work)
        assert (work.name, cost.cycles, cost.operations) == (work.name, max(1, cycles), products)
        assert cost.capacity == cycles * machine.tiles * machine.filters * machine.lanes * machine.windows


def test_one_lane_one_window_one_filter_takes_a_cycle_a_product() -> None:
    machine = Dadiannao(tiles=1, filters=1, lanes=1, memory=FAST)
    for work in layers(36, seed=42):
        assert machine.simulate(work).cycles == work.macs


def test_more_than_sixteen_bits_are_refused() -> None:
    work = layers(1, seed=0)[0]
    with pytest.raises(ValueError, match="its input has integers of 17 bits; dadiannao holds at most 16"):
        Dadiannao().simulate(replace(work, activation_width=17))
