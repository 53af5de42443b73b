"""BitFusion: the rows of its own bandwidth sweep, and what falls apart into how many products."""

from dataclasses import replace
from itertools import product

import pytest

from adequate.accelerators import Memory, Work
from adequate.accelerators.bitfusion import Bitfusion
from adequate.accelerators.loop_nest import LoopNest

FAST = Memory(1 << 18, 1 << 18, 1e30)
LAYERS = {
    "conv1_b": (LoopNest(1, 3, 48, (227, 227), (11, 11), (4, 4)), (8, 4)),
    "conv4_b": (LoopNest(1, 192, 192, (15, 15), (3, 3)), (4, 4)),
    "fc1": (LoopNest(1, 9216, 4096, (1, 1)), (4, 4)),
}
SWEEP = {
    "conv1_b": (3_339_600, 2_226_400, 1_113_200, 1_113_200),
    "conv4_b": (1_752_192, 876_096, 438_048, 292_032),
    "fc1": (1_179_648, 589_824, 294_912, 147_456),
}
"""github hsharma35/bitfusion@04ec1c8, results/bitfusion-eyeriss-sim-sweep.csv: AlexNet, batch 16, bandwidth 4096."""


def work(loops: LoopNest, a: int, w: int) -> Work:
    return Work("layer", loops, a, w, a, a, w)


@pytest.mark.parametrize("name", LAYERS)
def test_the_sweeps_rows(name: str) -> None:
    loops, bits = LAYERS[name]
    batch = replace(work(loops, *bits), runs=16)
    found = tuple(Bitfusion(columns=columns, memory=FAST).cycles(batch) for columns in (16, 32, 64, 128))
    assert found == SWEEP[name]


def test_bricks_of_two_bits_are_shared_out() -> None:
    """A unit has 16 two-bit bricks; a product takes as many as pairs of two-bit digits, at the next of 2, 4, 8, 16."""
    for a, w in product(range(1, 17), repeat=2):
        wide = {one: 2 if one <= 2 else 4 if one <= 4 else 8 if one <= 8 else 16 for one in (a, w)}
        bricks = (wide[a] // 2) * (wide[w] // 2)
        deep = work(LoopNest(1, 1024, 1, (1, 1)), a, w)
        assert Bitfusion(rows=1, columns=1, memory=FAST).cycles(deep) == 1024 * bricks // 16
        cost = Bitfusion(rows=1, columns=1, memory=FAST).simulate(deep)
        assert cost.energy_parts_pj["compute"] == pytest.approx(64 * bricks * Bitfusion().unit_pj)


def test_more_than_16_bits_are_refused() -> None:
    with pytest.raises(ValueError, match="its input has integers of 17 bits; bitfusion holds at most 16"):
        Bitfusion().simulate(work(LAYERS["fc1"][0], 17, 8))
