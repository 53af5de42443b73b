"""Ranges against numpy, with the octaves' edges at powers of two."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from adequate.network import fold_batchnorm, trace
from adequate.profiling import HIGHEST_EXPONENT, LOWEST_EXPONENT, LayerRanges, Range, Ranges, _range_of, profile
from adequate.zoo import entry

EXPONENTS = range(LOWEST_EXPONENT, HIGHEST_EXPONENT + 1)


def batches(*parts: Tensor) -> list[tuple[Tensor, Tensor]]:
    return [(part, torch.zeros(len(part), dtype=torch.long)) for part in parts]


def by_numpy(x: Tensor) -> Range:
    values = x.detach().numpy().astype(np.float64)
    magnitudes = np.abs(values[values != 0])
    edges = [0.0, *(2.0**e for e in EXPONENTS[:-1]), np.inf]
    octaves = tuple(int(((magnitudes >= low) & (magnitudes < high)).sum()) for low, high in pairwise(edges))
    return Range(values.min().item(), values.max().item(), values.size, int((values == 0).sum()), octaves)


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
    assert found["conv"] == LayerRanges("conv2d", True, by_numpy(x), *map(by_numpy, state), by_numpy(conv))
    assert found["relu"] == LayerRanges("relu", False, by_numpy(conv), output=by_numpy(relu))  # in place all the same
    assert found["add"].input == by_numpy(both)
    assert found["fc"] == LayerRanges(
        "linear", False, by_numpy(flat), by_numpy(model.fc.weight), None, found["fc"].output
    )


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=30))
def test_any_tensor_against_numpy(values: list[float]) -> None:
    x = torch.tensor(values)
    assert _range_of(x, "x") == by_numpy(x)


@pytest.mark.parametrize("exponent", [-39, -20, -1, 0, 1, 39])
def test_an_octave_is_closed_below_and_open_above(exponent: int) -> None:
    edge = 2.0**exponent
    below = np.nextafter(np.float32(edge), np.float32(0)).item()
    found = _range_of(torch.tensor([edge, -edge, below, 0.0]), "x")
    counts = {EXPONENTS[i]: n for i, n in enumerate(found.octaves) if n}
    assert counts == {exponent + 1: 2, exponent: 1}
    assert found.zeros == 1
    assert found.share_below(exponent) == 0.5  # the zero and the one below
    assert found.share_below(exponent + 1) == 1.0
    assert found.share_below(exponent - 1) == 0.25


def test_magnitudes_beyond_are_in_the_outermost_octaves() -> None:
    found = _range_of(torch.tensor([2.0**-100, 2.0**100, 1.0]), "x")
    assert (found.octaves[0], found.octaves[-1], found.octaves[1 - LOWEST_EXPONENT]) == (1, 1, 1)
    assert found.share_below(LOWEST_EXPONENT - 5) == 0.0
    assert found.share_below(HIGHEST_EXPONENT + 5) == 1.0


def test_ranges_merge_as_tensors_do() -> None:
    a, b = images(3), images(4, 1, 30.0)
    assert by_numpy(a).merged(by_numpy(b)) == by_numpy(torch.cat([a, b]))


def test_what_a_format_needs_of_a_range() -> None:
    found = Range(-3.0, 2.0, 4, 1, (0,) * len(EXPONENTS))
    assert found.interval == (-3.0, 2.0)
    assert found.magnitude == 3.0


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


def test_json_both_ways(tmp_path: Path) -> None:
    ranges = profile(trace(Small(), images(2)), batches(images(3)))
    assert Ranges.from_json(json.loads(json.dumps(ranges.to_json()))) == ranges
    ranges.save(tmp_path / "ranges.json", context="abc")
    saved = json.loads((tmp_path / "ranges.json").read_text())
    assert saved["context"] == "abc"
    assert Ranges.from_json(saved) == ranges


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
