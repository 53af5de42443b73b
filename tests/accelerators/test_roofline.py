"""The roofline, and the products that no machine can skip for a zero."""

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import conv2d

from adequate.accelerators import Dadiannao
from adequate.accelerators.effectual import effectual_macs
from adequate.accelerators.loop_nest import LoopNest
from adequate.accelerators.roofline import UNBOUNDED, Roofline, effectual_cycles
from tests.accelerators.cases import layer, layers


def test_effectual_products_are_a_convolution_of_the_nonzero_masks() -> None:
    for work in layers(216, seed=5):
        loops, values = work.loops, work.values("test")
        activations, weights = ((one != 0).to(torch.float64) for one in (values.activation, values.weight))
        found = sum(
            int(
                conv2d(
                    one[None], weights[run % len(weights)], None, loops.stride, 0, loops.dilation, loops.groups
                ).sum()
            )
            for run, one in enumerate(activations)
        )
        assert (work.name, effectual_macs(work)) == (work.name, found)
        assert effectual_cycles(work, 4) == -(-found // 4)


def test_a_dense_machine_of_the_same_peak_and_link_is_no_faster() -> None:
    for work in layers(216, seed=6):
        assert Roofline().simulate(work).cycles <= Dadiannao().simulate(work).cycles


def test_cycles_by_hand() -> None:
    work = layer(LoopNest(1, 4, 8, (1, 1)), torch.ones(1, 4, 1, 1), torch.ones(1, 8, 4, 1, 1))
    for bits_per_cycle, cycles in ((1e9, 4), (11, 32)):
        machine = Roofline(macs_per_cycle=8, memory=replace(UNBOUNDED, bits_per_cycle=bits_per_cycle))
        assert machine.simulate(work).cycles == cycles


def test_floats_take_float32s_energy_and_integers_that_of_their_width() -> None:
    work = layers(1, seed=0)[0]
    parts = [Roofline().simulate(replace(work, integers=one)).energy_parts_pj["compute"] for one in (False, True)]
    technology = Roofline().technology
    each = (0.9 + 3.7, technology.mac_pj(work.activation_width, work.weight_width))  # Horowitz, fig. 1.1.9
    assert [part / work.macs for part in parts] == pytest.approx(each)
