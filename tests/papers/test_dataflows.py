"""Dataflows: what is known to the cycle, and laws of reuse on a small network."""

from pathlib import Path

import pytest

from adequate.accelerators.systolic import Dataflow
from adequate.studies import dataflows
from adequate.studies.dataflows import EDGE, SCALE_SIM, known_cycles, reuse, roof_of, under_roof
from adequate.studies.geometry import works


def test_every_known_cycle_is_ours() -> None:
    rows = known_cycles()
    assert [row.published for row in rows] == [*SCALE_SIM.values(), 16, 10]
    assert all(row.difference == 0 for row in rows)


def test_what_stands_still_is_used_longest() -> None:
    weight, output, inputs, rows = reuse("lenet")
    still = {Dataflow.WEIGHT: weight, Dataflow.OUTPUT: output, Dataflow.INPUT: inputs}
    layers = works("lenet")
    macs, stored, outputs = (
        sum(count) for count in zip(*((w.macs, w.loops.weights, w.loops.outputs) for w in layers), strict=True)
    )
    assert still[Dataflow.WEIGHT].weight_reuse == macs / stored == max(row.weight_reuse or 0 for row in still.values())
    assert still[Dataflow.OUTPUT].sum_reuse == macs / outputs == max(row.sum_reuse or 0 for row in still.values())
    assert still[Dataflow.INPUT].input_reuse == max(row.input_reuse or 0 for row in still.values())
    assert rows.used is not None
    assert 0 < rows.used <= 1


@pytest.mark.parametrize("machine", EDGE, ids=lambda machine: machine.name())
def test_no_dense_machine_is_above_its_roof(machine) -> None:
    row = under_roof(machine, "lenet")
    assert row.roof is not None
    assert row.ours is not None
    assert row.roof <= row.ours
    for work in works("lenet", bits=8):
        assert roof_of(machine, work).simulate(work).cycles <= machine.simulate(work).cycles


@pytest.mark.slow
def test_the_quick_study_has_its_rows() -> None:
    rows, figures = dataflows.run(Path("unused"), quick=True)
    assert len(rows) == 5 + 4 + len(EDGE)
    assert [len(points) for _, points in figures[0].lines] == [1] * len(EDGE)
