"""A systolic array against SCALE-Sim's traces and against an array that is stepped cycle by cycle."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adequate.accelerators import Memory, Work
from adequate.accelerators.loop_nest import LoopNest
from adequate.accelerators.systolic import Dataflow, Systolic

FAST = Memory(1 << 18, 1 << 18, 1e30)


def product(m: int, n: int, k: int) -> Work:
    return Work("product", LoopNest(1, k, n, (1, m)), 16, 16, 16, 16, 16)


@pytest.mark.parametrize(
    ("dataflow", "published"), [(Dataflow.OUTPUT, 10175), (Dataflow.WEIGHT, 11199), (Dataflow.INPUT, 14207)]
)
def test_scale_sims_golden_cycles(dataflow: Dataflow, published: int) -> None:
    """SCALE-Sim 3, test/general/golden_trace_user_*: 32 x 32 array, M, N, K = 256, 128, 256; totals less stalls."""
    machine = Systolic(32, 32, dataflow, memory=FAST)
    assert machine.simulate(product(256, 128, 256)).cycles == published


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 9))
def test_one_output_stationary_fold_is_a_skewed_wave(rows: int, columns: int, summed: int) -> None:
    """PE (i, j) multiplies its k-th pair at cycle i + j + k: the last one ends the wave."""
    last = max(i + j + k for i in range(rows) for j in range(columns) for k in range(summed))
    machine = Systolic(rows, columns, Dataflow.OUTPUT)
    assert machine.cycles(product(rows, columns, summed).loops) == max(1, last)  # the traces count from zero


@given(st.sampled_from(Dataflow), *(st.integers(1, 40) for _ in range(5)))
def test_words_are_those_of_the_folds(dataflow: Dataflow, r: int, c: int, m: int, n: int, k: int) -> None:
    machine = Systolic(r, c, dataflow)
    down, across = {"output": (m, n), "weight": (k, n), "input": (k, m)}[dataflow.value]
    inputs = weights = sums = 0
    for i in range(0, down, r):
        for j in range(0, across, c):
            height, width = min(r, down - i), min(c, across - j)
            match dataflow:
                case Dataflow.OUTPUT:
                    inputs, weights, sums = inputs + height * k, weights + width * k, sums + height * width
                case Dataflow.WEIGHT:
                    inputs, weights = inputs + height * m, weights + height * width
                    sums += width * m * (1 if i == 0 else 2)
                case Dataflow.INPUT:
                    inputs, weights = inputs + height * width, weights + height * n
                    sums += width * n * (1 if i == 0 else 2)
    assert machine.words(product(m, n, k)) == (inputs, weights, sums)


def test_groups_and_runs_come_one_after_another() -> None:
    one = Work("conv", LoopNest(1, 8, 8, (9, 9), (3, 3)), 8, 8, 8, 8, 8)
    grouped = replace(one, loops=replace(one.loops, groups=3), runs=2)
    for dataflow in Dataflow:
        machine = Systolic(dataflow=dataflow, memory=FAST)
        assert machine.simulate(grouped).cycles == 6 * machine.simulate(one).cycles


def test_wide_and_float_operands_are_refused() -> None:
    with pytest.raises(ValueError, match="its weight has integers of 20 bits; systolic holds at most 16"):
        Systolic().simulate(replace(product(1, 1, 1), weight_width=20))
    with pytest.raises(ValueError, match="systolic multiplies integers"):
        Systolic().simulate(replace(product(1, 1, 1), integers=False))
