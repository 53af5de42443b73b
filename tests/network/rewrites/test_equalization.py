"""Equalised ranges: equal on both sides of every channel, the function the same, by closed forms and at random."""

import pytest
import torch
from torch import Tensor, nn

from adequate.network import Network, equalize, trace
from tests.network.rewrites.same_function import check_equal, images


def two_layers() -> nn.Sequential:
    """r1 = (8, 2) and r2 = (2, 8): s = sqrt(r1 / r2) = (2, 1/2)."""
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    model[0].weight.data = torch.tensor([[8.0, -4.0], [1.0, -2.0]])
    model[0].bias.data = torch.tensor([3.0, 5.0])
    model[2].weight.data = torch.tensor([[-2.0, 8.0]])
    return model


def test_two_layers_by_hand() -> None:
    """W1 / s, b1 / s and W2 s: both sides of both channels range to 4."""
    equal = equalize(trace(two_layers(), torch.ones(2, 2)))
    state = equal.state()
    assert state["0.weight"].tolist() == [[4.0, -2.0], [2.0, -4.0]]
    assert state["0.bias"].tolist() == [1.5, 10.0]
    assert state["2.weight"].tolist() == [[-4.0, 4.0]]
    assert equal.rewrites == ("equalize: 0 with 2",)


def test_a_depthwise_triple_by_hand() -> None:
    """One channel of ranges 8, 1 and 1: each becomes their geometric mean, 2 (Nagel et al. 2019, 4.1)."""
    convolutions = nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 3, padding=1), nn.Conv2d(1, 1, 1)
    for layer, range_ in zip(convolutions, (8.0, 1.0, 1.0), strict=True):
        nn.init.constant_(layer.weight, range_)
    model = nn.Sequential(convolutions[0], nn.ReLU(), convolutions[1], nn.ReLU(), convolutions[2]).double()
    state = equalize(trace(model, images(2, 1, 4, 4))).state()
    assert all(state[f"{i}.weight"].flatten()[0].item() == pytest.approx(2.0, rel=2e-3) for i in (0, 2, 4))  # CONVERGED


class Narrow(nn.Module):
    """Transposed, grouped, depthwise and strided convolutions, pooling, flattening, linear layers; no ReLU6."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ConvTranspose2d(4, 6, 2, groups=2),
            nn.LeakyReLU(),
            nn.Conv2d(6, 6, 3, groups=6, bias=False),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(6, 4, 1, groups=2),
            nn.Dropout(),
            nn.ConvTranspose2d(4, 3, 1),
            nn.AvgPool2d(2),
            nn.Flatten(),
            nn.Linear(12, 5),
            nn.ReLU(),
            nn.Linear(5, 2),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


def mixed(model: nn.Module, seed: int = 0) -> nn.Module:
    """Channels of very different ranges."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        scales = torch.exp2(torch.randint(-4, 5, (len(parameter), *[1] * (parameter.dim() - 1)), generator=generator))
        parameter.data = torch.randn(parameter.shape, generator=generator).to(parameter.dtype) * scales
    return model


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.float64, 1e-12)], ids=str)
def test_every_kind_of_pair(dtype: torch.dtype, tolerance: float) -> None:
    x = images(2, 4, 10, 10, dtype=dtype)
    network = trace(mixed(Narrow().to(dtype)), x)
    equal = equalize(network)
    assert len(equal.rewrites) == 5
    check_equal(network, equal, x, tolerance)
    state = equal.state()
    first, depthwise = state["layers.0.weight"], state["layers.2.weight"]
    made = first.unflatten(0, (2, 2)).abs().amax((1, 3, 4)).flatten()
    assert torch.allclose(made, depthwise.abs().amax((1, 2, 3)), rtol=5e-3)  # CONVERGED
    flat = state["layers.10.weight"].unflatten(1, (3, 4)).abs().amax((0, 2))
    assert torch.allclose(state["layers.7.weight"].abs().amax((0, 2, 3)), flat, rtol=5e-3)


def test_dead_channels_stay() -> None:
    model = two_layers()
    model[0].weight.data[0] = 0
    state = equalize(trace(model, torch.ones(2, 2))).state()
    assert state["0.bias"][0] == 3.0
    assert state["2.weight"][0, 0] == -2.0


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(3, 3), nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.a(x))
        return self.b(y) + y


class Shared(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.a(torch.relu(self.a(x)))


LEFT_ALONE = {
    "relu6": (nn.Sequential(nn.Linear(3, 3), nn.ReLU6(), nn.Linear(3, 3)), (2, 3)),
    "sigmoid": (nn.Sequential(nn.Linear(3, 3), nn.Sigmoid(), nn.Linear(3, 3)), (2, 3)),
    "read twice": (Residual(), (2, 3)),
    "shared weight": (Shared(), (2, 3)),
    "pooled along its channels": (nn.Sequential(nn.Linear(4, 4), nn.MaxPool1d(2), nn.Linear(2, 3)), (2, 3, 4)),
    "alone": (nn.Sequential(nn.Linear(3, 3)), (2, 3)),
}


@pytest.mark.parametrize("case", LEFT_ALONE)
def test_what_is_not_safe_is_left_alone(case: str) -> None:
    model, shape = LEFT_ALONE[case]
    network: Network = trace(model, images(*shape, dtype=torch.float32))
    assert equalize(network) is network
