"""Refitted batch norms: their outputs have the stated mean and variance again, layer by layer."""

import pytest
import torch
from torch import Tensor, nn

from adequate.design import Design
from adequate.emulation import emulate
from adequate.finetuning import refit_batchnorm
from adequate.formats import Fixed, Rounding
from adequate.network import fold_batchnorm, trace


def batches(x: Tensor) -> list[tuple[Tensor, Tensor]]:
    return [(part, torch.zeros(len(part), dtype=torch.long)) for part in x.split(30)]


def model() -> nn.Sequential:
    """Batch norms that leave their inputs' mean 0 and variance 1."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, bias=False),
        nn.BatchNorm2d(4, affine=False),
        nn.ReLU(),
        nn.Conv2d(4, 6, 3, bias=False),
        nn.BatchNorm2d(6, affine=False),
        nn.Flatten(),
        nn.Linear(54, 5),
        nn.BatchNorm1d(5, affine=False),
    ).eval()


X = torch.randn(70, 2, 7, 7, generator=torch.Generator().manual_seed(1)) + 0.5
COARSE = {"input": Fixed(6, 3, rounding=Rounding.DOWN), "weight": Fixed(3, 3, rounding=Rounding.DOWN)}


@torch.no_grad()
def test_every_normalisation_gives_mean_0_and_variance_1() -> None:
    network = trace(model(), X[:2])
    design = Design().with_layers(["0", "3", "6"], **COARSE)
    refitted = refit_batchnorm(network, design, batches(X))
    assert refitted.rewrites == ("refit_batchnorm: 1, 4, 7",)
    state = refitted.state()
    for depth in (2, 5, 8):
        part = trace(model()[:depth].eval(), X[:2])
        part = part.with_state({name: state[name] for name in part.state()})
        chosen = Design({name: layer for name, layer in design.items() if name in part})
        y = emulate(part, chosen)(X).double().transpose(0, 1).flatten(1)
        assert y.mean(1).abs().max() < 1e-5
        assert (y.var(1) - 1).abs().max() < 1e-4
    assert all(torch.equal(state[name], value) for name, value in network.state().items() if "running" not in name)
    assert not any(torch.equal(state[name], network.state()[name]) for name in ("1.running_mean", "7.running_var"))
    assert network.rewrites == ()


@torch.no_grad()
def test_a_normalisation_in_integers_is_measured_on_its_quantised_input() -> None:
    network = trace(model(), X[:2])
    form = {"input": Fixed(5, 2), "output": Fixed(8, 4)}
    refitted = refit_batchnorm(network, Design().with_layers(["1"], **form), batches(X))
    assert refitted.rewrites == ("refit_batchnorm: 1, 4, 7",)
    first = Fixed(5, 2).quantize(nn.functional.conv2d(X, network.state()["0.weight"])).transpose(0, 1).flatten(1)
    assert torch.allclose(refitted.state()["1.running_mean"], first.mean(1), atol=1e-6)
    assert torch.allclose(refitted.state()["1.running_var"], first.var(1), rtol=1e-5)


def test_a_layer_that_the_design_does_not_touch_is_measured_too() -> None:
    """With an empty design that is what a long training would converge to; the order of batches does not matter."""
    network = trace(model(), X[:2])
    forward = refit_batchnorm(network, Design(), batches(X)).state()
    backward = refit_batchnorm(network, Design(), batches(X)[::-1]).state()
    first = nn.functional.conv2d(X, network.state()["0.weight"]).transpose(0, 1).flatten(1)
    assert torch.allclose(forward["1.running_mean"], first.mean(1), atol=1e-6)
    assert torch.allclose(forward["1.running_var"], first.var(1), rtol=1e-5)
    assert all(torch.allclose(value, backward[name], rtol=1e-6) for name, value in forward.items())


def test_shared_statistics_and_none_at_all_are_left_alone() -> None:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.twice, self.own = nn.BatchNorm1d(4), nn.BatchNorm1d(4)
            self.without = nn.BatchNorm1d(4, track_running_stats=False)

        def forward(self, x: Tensor) -> Tensor:
            return self.own(self.without(self.twice(self.twice(x))))

    x = torch.randn(40, 4, generator=torch.Generator().manual_seed(2))
    network = trace(Shared().eval(), x[:2])
    assert refit_batchnorm(network, Design(), batches(x)).rewrites == ("refit_batchnorm: own",)
    with pytest.raises(ValueError, match="1 value in a channel; a variance takes two"):
        refit_batchnorm(network, Design(), batches(x[:1]))
    with pytest.raises(ValueError, match="no images"):
        refit_batchnorm(network, Design(), [])
    with pytest.raises(ValueError, match="are they folded"):
        refit_batchnorm(fold_batchnorm(trace(model(), X[:2])), Design(), batches(X))
