"""Ranges of a network's tensors against torch's own arithmetic and a histogram by numpy."""

import pytest
import torch
from torch import Tensor, nn

from adequate.network import fold_batchnorm, trace
from adequate.profiling import profile
from adequate.ranges import LayerRanges, Range
from adequate.zoo import entry
from tests.test_histogram import counted


def batches(*parts: Tensor) -> list[tuple[Tensor, Tensor]]:
    return [(part, torch.zeros(len(part), dtype=torch.long)) for part in parts]


def by_numpy(x: Tensor) -> Range:
    x = x.detach()
    return Range(float(x.min()), float(x.max()), counted(x))


def channels(w: Tensor) -> tuple[tuple[float, float], ...]:
    return tuple((float(row.min()), float(row.max())) for row in w.detach())


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.relu = nn.ReLU(inplace=True)
        self.fc = nn.Linear(8, 3, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.conv(x))
        return self.fc((y + y.abs()).flatten(1))


def images(n: int, seed: int = 0, scale: float = 1.0) -> Tensor:
    return torch.randn(n, 1, 4, 4, generator=torch.Generator().manual_seed(seed)) * scale


def test_every_tensor_of_a_network() -> None:
    model = Small().eval()
    parts = images(3), images(5, 1, 100.0)
    found = profile(trace(model, images(2)), batches(*parts))
    with torch.no_grad():
        x = torch.cat(parts)
        conv = torch.conv2d(x, model.conv.weight, model.conv.bias)
        relu = torch.relu(conv)
        both = torch.cat([relu, relu.abs()])
        flat = 2 * relu.flatten(1)
    assert found.images == 8
    assert list(found) == ["conv", "relu", "abs", "add", "flatten", "fc"]
    state = model.conv.weight, model.conv.bias
    assert found["conv"] == LayerRanges(
        "conv2d", True, by_numpy(x), *map(by_numpy, state), by_numpy(conv), channels(state[0]), 0, 1
    )
    assert found["relu"] == LayerRanges("relu", False, by_numpy(conv), output=by_numpy(relu))  # in place all the same
    assert found["add"].input == by_numpy(both)
    fc = model.fc.weight
    expected = LayerRanges("linear", False, by_numpy(flat), by_numpy(fc), None, found["fc"].output, channels(fc), 0, 1)
    assert found["fc"] == expected


def test_two_activations_have_a_range_each_and_weights_one_per_output_channel() -> None:
    class Products(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.up = nn.ConvTranspose1d(2, 3, 2)
            self.mix = nn.Parameter(torch.tensor([[1.0, -2.0], [3.0, 5.0]]))

        def forward(self, x: Tensor) -> Tensor:
            y = self.up(x @ self.mix)
            return (y @ (y * 2).transpose(1, 2)).matmul(y) @ torch.ones(3, 3)

    model = Products().eval()
    x = torch.rand(4, 2, 2, generator=torch.Generator().manual_seed(0))
    found = profile(trace(model, x), batches(x))
    with torch.no_grad():
        y = model.up(x @ model.mix)
        products = y @ (2 * y).transpose(1, 2)
    up, mixed, scores, values = (found[name] for name in ("up", "matmul", "matmul#2", "matmul#3"))
    assert up.weight_channels == channels(model.up.weight.transpose(0, 1))
    assert mixed.weight_channels == ((1.0, 3.0), (-2.0, 5.0))
    assert mixed.input == by_numpy(x)
    assert (scores.input, scores.weight) == (by_numpy(y), by_numpy(2 * y))
    assert (values.input, values.weight) == (by_numpy(products), by_numpy(y))
    assert scores.weight_channels == values.weight_channels == ()
    assert [(one.channel_axis, one.summed_axis) for one in (up, mixed, scores)] == [(1, 0), (1, 0), (2, 1)]


def test_batches_do_not_change_what_is_found() -> None:
    """With numbers of few bits: others torch itself may add in another order."""
    network = trace(Small(), images(2))
    network = network.with_state({name: (8 * tensor).round() for name, tensor in network.state().items()})
    x = (8 * images(6, 2)).round()
    assert profile(network, batches(x)) == profile(network, batches(*x.split(1)))


def test_the_image_may_be_flattened_or_cut_before_it_is_read() -> None:
    lenet = entry("lenet-300-100")
    ranges = profile(trace(lenet.build(), torch.zeros(2, 1, 28, 28)), batches(torch.rand(2, 1, 28, 28)))
    assert [name for name, one in ranges.items() if one.reads_image] == ["flatten", "fc1"]

    class Halves(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.c = nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 1)

        def forward(self, x: Tensor) -> Tensor:
            left, right = x.chunk(2, 1)
            return self.b(self.a(left)) + self.c(right + left)

    ranges = profile(trace(Halves(), torch.zeros(2, 2, 3, 3)), batches(torch.rand(2, 2, 3, 3)))
    assert {name: one.reads_image for name, one in ranges.items() if name in "abc"} == {
        "a": True,
        "b": False,
        "c": False,
    }


def test_a_network_is_not_changed_by_looking_at_it() -> None:
    member = entry("resnet20")
    network = trace(member.build(), torch.zeros(2, 3, 32, 32))
    digest, x = network.digest, torch.rand(2, 3, 32, 32)
    given = x.clone()
    profile(fold_batchnorm(network), batches(x))
    profile(network, batches(x))
    assert type(network)(network.layers, network.graph).digest == digest
    assert torch.equal(x, given)


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_what_is_not_finite_is_named(bad: float) -> None:
    network = trace(Small(), images(2))
    x = images(2)
    x[0, 0, 1, 1] = bad
    with pytest.raises(ValueError, match="^input 'x' has NaN or infinite values$"):
        profile(network, batches(x))
    huge = network.state()
    huge["fc.weight"].fill_(3e38)
    with pytest.raises(ValueError, match="^output of fc has NaN or infinite values$"):
        profile(network.with_state(huge), batches(images(2, scale=100.0)))


@pytest.mark.parametrize("given", [[], batches(torch.zeros(0, 1, 4, 4))], ids=["no batch", "an empty one"])
def test_no_images_are_refused(given: list) -> None:
    with pytest.raises(ValueError, match="^no images to profile the network on$"):
        profile(trace(Small(), images(2)), given)
