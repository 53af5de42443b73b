"""Weights of channels in formats of their own: every output channel is computed as if all had its format."""

from functools import cache

import pytest
import torch
from torch import Tensor, nn

from adequate import cost, operands
from adequate.accelerators import Laconic
from adequate.design import Design, LayerDesign
from adequate.emulation import emulate
from adequate.formats import Fixed, Format, Minifloat, PerChannel, PowerOfTwo, Scaled
from adequate.network import Network, trace
from adequate.operators import Accumulator, Drum, SignMagnitude
from adequate.reporting.memory import stored_bits

FORMATS = (Fixed(8, 6), Fixed(3, 1), Minifloat(3, 2), PowerOfTwo(4, 1), Fixed(2, 0), Scaled(Fixed(5, 0), 0.125, zero=2))


MODULES: dict[str, tuple[nn.Module, tuple[int, ...], int]] = {
    "convolution": (nn.Conv2d(3, 6, 3), (3, 6, 6), 0),
    "groups": (nn.Conv2d(6, 6, 3, groups=3), (6, 6, 6), 0),
    "transposed": (nn.ConvTranspose2d(3, 6, 3), (3, 6, 6), 1),
    "linear": (nn.Linear(9, 6), (9,), 0),
}
"""A layer, the shape of its images, and the axis of its output channels."""


@cache
def case(name: str) -> tuple[Network, int]:
    """A network of one layer with random weights, and the axis."""
    module, shape, axis = MODULES[name]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for parameter in module.parameters():
            nn.init.normal_(parameter, std=0.7)
        return trace(nn.Sequential(module).eval(), torch.zeros(2, *shape)), axis


cases = pytest.mark.parametrize("name", MODULES)


def images(one: Network) -> Tensor:
    shape = [size or 1 for size in one.layers[0].input_shapes[0]]
    return torch.randn(4, *shape[1:], generator=torch.Generator().manual_seed(1))


def chosen(weight: Format, **slots: object) -> Design:
    return Design({"0": LayerDesign(Fixed(6, 3), weight, **slots)})  # type: ignore[arg-type]


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(
    "slots", [{}, {"output": Fixed(9, 4)}, {"accumulator": Accumulator(Fixed(16, 6))}], ids=["exact", "output", "sum"]
)
@cases
def test_each_channel_is_that_of_its_own_format(name: str, slots: dict[str, object], training: bool) -> None:
    one, axis = case(name)
    x, module = images(one), emulate(one, chosen(PerChannel(FORMATS, axis), **slots)).train(training)
    got = module(x)
    for i, format in enumerate(FORMATS):
        alone = emulate(one, chosen(format, **slots)).train(training)(x)
        assert torch.equal(got[:, i], alone[:, i]), format


@cases
def test_what_is_stored_is_the_channels_bits(name: str) -> None:
    one, axis = case(name)
    weights = one.layers[0].weights // len(FORMATS)
    expected = sum(weights * format.bits for format in FORMATS) + 32  # one of them has a scale
    assert stored_bits(one, chosen(PerChannel(FORMATS, axis))) == expected


def test_a_machine_that_reads_values_finds_narrow_channels_cheaper() -> None:
    one, axis = case("convolution")
    x, machine = images(one), Laconic()

    def energy(*formats: Format) -> float:
        design = chosen(PerChannel(formats, axis))
        return cost(one, design, machine, operands(one, design, x)).energy_pj

    wide, mixed, narrow = (
        energy(*[Fixed(8, 6)] * 6),
        energy(*[Fixed(8, 6), Fixed(2, 0)] * 3),
        energy(*[Fixed(2, 0)] * 6),
    )
    assert narrow < mixed < wide
    plain = chosen(Fixed(8, 6))
    assert wide == cost(one, plain, machine, operands(one, plain, x)).energy_pj


def test_a_multiplier_is_refused_whose_words_would_differ() -> None:
    one, axis = case("linear")
    with pytest.raises(
        ValueError, match="takes signed or unsigned fixed point of at most 8 bits here, not per_channel"
    ):
        emulate(one, chosen(PerChannel(FORMATS, axis), multiplier=SignMagnitude(Drum(8, 8, 4))))
