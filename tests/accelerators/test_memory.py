"""What crosses the chip's edge, counted by hand."""

from dataclasses import replace

import pytest
import torch

from adequate.accelerators import Cost, Dadiannao, LayerOperands, Memory, Work
from adequate.accelerators.compression import ZeroBitmap
from adequate.accelerators.loop_nest import LoopNest

LOOPS = LoopNest(1, 2, 3, size=(5, 5), kernel=(3, 3), padding=(1, 1, 1, 1))
"""18 activations, 54 weights, 27 outputs."""
WORK = Work("conv", LOOPS, 8, 8, 8, 8, 8, runs=2)


def test_all_cross_once_where_something_fits() -> None:
    assert Memory(18, 1, 8).moved_bytes(WORK) == 18 + 54 + 27
    assert Memory(1, 54, 8).moved_bytes(WORK) == 18 + 54 + 27


def test_what_makes_the_lesser_traffic_is_read_again() -> None:
    assert Memory(9, 18, 8).moved_bytes(WORK) == min(54 + 3 * 18, 18 + 2 * 54) + 27


def test_transfers_overlap_the_computation() -> None:
    moved = 2 * (18 + 54 + 27)
    for cycles, expected in ((1, moved / 4), (1000, 1000)):
        cost = Memory(99, 99, 32).around(WORK, Cost(cycles=cycles), Dadiannao(frequency_mhz=1))
        assert cost.cycles == pytest.approx(expected, abs=1)
        assert cost.seconds == cost.cycles / 1e6
        assert (cost.dram_bytes, cost.energy_parts_pj["dram"]) == (moved, moved * 160)


def test_compression_reads_the_operands_without_their_padding() -> None:
    activation = torch.nn.functional.pad(torch.ones(2, 2, 3, 3, dtype=torch.int32), (1, 1, 1, 1))
    weight = torch.zeros(1, 3, 2, 3, 3, dtype=torch.int32)
    weight[0, 0, 0, 0, 0] = 5
    sampled = replace(WORK, operands=LayerOperands(activation, weight, 2))
    plain, bitmap = Memory(99, 99, 8), Memory(99, 99, 8, ZeroBitmap(), ZeroBitmap())
    assert plain.moved_bytes(sampled) == plain.moved_bytes(WORK) == bitmap.moved_bytes(WORK)
    assert bitmap.stored_bytes(sampled) == ((54 + 8 + 7) // 8, (36 + 36 * 8 + 7) // 8 / 2)


def test_dadiannao_counts_its_words() -> None:
    machine = Dadiannao(tiles=1, filters=2, lanes=1, windows=4)
    cost = machine.simulate(WORK)
    window_sets, filter_sets = 3, 2
    words = 2 * (window_sets * 54 + filter_sets * 9 * 18 + 27)
    assert cost.traffic_bytes["buffer"] == 2 * words
    assert cost.energy_parts_pj["compute"] == pytest.approx(2 * 9 * 9 * 6 * machine.technology.mac_pj(16, 16))
