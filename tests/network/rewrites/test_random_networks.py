"""Random chains and branches through every rewrite, one after another."""

from random import Random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from adequate.network import drop_identities, equalize, fold_batchnorm, fold_bias, trace
from tests.network.rewrites.same_function import TOLERANCE, check_equal, images, randomised


class Offset(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.rand(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.value


class Branch(nn.Module):
    """Two ways side by side, added; the second may be the first one's own module."""

    def __init__(self, left: nn.Module, right: nn.Module) -> None:
        super().__init__()
        self.left, self.right = left, right

    def forward(self, x: Tensor) -> Tensor:
        return self.left(x) + self.right(x)


def module(random: Random, depth: int) -> nn.Module:
    """On images of four channels, of any size; sizes and channels stay."""
    kinds = [
        lambda: nn.Conv2d(4, 4, 3, padding=1, groups=random.choice([1, 2, 4]), bias=random.random() < 0.5),
        lambda: nn.Conv2d(4, 4, 1, bias=random.random() < 0.5),
        lambda: nn.ConvTranspose2d(4, 4, 3, padding=1, groups=random.choice([1, 2, 4]), bias=random.random() < 0.5),
        lambda: nn.BatchNorm2d(4, affine=random.random() < 0.7),
        lambda: nn.BatchNorm2d(4),
        lambda: random.choice([nn.ReLU(), nn.ReLU6(), nn.LeakyReLU(0.2), nn.Dropout(), nn.Identity(), nn.Tanh()]),
        lambda: Offset(4),
    ]
    if depth == 0:
        return random.choice(kinds)()
    parts = [module(random, depth - 1) for _ in range(random.randint(1, 4))]
    if random.random() < 0.4:
        left = nn.Sequential(*parts)
        return Branch(left, left if random.random() < 0.3 else module(random, depth - 1))
    return nn.Sequential(*parts)


@settings(max_examples=4)
@given(st.integers(0, 10**6), st.sampled_from([torch.float32, torch.float64]))
def test_random_networks_stay_the_same_function(seed: int, dtype: torch.dtype) -> None:
    check_random(seed, dtype)


@pytest.mark.slow
def test_many_random_networks_stay_the_same_function() -> None:
    for seed in range(150):
        check_random(seed, [torch.float32, torch.float64][seed % 2])


def check_random(seed: int, dtype: torch.dtype) -> None:
    random = Random(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = randomised(module(random, 2), dtype)
    x = images(2, 4, 5, 5, dtype=dtype)
    network = trace(model, x)
    state = network.state()
    rewritten = network
    for rewrite in (drop_identities, fold_bias, fold_batchnorm, fold_bias, equalize):
        rewritten = rewrite(rewritten)
        check_equal(network, rewritten, x, TOLERANCE[dtype])
    assert not network.rewrites
    assert all(torch.equal(tensor, state[name]) for name, tensor in network.state().items())
