"""Eyeriss: the chip's published figures on AlexNet (Chen et al., ISCA 2016 and JSSC 2017)."""

from dataclasses import replace
from pathlib import Path

import pytest

from adequate.accelerators import Work
from adequate.accelerators.loop_nest import LoopNest
from adequate.accelerators.row_mapping import RowMapping
from adequate.accelerators.row_stationary import RowStationary
from adequate.accelerators.technology import EYERISS_NORMALISED
from adequate.studies import eyeriss
from adequate.studies.eyeriss import alexnet, processing_ms
from adequate.studies.eyeriss_tables import ALEXNET, NORMALISED

LOOPS = {
    "conv1": LoopNest(1, 3, 96, (227, 227), (11, 11), (4, 4)),
    "conv2": LoopNest(2, 48, 128, (31, 31), (5, 5), padding=(2, 2, 2, 2)),
    "conv3": LoopNest(1, 256, 384, (15, 15), (3, 3), padding=(1, 1, 1, 1)),
    "conv4": LoopNest(2, 192, 192, (15, 15), (3, 3), padding=(1, 1, 1, 1)),
    "conv5": LoopNest(2, 192, 128, (15, 15), (3, 3), padding=(1, 1, 1, 1)),
}
LAYERS = {name: Work(name, loops, 16, 16, 16, 16, 16, runs=4, images=4) for name, loops in LOOPS.items()}
"""Four images."""


@pytest.mark.parametrize("name", ALEXNET)
def test_active_elements_and_times(name: str) -> None:
    machine, printed = RowStationary(), ALEXNET[name]
    assert machine.active(LAYERS[name]) == printed.active
    ideal = processing_ms(machine, machine.simulate(LAYERS[name]))
    assert ideal <= printed.processing_ms <= 1.2 * ideal  # the chip's ramps and stalls are not modelled


@pytest.mark.parametrize("name", ["conv1", "conv2", "conv4", "conv5"])
def test_traffic_of_the_buffer_to_the_digit(name: str) -> None:
    cost = RowStationary().simulate(LAYERS[name])
    assert cost.traffic_bytes["buffer"] / 1e6 == pytest.approx(ALEXNET[name].buffer_mb, abs=0.0501)


def test_conv3s_traffic_is_that_of_conv4s_mapping() -> None:
    shape = next(shape for shape, _ in RowStationary().mappings if shape.channels == 256)
    for mapping, published in ((RowMapping(64, 4, 13, 16, 4, 1, 4), False), (RowMapping(64, 4, 13, 16, 3, 2, 2), True)):
        cost = RowStationary(mappings=((shape, mapping),)).simulate(LAYERS["conv3"])
        near = abs(cost.traffic_bytes["buffer"] / 1e6 - ALEXNET["conv3"].buffer_mb) < 0.05
        assert near is published


@pytest.mark.parametrize("name", ALEXNET)
def test_alus_and_registers_of_the_normalised_energy(name: str) -> None:
    """A MAC reads input, weight and sum and writes the sum: four accesses at the energy of a MAC."""
    machine = RowStationary(technology=EYERISS_NORMALISED)
    parts = machine.simulate(replace(LAYERS[name], runs=16, images=16)).energy_parts_pj
    alu, _, registers = NORMALISED[name]
    assert parts["compute"] / 1e9 == pytest.approx(alu, abs=0.0051)
    assert parts["registers"] / 1e9 == pytest.approx(registers, abs=0.0051)


def test_our_rule_takes_no_more_cycles_than_the_published_mappings() -> None:
    published, ours = (RowStationary(mappings=given) for given in (RowStationary().mappings, ()))
    for work in LAYERS.values():
        assert ours.simulate(work).capacity <= published.simulate(work).capacity


@pytest.mark.slow
def test_the_study_has_every_printed_figure() -> None:
    assert {name: work.loops for name, work in alexnet().items()} == LOOPS
    rows, figures = eyeriss.run(Path("unused"), tables=("alexnet", "energy"))
    assert not figures
    assert len(rows) == 4 * len(ALEXNET) + 3 + 3 * len(NORMALISED)
    assert all(row.published for row in rows)
