"""What is remembered is what would be computed, bit for bit, however little memory there is."""

from collections.abc import Iterator

import pytest
import torch
from torch import Generator, Tensor, nn

from adequate.design import Design
from adequate.emulation import emulate
from adequate.exploration import dynamic_fixed
from adequate.exploration.reuse import Reuse
from adequate.network import Network, trace
from adequate.profiling import profile


class Branched(nn.Module):
    """Two branches, an add, a slice and a classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.c, self.fc = nn.Conv2d(4, 4, 1), nn.Linear(4 * 3 * 6, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.a(x))
        y = self.b(x) + self.c(x)
        return self.fc(torch.nn.functional.max_pool2d(y, 2)[:, :, :, :].flatten(1))


@pytest.fixture(scope="module")
def network() -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return trace(Branched().eval(), torch.zeros(2, 1, 6, 12))


@pytest.fixture(scope="module")
def images() -> Tensor:
    return torch.randn(8, 1, 6, 12, generator=Generator().manual_seed(1))


def sweep(network: Network, images: Tensor) -> Iterator[Design]:
    """A design and every design that differs from it in one slot of one layer."""
    ranges = profile(network, [(images, torch.zeros(len(images)))])
    base, narrow = dynamic_fixed(ranges, 8), dynamic_fixed(ranges, 4)
    yield base
    for name in base:
        for slot in ("weight", "output"):
            yield base.with_layers(name, **{slot: getattr(narrow[name], slot)})
    yield Design()
    yield base


@pytest.mark.parametrize("budget", [0, 20_000, 1 << 30])
def test_outputs_are_equal_bit_for_bit_under_any_budget(network: Network, images: Tensor, budget: int) -> None:
    memory = Reuse(network, budget_bytes=budget)
    with torch.no_grad():
        for design in sweep(network, images):
            whole = emulate(network, design)
            again = memory.emulate(design)
            for part in (images[:5], images[5:], images[:5]):
                assert torch.equal(again(part), whole(part))
            assert memory.held_bytes <= budget


def test_a_sweep_executes_fewer_layers(network: Network, images: Tensor) -> None:
    memory = Reuse(network)
    designs = [one for one in sweep(network, images) if one]
    with torch.no_grad():
        for design in designs:
            memory.emulate(design)(images)
    assert memory.executed + memory.reused == 4 * len(designs)
    assert (memory.executed + memory.reused) / memory.executed >= 1.6


def test_another_output_format_rounds_the_same_sums_again(network: Network, images: Tensor) -> None:
    memory = Reuse(network)
    base, narrow = (dynamic_fixed(profile(network, [(images, torch.zeros(len(images)))]), bits) for bits in (8, 4))
    with torch.no_grad():
        memory.emulate(base)(images)
        executed = memory.executed
        for name in ("fc", "b"):
            design = base.with_layers(name, output=narrow[name].output)
            assert torch.equal(memory.emulate(design)(images), emulate(network, design)(images))
            assert torch.equal(memory.emulate(base)(images), emulate(network, base)(images))
    assert memory.executed == executed + 1  # the layer after b; the last layer's sums were there


def test_nothing_is_computed_twice(network: Network, images: Tensor) -> None:
    memory = Reuse(network)
    [design, *_] = sweep(network, images)
    with torch.no_grad():
        first = memory.emulate(design)(images)
        executed = memory.executed
        assert torch.equal(memory.emulate(design)(images), first)
    assert (executed, memory.executed) == (4, 4)


def test_other_images_of_the_same_shape_are_other_images(network: Network, images: Tensor) -> None:
    memory = Reuse(network)
    module = memory.emulate(Design())
    with torch.no_grad():
        a, b = module(images), module(images + 1)
    assert not torch.equal(a, b)


def test_what_was_wanted_again_stays_longest(network: Network) -> None:
    memory = Reuse(network, budget_bytes=12)
    keys = [(b"", bytes([n])) for n in range(4)]
    memory.put(keys[0], torch.zeros(1))
    assert memory.get(keys[0]) is not None
    for key in keys[1:]:
        memory.put(key, torch.zeros(1))
    assert memory.get(keys[0]) is not None
    assert memory.get(keys[1]) is None
    assert memory.get(keys[3]) is not None
    memory.put((b"", b"large"), torch.zeros(4))
    assert memory.get((b"", b"large")) is None
    assert memory.held_bytes == 12
