"""Bias correction: afterwards the means of all channels are the float network's."""

import pytest
import torch
from torch import Tensor, nn

from adequate.bias_correction import correct_bias
from adequate.design import Design
from adequate.emulation import emulate
from adequate.formats import Fixed, Rounding
from adequate.network import trace


def batches(x: Tensor) -> list[tuple[Tensor, Tensor]]:
    return [(part, torch.zeros(len(part), dtype=torch.long)) for part in x.split(20)]


def model() -> nn.Sequential:
    torch.manual_seed(0)
    layers = (nn.Conv2d(2, 4, 3), nn.ReLU(), nn.ConvTranspose2d(4, 3, 2), nn.Flatten(), nn.Linear(75, 5))
    return nn.Sequential(*layers).eval()


X = torch.randn(50, 2, 6, 6, generator=torch.Generator().manual_seed(1)) + 0.5
COARSE = {"input": Fixed(6, 3, rounding=Rounding.DOWN), "weight": Fixed(3, 3, rounding=Rounding.DOWN)}


@torch.no_grad()
def test_means_are_those_of_the_float_network_layer_by_layer() -> None:
    """To two roundings of a bias to its grid, before and after, half of 2**-6 each: in every prefix of the network."""
    original = model()
    network = trace(original, X[:2])
    design = Design().with_layers(["0", "2", "4"], **COARSE)
    corrected = correct_bias(network, design, batches(X))
    state = corrected.state()
    for depth, names in ((1, "0"), (3, "02"), (5, "024")):
        part = trace(original[:depth].eval(), X[:2])
        tuned = part.with_state({name: state[name] for name in part.state()})
        chosen = design.with_layers([name for name in design if name not in names], input=None, weight=None)
        dims = [0, 2, 3] if depth < 5 else [0]
        wanted = part.graph(X).mean(dims)
        off = emulate(part, chosen)(X).mean(dims) - wanted
        left = emulate(tuned, chosen)(X).mean(dims) - wanted
        assert off.abs().max() > 0.05
        assert left.abs().max() <= 2.0**-6 + 1e-5


def test_only_biases_change_and_the_network_says_so() -> None:
    network = trace(model(), X[:2])
    before = network.state()
    corrected = correct_bias(network, Design().with_layers(["0", "4"], **COARSE), batches(X))
    changed = {name for name, value in corrected.state().items() if not torch.equal(value, before[name])}
    assert changed == {"0.bias", "4.bias"}
    assert corrected.rewrites == ("correct_bias: 0, 4",)
    assert network.rewrites == ()
    assert all(torch.equal(value, before[name]) for name, value in network.state().items())


def test_layers_without_a_bias_of_their_own_are_left_alone() -> None:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.twice, self.plain, self.own = nn.Linear(4, 4), nn.Linear(4, 4, bias=False), nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            return self.own(self.plain(self.twice(self.twice(x))))

    torch.manual_seed(0)
    x = torch.randn(40, 4)
    network = trace(Shared(), x[:2])
    design = Design().with_layers(network.select(operation="linear"), **COARSE)
    assert correct_bias(network, design, batches(x)).rewrites == ("correct_bias: own",)
    with pytest.raises(ValueError, match="no layer with a bias of its own"):
        correct_bias(network, Design().with_layers("plain", **COARSE), batches(x))
    with pytest.raises(ValueError, match="no images"):
        correct_bias(network, design, [])
