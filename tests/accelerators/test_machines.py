"""What holds of every accelerator."""

from dataclasses import replace
from math import isfinite

import pytest

from adequate.accelerators import ACCELERATORS, TECHNOLOGIES, Accelerator, Roofline
from adequate.accelerators.effectual import effectual_macs
from tests.accelerators.cases import layers

MACHINES = [machine() for machine in ACCELERATORS]
CASES = layers(72, seed=11)

each_machine = pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name())


def test_names_are_told_apart() -> None:
    names = [machine.name() for machine in ACCELERATORS]
    assert len(set(names)) == len(names)
    assert all(name == name.lower() and name.isidentifier() for name in names)


@each_machine
def test_no_machine_is_above_its_roof(machine: Accelerator) -> None:
    """Every product that is not zero takes an operation at least, and operations fit into the lanes' capacity."""
    for work in CASES:
        cost = machine.simulate(work)
        assert (work.name, cost.macs) == (work.name, work.macs)
        assert effectual_macs(work) <= cost.operations <= cost.capacity, work.name
        assert cost.seconds == pytest.approx(cost.cycles / machine_hz(machine))


@each_machine
def test_amounts_are_finite_and_none_is_negative(machine: Accelerator) -> None:
    for work in CASES:
        cost = machine.simulate(work)
        amounts = (cost.cycles, cost.dram_bytes, *cost.traffic_bytes.values(), *cost.energy_parts_pj.values())
        assert all(isfinite(amount) and amount >= 0 for amount in amounts), work.name
        assert cost.dram_bytes > 0


@each_machine
def test_layers_without_formats_are_refused_by_all_but_the_roofline(machine: Accelerator) -> None:
    floats = replace(CASES[0], integers=False)
    if isinstance(machine, Roofline):
        assert machine.simulate(floats).cycles > 0
        return
    with pytest.raises(ValueError, match=f"'{CASES[0].name}': {machine.name()} multiplies integers"):
        machine.simulate(floats)


@each_machine
def test_a_machine_asks_for_operands_exactly_where_it_says_so(machine: Accelerator) -> None:
    blind = replace(CASES[0], operands=None)
    if not machine.reads_values:
        assert machine.simulate(blind).cycles > 0
        return
    with pytest.raises(ValueError, match=f"{machine.name()} reads values"):
        machine.simulate(blind)


@each_machine
def test_every_constant_has_its_source(machine: Accelerator) -> None:
    constants = machine.constants()
    assert constants
    assert all(one.source for one in constants.values())


@each_machine
def test_every_technology_gives_an_energy(machine: Accelerator) -> None:
    found = {
        replace(machine, technology=technology).simulate(CASES[0]).energy_pj  # pyright: ignore
        for technology in TECHNOLOGIES
    }
    assert len(found) == len(TECHNOLOGIES)


def machine_hz(machine: Accelerator) -> float:
    frequency: float = machine.frequency_mhz  # pyright: ignore
    return frequency * 1e6
