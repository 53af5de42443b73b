"""Folding batch normalisation: the same function up to rounding, and left alone where it would not be."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from adequate.network import fold_batchnorm, trace
from adequate.zoo import entry
from tests.network.rewrites.same_function import check_equal, images, randomised


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.float64, 1e-12)], ids=str)
def test_resnet20_folds_whole(dtype: torch.dtype, tolerance: float) -> None:
    model = randomised(entry("resnet20").build(), dtype)
    x = images(4, 3, 32, 32, dtype=dtype)
    network = trace(model, x)
    state = network.state()
    folded = fold_batchnorm(network)
    check_equal(network, folded, x, tolerance)
    assert "batch_norm" not in {layer.operation for layer in folded.layers}
    assert len(folded.rewrites) == 19
    assert folded.rewrites[:2] == ("fold_batchnorm: bn1 into conv1", "fold_batchnorm: layer1.0.bn1 into layer1.0.conv1")
    assert folded["conv1"].bias == "conv1.bias"
    assert folded.macs == network.macs
    assert folded.parameters == network.parameters - sum(c for c in [16] * 7 + [32] * 6 + [64] * 6)  # two for one
    assert not [name for name in folded.state() if ".bn" in name or name.startswith("bn")]
    assert network.rewrites == ()
    assert all(torch.equal(tensor, state[name]) for name, tensor in network.state().items())
    assert fold_batchnorm(folded) is folded


CASES = {
    "conv1d": (nn.Sequential(nn.Conv1d(3, 4, 2), nn.BatchNorm1d(4)), (2, 3, 5)),
    "conv2d with groups and bias": (nn.Sequential(nn.Conv2d(4, 6, 3, groups=2), nn.BatchNorm2d(6)), (2, 4, 5, 5)),
    "conv3d": (nn.Sequential(nn.Conv3d(2, 3, 2, bias=False), nn.BatchNorm3d(3)), (2, 2, 3, 3, 3)),
    "linear": (nn.Sequential(nn.Linear(3, 4, bias=False), nn.BatchNorm1d(4)), (2, 3)),
    "transposed with groups": (
        nn.Sequential(nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2), nn.BatchNorm2d(6)),
        (2, 4, 3, 3),
    ),
    "transposed without bias": (
        nn.Sequential(nn.ConvTranspose1d(4, 6, 3, bias=False), nn.BatchNorm1d(6)),
        (2, 4, 3),
    ),
    "without gain": (nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3, affine=False, eps=0.1)), (2, 2, 4, 4)),
}


@pytest.mark.parametrize("case", CASES)
def test_each_kind_folds(case: str) -> None:
    model, shape = CASES[case]
    x = images(*shape)
    network = trace(randomised(model), x)
    folded = fold_batchnorm(network)
    assert folded.rewrites == ("fold_batchnorm: 1 into 0",)
    assert [layer.name for layer in folded.layers] == ["0"]
    check_equal(network, folded, x, 1e-14)


BEFORE = {
    "linear": (nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 4, bias=False)), (2, 3)),
    "grouped convolution": (nn.Sequential(nn.BatchNorm2d(4), nn.Conv2d(4, 6, 3, groups=2)), (2, 4, 5, 5)),
    "depthwise": (nn.Sequential(nn.BatchNorm1d(4), nn.Conv1d(4, 8, 3, groups=4, padding="valid")), (2, 4, 5)),
    "same, 1 x 1": (nn.Sequential(nn.BatchNorm2d(4), nn.Conv2d(4, 6, 1, padding="same")), (2, 4, 5, 5)),
}


@pytest.mark.parametrize("case", BEFORE)
def test_what_stands_before_a_product_that_does_not_pad_folds(case: str) -> None:
    model, shape = BEFORE[case]
    x = images(*shape)
    network = trace(randomised(model), x)
    folded = fold_batchnorm(network)
    assert folded.rewrites == ("fold_batchnorm: 0 into 1",)
    check_equal(network, folded, x, 1e-14)


def test_two_batch_norms_behind_one_convolution_fold_into_it() -> None:
    x = images(2, 3, 4, 4)
    norms = nn.BatchNorm2d(4), nn.BatchNorm2d(4)
    network = trace(randomised(nn.Sequential(nn.Conv2d(3, 4, 1, bias=False), *norms)), x)
    folded = fold_batchnorm(network)
    assert folded.rewrites == ("fold_batchnorm: 1 into 0", "fold_batchnorm: 2 into 0")
    check_equal(network, folded, x, 1e-14)


def test_a_linear_layer_on_a_sequence_folds_through_transpositions() -> None:
    class Sequence(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear, self.bn = nn.Linear(3, 4), nn.BatchNorm1d(4)

        def forward(self, x: Tensor) -> Tensor:
            return self.bn(self.linear(x).transpose(1, 2)).permute(0, 2, 1)

    x = images(2, 5, 3)
    network = trace(randomised(Sequence()), x)
    folded = fold_batchnorm(network)
    assert folded.rewrites == ("fold_batchnorm: bn into linear",)
    check_equal(network, folded, x, 1e-14)


class Twice(nn.Module):
    """A convolution called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.a, self.b = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3), nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        return self.a(self.conv(x)) + self.b(self.conv(x + 1))


class Branched(nn.Module):
    """A convolution that something else reads too."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        return self.bn(x) + x


class TiedBias(nn.Module):
    """Two convolutions with one bias."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.bn = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)
        self.second.bias = self.first.bias

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.bn(self.first(x)))


LEFT_ALONE = {
    "shared convolution": (Twice(), (2, 3, 4, 4)),
    "read twice": (Branched(), (2, 3, 4, 4)),
    "tied bias": (TiedBias(), (2, 3, 4, 4)),
    "no statistics": (nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3, track_running_stats=False)), (2, 3, 4, 4)),
    "other channels": (nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)), (2, 4, 4)),
    "before a convolution that pads": (
        nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 3, 3, padding="same")),
        (2, 3, 4, 4),
    ),
    "before a transposed one": (nn.Sequential(nn.BatchNorm2d(3), nn.ConvTranspose2d(3, 3, 2)), (2, 3, 4, 4)),
    "before a linear layer on its last dimension": (nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 4)), (2, 4, 4)),
}


@pytest.mark.parametrize("case", LEFT_ALONE)
def test_what_does_not_fold_is_left_alone(case: str) -> None:
    model, shape = LEFT_ALONE[case]
    network = trace(randomised(model), images(*shape))
    assert fold_batchnorm(network) is network


@pytest.mark.parametrize("affine", [True, False])
def test_one_batch_norm_behind_two_convolutions_folds_into_both(affine: bool) -> None:
    class SharedNorm(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)
            self.bn = nn.BatchNorm2d(3, affine=affine)

        def forward(self, x: Tensor) -> Tensor:
            return self.bn(self.a(x)) + self.bn(self.b(x))

    x = images(2, 3, 4, 4)
    network = trace(randomised(SharedNorm()), x)
    folded = fold_batchnorm(network)
    assert folded.rewrites == ("fold_batchnorm: bn into a", "fold_batchnorm: bn#2 into b")
    check_equal(network, folded, x, 1e-14)


def test_a_new_bias_takes_no_name_that_is_taken() -> None:
    class Raw(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(images(3, 3, 1, 1))
            self.bias = nn.Parameter(images(3, 1, 1))
            self.bn = nn.BatchNorm2d(3)

        def forward(self, x: Tensor) -> Tensor:
            return self.bn(functional.conv2d(x, self.weight)) + self.bias

    x = images(2, 3, 4, 4)
    network = trace(randomised(Raw()), x)
    folded = fold_batchnorm(network)
    assert len(folded.rewrites) == 1
    assert torch.equal(folded.state()["bias"], network.state()["bias"])
    check_equal(network, folded, x, 1e-14)


def test_a_dead_channel_folds_to_its_shift() -> None:
    """Variance 0: the gain is gamma / sqrt(eps), large but finite."""
    model = randomised(nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2)))
    model[1].running_var.zero_()
    x = images(2, 1, 3, 3)
    network = trace(model, x)
    check_equal(network, fold_batchnorm(network), x, 1e-12)
