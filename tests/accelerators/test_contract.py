"""What every accelerator keeps to; the suite fails on machines that do not."""

from dataclasses import dataclass, replace
from functools import cache
from math import isfinite
from typing import Any, ClassVar

import pytest
import torch
from torch import nn

from adequate.accelerators import (
    ACCELERATORS,
    EIE,
    TECHNOLOGIES,
    Accelerator,
    Cost,
    Dadiannao,
    LayerOperands,
    Roofline,
    Work,
    layer_costs,
    total,
)  # fmt: skip
from adequate.accelerators.costing import cost
from adequate.accelerators.effectual import effectual_macs
from adequate.accelerators.technology import Constant
from adequate.design import Design, LayerDesign
from adequate.formats import Fixed, Minifloat
from adequate.network import trace
from adequate.sampled_operands import operands
from tests.accelerators.cases import layers

MACHINES = [pytest.param(one, id=one.name()) for one in ACCELERATORS]
WORKS = layers(54, seed=11)


def works(kind: type[Accelerator]) -> list[Work]:
    """Those that a machine maps: EIE has matrices by vectors alone."""
    return [work for work in WORKS if kind is not EIE or work.loops.windows == 1 or work.loops.taps == 1]


@cache
def costs(kind: type[Accelerator]) -> list[tuple[Work, Cost]]:
    return [(work, kind().simulate(work)) for work in works(kind)]


@pytest.mark.parametrize("kind", MACHINES)
class TestEveryMachine:
    """The laws, for one machine at a time."""

    def test_no_machine_is_above_its_roof(self, kind: type[Accelerator]) -> None:
        """Every product that is not zero takes an operation at least, and operations fit into the lanes' capacity."""
        for work, found in costs(kind):
            assert (work.name, found.macs) == (work.name, work.macs)
            assert effectual_macs(work) <= found.operations <= found.capacity, work.name

    def test_amounts_are_possible(self, kind: type[Accelerator]) -> None:
        machine: Any = kind()
        for work, found in costs(kind):
            amounts = (*found.traffic_bytes.values(), *found.energy_parts_pj.values())
            assert all(isfinite(one) and one >= 0 for one in amounts), work.name
            assert (found.dram_bytes > 0) is (kind is not EIE)  # which holds everything on the chip
            assert found.seconds == pytest.approx(found.cycles / (1e6 * machine.frequency_mhz))

    def test_every_technology_gives_an_energy(self, kind: type[Accelerator]) -> None:
        machine: Any = kind()
        if kind is EIE:
            with pytest.raises(TypeError, match="technology"):
                replace(machine, technology=TECHNOLOGIES[0])
            return
        found = {replace(machine, technology=one).simulate(works(kind)[0]).energy_pj for one in TECHNOLOGIES}
        assert len(found) == len(TECHNOLOGIES)

    def test_constants_have_sources(self, kind: type[Accelerator]) -> None:
        constants = kind().constants()
        assert constants
        assert all(isfinite(one.value) and len(one.source) > 5 for one in constants.values())

    def test_a_longer_word_is_never_cheaper(self, kind: type[Accelerator]) -> None:
        """The same small values in wider words."""
        for work in works(kind)[:18]:
            known = work.values("test")
            small = LayerOperands(known.activation.clamp(-1, 1), known.weight.clamp(-1, 1), known.images)
            before = Cost()
            for bits in (2, 4, 8, 16):
                wide = replace(
                    work, operands=small, activation_bits=bits, weight_bits=bits, output_bits=bits,
                    activation_width=bits, weight_width=bits, signed_activation=True,
                )  # fmt: skip
                found = kind().simulate(wide)
                assert found.cycles >= before.cycles
                assert found.dram_bytes >= before.dram_bytes
                before = found

    def test_values_are_read_or_not_needed(self, kind: type[Accelerator]) -> None:
        work = replace(WORKS[0], operands=None)
        if not kind.reads_values:
            assert kind().simulate(work).capacity == kind().simulate(WORKS[0]).capacity
            return
        with pytest.raises(ValueError, match=f"{work.name}.*{kind.name()} reads values; give it operands"):
            kind().simulate(work)

    def test_floats_are_counted_by_the_roofline_alone(self, kind: type[Accelerator]) -> None:
        floats = replace(WORKS[0], integers=False)
        if kind is Roofline:
            assert kind().simulate(floats).cycles > 0
            return
        with pytest.raises(ValueError, match=f"'{WORKS[0].name}': {kind.name()} multiplies integers"):
            kind().simulate(floats)

    def test_an_area_is_positive_and_in_mm2_if_it_is_known(self, kind: type[Accelerator]) -> None:
        area = kind().area
        assert area is None or (area.value > 0 and area.unit == "mm2")


def test_names_are_different() -> None:
    names = [one.name() for one in ACCELERATORS]
    assert len(set(names)) == len(names)
    assert all(name == name.lower() and name.isidentifier() for name in names)


class Two(nn.Module):
    """Two sums of products around layers that are none."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 8, 3, padding=1), nn.Linear(8 * 4 * 4, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(torch.max_pool2d(torch.relu(self.conv(x)), 2).flatten(1))


@pytest.mark.parametrize("kind", MACHINES)
def test_a_network_costs_what_its_layers_cost(kind: type[Accelerator]) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = trace(Two().eval(), torch.zeros(1, 3, 8, 8))
    word = LayerDesign(Fixed(8, 4), Fixed(8, 6), output=Fixed(8, 3))
    design = Design({layer.name: word for layer in network.multiplying})
    sample = operands(network, design, torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(1)))
    if kind is EIE:
        with pytest.raises(ValueError, match="'conv': eie .*no mapping for a kernel of 3 x 3 in 64 windows"):
            layer_costs(network, design, kind(), sample)
        return
    found = layer_costs(network, design, kind(), sample)
    assert list(found) == [layer.name for layer in network.multiplying]
    assert cost(network, design, kind(), sample) == total(found.values())
    assert sum(one.macs for one in found.values()) == network.macs
    pooled = next(layer for layer in network.layers if not layer.multiplies)
    assert kind().run(pooled, word) == Cost()


def test_minifloats_are_no_integers() -> None:
    network = trace(nn.Linear(4, 2).eval(), torch.zeros(1, 4))
    design = Design({network.multiplying[0].name: LayerDesign(Minifloat(4, 3), Minifloat(4, 3))})
    with pytest.raises(ValueError, match="dadiannao multiplies integers of at most 16 bits"):
        cost(network, design, Dadiannao())


@dataclass(frozen=True)
class Wrong(Accelerator):
    """Faster with wider words, busier than its lanes, and blind to missing values."""

    reads_values: ClassVar[bool] = True
    has_multipliers: ClassVar[bool] = False

    def simulate(self, work: Work) -> Cost:
        cycles = 100 - work.activation_width
        return Cost(macs=work.macs, operations=2 * cycles, capacity=cycles, cycles=cycles)

    def constants(self) -> dict[str, Constant]:
        return {"area": Constant(0, "mm2", "")}


@pytest.mark.parametrize("law", [name for name in dir(TestEveryMachine) if name.startswith("test_")])
def test_every_law_can_fail(law: str) -> None:
    with pytest.raises((AssertionError, AttributeError, TypeError, pytest.fail.Exception)):
        getattr(TestEveryMachine(), law)(Wrong)
