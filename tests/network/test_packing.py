"""A network that went through pickle is the same network: for another process."""

import pickle
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from adequate.design import Design
from adequate.emulation import emulate
from adequate.exploration import dynamic_fixed
from adequate.network import Network, fold_batchnorm, trace
from adequate.profiling import profile


class Sequence(nn.Module):
    """A recurrent network and an attention, which are taken apart."""

    def __init__(self) -> None:
        super().__init__()
        self.recurrent = nn.LSTM(6, 6, batch_first=True)
        self.attention = nn.MultiheadAttention(6, 2, dropout=0.1, batch_first=True)
        self.out = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        y, _ = self.recurrent(x)
        z, _ = self.attention(y, y, y)
        return self.out(z[:, -1])


class Tied(nn.Module):
    """One weight under two names, and a constant."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(6, 6), nn.Linear(6, 6)
        self.second.weight = self.first.weight
        self.register_buffer("shift", torch.arange(6.0), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.first(x).relu() + self.shift)


def convolutional() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.5), nn.Flatten(), nn.LazyLinear(3)
    )


CASES: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "convolutional": (convolutional, (2, 1, 6, 6)),
    "sequence": (Sequence, (2, 2, 6)),
    "tied": (Tied, (2, 6)),
}


def made(name: str) -> tuple[Network, Tensor]:
    torch.manual_seed(0)
    build, shape = CASES[name]
    model, x = build(), torch.randn(shape)
    model(x)
    return trace(model.eval(), x), torch.randn(5, *shape[1:])


@pytest.mark.parametrize("name", CASES)
def test_it_is_the_same_network(name: str) -> None:
    network, x = made(name)
    again = pickle.loads(pickle.dumps(network))
    assert (again.digest, again.batch, again.layers) == (network.digest, network.batch, network.layers)
    assert again.expanded.code == network.expanded.code
    labels = torch.zeros(len(x), dtype=torch.int64)
    eight = dynamic_fixed(profile(network, [(x, labels)]), 8)
    for design in (Design(), eight):
        assert torch.equal(emulate(again, design)(x), emulate(network, design)(x))
        trained = [emulate(one, design).train() for one in (network, again)]
        outputs = []
        for module in trained:
            torch.manual_seed(1)
            outputs.append(module(x))
        assert torch.equal(*outputs)


def test_it_can_be_rewritten_as_before() -> None:
    network, _ = made("convolutional")
    again = pickle.loads(pickle.dumps(network))
    assert fold_batchnorm(again).digest == fold_batchnorm(network).digest
    assert fold_batchnorm(again).rewrites == fold_batchnorm(network).rewrites
    folded = fold_batchnorm(network)
    assert pickle.loads(pickle.dumps(folded)).digest == folded.digest


def test_one_weight_of_two_names_stays_one() -> None:
    network, _ = made("tied")
    again = pickle.loads(pickle.dumps(network))
    assert again.parameters == network.parameters
    first, second = (again.graph.get_parameter(f"{name}.weight") for name in ("first", "second"))
    assert first is second
