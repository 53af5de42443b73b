"""What a machine cannot run is gone from a space, and is said."""

import pytest
from torch import Generator

from adequate.accelerators import Accelerator, Bitfusion, Dadiannao, Laconic, Stripes
from adequate.design import Design, LayerDesign
from adequate.exploration import Space
from adequate.exploration.supported import supported
from adequate.formats import Fixed, Minifloat, PowerOfTwo
from adequate.network import Network
from adequate.operators import Drum, Exact
from tests.exploration.residual import eight_bits, residual

MACHINES = (Stripes(), Laconic(), Bitfusion())


@pytest.fixture(scope="module")
def network() -> Network:
    return residual()


@pytest.fixture(scope="module")
def start(network: Network) -> Design:
    return eight_bits(network)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name())
def test_what_it_holds_is_left_alone(network: Network, start: Design, machine: Accelerator) -> None:
    space = Space.of(network, start)
    found = supported(space, network, machine)
    assert found.space == space
    assert not found.left_out


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name())
def test_families_without_integers_are_left_out_and_no_other(
    network: Network, start: Design, machine: Accelerator
) -> None:
    found = supported(Space.of(network, start, bits=(4, 8), families=[Minifloat(2, 1)]), network, machine)
    plain = Space.of(network, start, bits=(4, 8))
    assert {knob.name: len(knob.choices) // (1 + (knob.name == "fc.output")) for knob in found.space.knobs} == {
        knob.name: len(knob.choices) for knob in plain.knobs
    }
    assert found.space.design(found.space.widest) == plain.design(plain.widest)
    gone = {one.choice.split("(")[0] for one in found.left_out}
    assert gone == {"float"}
    for one in found.left_out:
        assert f"{machine.name()} multiplies integers" in one.reason


def test_word_lengths_beyond_the_machine_are_left_out(network: Network, start: Design) -> None:
    found = supported(Space.of(network, start, bits=(8, 16, 17, 20)), network, Stripes())
    left = {knob.name: len(knob.choices) for knob in found.space.knobs}
    assert left["inner.weight"] == 2
    assert left["fc.output"] == 4  # nobody multiplies it
    assert {one.knob for one in found.left_out} == set(left) - {"fc.output"}
    assert "holds at most 16" in found.left_out[0].reason


@pytest.mark.parametrize("machine", [*MACHINES, Dadiannao()], ids=lambda machine: machine.name())
def test_every_point_that_is_left_can_be_run_and_what_is_gone_cannot(network: Network, machine: Accelerator) -> None:
    """A layer whose choices the machine cannot all hold, each with all of the others."""
    start = Design({"fc": LayerDesign(Fixed(8, 6), Fixed(8, 7))})
    start = start.with_layers([layer.name for layer in network.multiplying], input=Fixed(8, 6), weight=Fixed(8, 7))
    whole = Space(start, bits=(2, 8, 16, 18), families=[PowerOfTwo(4), Minifloat(4, 3)])
    found = supported(whole, network, machine)
    held = [set(knob.choices) for knob in found.space.knobs]
    assert found.left_out
    generator = Generator().manual_seed(0)
    for _ in range(100):
        point = whole.sample(generator)
        inside = all(knob.choices[at] in kept for knob, at, kept in zip(whole.knobs, point, held, strict=True))
        design = whole.design(point)
        assert inside == all(machine.refusal(one, design[one.name]) is None for one in network.multiplying)


def test_multipliers_have_no_place_in_a_machine_without(network: Network, start: Design) -> None:
    space = Space.of(network, start, multipliers=[Exact(8, 8), Drum(8, 8, 4)])
    found = supported(space, network, Laconic())
    assert {one.knob.rpartition(".")[2] for one in found.left_out} == {"multiplier"}
    assert {len(knob.choices) for knob in found.space.knobs if knob.name.endswith("multiplier")} == {1}
    assert supported(space, network, Dadiannao()).space == space


def test_a_space_without_anything_to_run_is_refused(network: Network) -> None:
    floats = Design().with_layers(
        [one.name for one in network.multiplying], input=Minifloat(4, 3), weight=Minifloat(4, 3)
    )
    with pytest.raises(ValueError, match="stripes runs no design of the space that was asked about: layer 'stem'"):
        supported(Space(floats), network, Stripes())
