"""The integers accelerators are given, against the emulated layer: their sum of products, in units, is its output."""

from collections.abc import Callable
from functools import cache

import pytest
import torch
from torch import Generator, Tensor, nn

from adequate.accelerators import LayerOperands
from adequate.accelerators.loop_nest import LoopNest, loop_nest
from adequate.accelerators.steps import filters_of, windows_of
from adequate.design import Design, LayerDesign
from adequate.emulation import emulate
from adequate.formats import Binary, Fixed, Format, Minifloat, PowerOfTwo, Scaled, Ternary
from adequate.network import Network, trace
from adequate.sampled_operands import operands

LAYERS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "conv2d": (lambda: nn.Conv2d(3, 4, 3, padding=1, bias=False), (3, 5, 6)),
    "strided, grouped": (
        lambda: nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(2, 0), groups=2, bias=False),
        (4, 7, 5),
    ),
    "depthwise, dilated": (lambda: nn.Conv2d(3, 6, 3, dilation=2, groups=3, bias=False), (3, 8, 7)),
    "same": (lambda: nn.Conv2d(2, 3, (5, 3), padding="same", dilation=(1, 2), bias=False), (2, 6, 6)),
    "conv1d": (lambda: nn.Conv1d(3, 4, 3, padding=2, bias=False), (3, 9)),
    "linear": (lambda: nn.Linear(7, 4, bias=False), (7,)),
    "linear on rows": (lambda: nn.Linear(5, 3, bias=False), (4, 5)),
}
INPUTS = [Fixed(8, 4), Fixed(5, 3, signed=False), Scaled(Fixed(8, 0, signed=False), 0.0625, zero=100)]
WEIGHTS = [Fixed(8, 7), PowerOfTwo(4), Binary(), Ternary(), Scaled(Fixed(4, 0), 0.125)]


def unit(format: Format) -> float:
    if isinstance(format, Scaled):
        assert isinstance(format.scale, float)
        return format.scale
    assert format.grid is not None
    return 2.0**format.grid


def summed(taken: LayerOperands, loops: LoopNest) -> Tensor:
    """(runs, groups, filters, windows)"""
    windows, filters = windows_of(taken.activation, loops).double(), filters_of(taken.weight, loops).double()
    return torch.einsum("ngwtc,ngftc->ngfw", windows, filters.expand(len(windows), *filters.shape[1:]))


@cache
def network_of(kind: str) -> Network:
    build, shape = LAYERS[kind]
    return traced(build(), shape)


def traced(layer: nn.Module, shape: tuple[int, ...]) -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layer.apply(lambda one: one.reset_parameters() if hasattr(one, "reset_parameters") else None)
    return trace(layer.eval(), torch.zeros(1, *shape))


@pytest.mark.parametrize("a", INPUTS, ids=str)
@pytest.mark.parametrize("w", WEIGHTS, ids=str)
@pytest.mark.parametrize("kind", LAYERS)
def test_the_sum_of_their_products_is_the_layers_output(kind: str, a: Format, w: Format) -> None:
    network, shape = network_of(kind), LAYERS[kind][1]
    [layer] = network.multiplying
    design = Design({layer.name: LayerDesign(input=a, weight=w)})
    x = torch.randn(3, *shape, generator=Generator().manual_seed(1))
    taken = operands(network, design, x)[layer.name]
    loops = loop_nest(layer)
    expected = emulate(network, design)(x).double()
    found = summed(taken, loops) * unit(a) * unit(w)
    if kind == "linear on rows":
        expected = expected.transpose(1, 2)
    assert torch.equal(found.reshape(expected.shape), expected)
    assert loops.macs == layer.macs
    assert loops.inputs * 3 == x.numel()
    assert loops.weights == layer.weights
    assert loops.outputs * 3 == expected.numel()


class Scores(nn.Module):
    """A product of two activations, per head."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.matmul(x, x.transpose(2, 3))


def test_a_product_of_activations_has_operands_of_every_image() -> None:
    network = trace(Scores(), torch.zeros(1, 2, 4, 5))
    [layer] = network.multiplying
    design = Design({layer.name: LayerDesign(input=Fixed(8, 4), weight=Fixed(6, 3))})
    x = torch.randn(3, 2, 4, 5, generator=Generator().manual_seed(2))
    taken = operands(network, design, x)[layer.name]
    loops = loop_nest(layer)
    assert (loops.groups, loops.channels, loops.filters, loops.windows) == (2, 5, 4, 4)
    found = summed(taken, loops).transpose(2, 3) * 2.0**-7
    assert torch.equal(found, emulate(network, design)(x).double())


class Recurrent(nn.Module):
    """Products that are called once per step."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.RNN(3, 4, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.rnn(x)[0]


def test_every_call_is_a_run() -> None:
    network = traced(Recurrent(), (5, 3))
    names = [layer.name for layer in network.multiplying]
    design = Design().with_layers(names, input=Fixed(8, 4), weight=Fixed(8, 6))
    taken = operands(network, design, torch.randn(2, 5, 3, generator=Generator().manual_seed(3)))
    for name in names:
        layer = network[name]
        assert len(taken[name].activation) == 2 * layer.calls
        assert len(taken[name].weight) == 1
        assert loop_nest(layer).macs * layer.calls == layer.macs


def test_layers_without_integers_have_no_operands() -> None:
    network = traced(nn.Linear(4, 2), (4,))
    [layer] = network.multiplying
    x = torch.ones(1, 4)
    for weight in (None, Minifloat(4, 3)):
        assert not operands(network, Design({layer.name: LayerDesign(Fixed(8, 4), weight)}), x)


def test_what_has_no_mapping_is_refused_by_name() -> None:
    network = traced(nn.ConvTranspose2d(2, 2, 2), (2, 4, 4))
    with pytest.raises(ValueError, match="no mapping for conv_transpose2d"):
        loop_nest(network.multiplying[0])
    design = Design().with_layers([network.multiplying[0].name], input=Fixed(8, 4), weight=Fixed(8, 4))
    assert not operands(network, design, torch.ones(1, 2, 4, 4))


def test_no_images_are_refused() -> None:
    with pytest.raises(ValueError, match="no images"):
        operands(traced(nn.Linear(4, 2), (4,)), Design(), torch.ones(0, 4))
