"""Emulated networks on a device that nothing can be shared with: the same bits, and no constant left behind."""

from random import Random

import pytest
import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from adequate.design import Design
from adequate.emulation import emulate
from adequate.formats import Fixed, Rounding
from adequate.network import Network, trace
from tests import random_designs as draw
from tests.elsewhere import DEVICE, elsewhere


class Mixed(nn.Module):
    """A layer of each kind that emulation treats in a way of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.up = nn.ConvTranspose2d(4, 4, 2, 2, groups=2)
        self.fc, self.mix = nn.Linear(4, 4), nn.Parameter(torch.randn(4, 4))

    def forward(self, x: Tensor) -> Tensor:
        x = functional.avg_pool2d(self.up(torch.relu(self.bn(self.conv(x)))), 2)
        x = functional.adaptive_avg_pool2d(x * 0.75 + x, 1).flatten(1)
        y = torch.sigmoid(self.fc(x)) @ self.mix
        return (y / (x.abs() + 1)).softmax(1)


@pytest.fixture(scope="module")
def network() -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return trace(Mixed(), torch.zeros(2, 2, 4, 4))


def design_of(network: Network, random: Random) -> Design:
    """Formats per channel where a layer has its channels along its weight's first dimension and its output's second."""
    chosen = {}
    for layer in network.layers:
        if layer.multiplies:
            along = (4, 0) if layer.name in {"conv", "fc"} else None
            chosen[layer.name] = draw.contraction(random, along, None, ((1,), (1,), (1,)))
        else:
            chosen[layer.name] = draw.other(random, 4)
    return Design(chosen)


def outcome(module: nn.Module, x: Tensor) -> Tensor | str:
    """What it computes, or says."""
    try:
        return module(x)
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("seed", range(16))
def test_the_same_bits(network: Network, seed: int) -> None:
    emulated = emulate(network, design_of(network, Random(seed)))
    x = torch.randn(2, 2, 4, 4, generator=Generator().manual_seed(seed))
    with torch.no_grad():
        expected = outcome(emulated, x)
        with elsewhere():
            got = outcome(emulated.to(DEVICE), x.to(DEVICE))
            if isinstance(expected, Tensor):
                assert isinstance(got, Tensor)
                assert got.device == DEVICE
                got = got.cpu()
                assert torch.equal(got, expected)
            else:
                assert got == expected


def test_most_designs_compute(network: Network) -> None:
    """Else the test above compares messages."""
    x = torch.randn(2, 2, 4, 4, generator=Generator().manual_seed(0))
    with torch.no_grad():
        outcomes = [outcome(emulate(network, design_of(network, Random(seed))), x) for seed in range(16)]
    assert sum(isinstance(one, Tensor) for one in outcomes) >= 12


def test_the_same_gradients(network: Network) -> None:
    eight = {layer.name: draw.LayerDesign(Fixed(8, 5), Fixed(8, 6), output=Fixed(8, 5)) for layer in network.layers
             if layer.multiplies}  # fmt: skip
    x = torch.randn(2, 2, 4, 4, generator=Generator().manual_seed(1))
    here, there = (emulate(network, Design(eight)).train() for _ in range(2))
    here(x).square().sum().backward()
    with elsewhere():
        there = there.to(DEVICE)
        there(x.to(DEVICE)).square().sum().backward()
        for (name, one), other in zip(here.named_parameters(), there.parameters(), strict=True):
            assert one.grad is not None, name
            assert other.grad is not None, name
            assert torch.equal(other.grad.cpu(), one.grad), name


def test_one_generator_rounds_alike_on_every_device() -> None:
    format, x = Fixed(8, 2, rounding=Rounding.STOCHASTIC), torch.linspace(-3, 3, 41)
    here = format.quantize(x, generator=Generator().manual_seed(0))
    with elsewhere():
        there = format.quantize(x.to(DEVICE), generator=Generator().manual_seed(0))
        assert torch.equal(there.cpu(), here)


def test_what_is_left_behind_is_noticed() -> None:
    with elsewhere():
        x = torch.ones(3).to(DEVICE)
        with pytest.raises(RuntimeError, match="tensors on lazy and on the processor"):
            x + torch.ones(3)
        with pytest.raises(RuntimeError, match="a generator on the processor for numbers on lazy"):
            torch.rand(3, generator=Generator(), device=DEVICE)
        assert torch.equal((x + 1).cpu(), torch.full((3,), 2.0))
