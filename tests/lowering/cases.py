"""Small networks of every layer that lowers, and random designs for them."""

import re
from functools import cache
from random import Random

import torch
from torch import Tensor, nn
from torch.nn import functional

from adequate.design import Design, LayerDesign
from adequate.emulated_layer.function import AVERAGES
from adequate.formats import Fixed
from adequate.lowering import lower
from adequate.network import Network, trace
from adequate.program import Program
from tests.random_designs import MULTIPLIERS, multiplied, other, product


class Residual(nn.Module):
    """Convolutions of several kinds, an addition, an average, a linear layer."""

    shape = (1, 2, 6, 7)

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(2, 4, 3, padding=1)
        self.depthwise = nn.Conv2d(4, 4, (3, 2), stride=(1, 2), padding=(1, 1), groups=4)
        self.side = nn.Conv2d(4, 4, 1, stride=(1, 2), padding=(0, 1), bias=False)
        self.head = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.first(x))
        return self.head((self.depthwise(x) + self.side(x)[..., :4]).mean((2, 3)))


class Pooled(nn.Module):
    """Pooling of both kinds, clamps, concatenation, moves."""

    shape = (1, 3, 8, 8)

    def __init__(self) -> None:
        super().__init__()
        self.left = nn.Conv2d(3, 4, 3, dilation=2, padding=2)
        self.right = nn.Conv2d(3, 2, 5, padding=2)
        self.last = nn.Linear(6 * 4, 4)

    def forward(self, x: Tensor) -> Tensor:
        a = functional.max_pool2d(functional.relu6(self.left(x)), 3, 2, 1)
        b = functional.avg_pool2d(functional.hardtanh(self.right(x), -1.5, 2.0), 2)
        joined = torch.cat([a, b.flip(3)], 1)
        return self.last(functional.pad(joined, (1, 0))[..., 1:4:2, :4:2].flatten(1))


class Transposed(nn.Module):
    """Transposed and one-dimensional convolutions, a product of two activations."""

    shape = (1, 4, 6)

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.ConvTranspose1d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2)
        self.down = nn.Conv1d(6, 4, 4, stride=3)
        self.mix = nn.Linear(4, 4, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.down(self.up(x))
        return torch.matmul(self.mix(x.transpose(1, 2)), y) - y.abs().amax((1, 2), keepdim=True)


class Plain(nn.Module):
    """What a small classifier of images is."""

    shape = (1, 1, 8, 8)

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3)
        self.conv2 = nn.Conv2d(4, 6, 3, bias=False)
        self.fc1 = nn.Linear(6, 8)
        self.fc2 = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.max_pool2d(functional.relu(self.conv1(x)), 2)
        return self.fc2(functional.relu(self.fc1(functional.relu(self.conv2(x)).flatten(1))))


NETWORKS = (Residual, Pooled, Transposed, Plain)


@cache
def _traced(kind: type[nn.Module]) -> Network:
    shape: tuple[int, ...] = kind.shape  # type: ignore[assignment]
    return trace(kind().eval(), torch.zeros(2, *shape[1:]))


def network(kind: type[nn.Module], seed: int) -> Network:
    """A network with random weights and biases."""
    generator = torch.Generator().manual_seed(seed)
    state = _traced(kind).state()
    return _traced(kind).with_state(
        {name: torch.randn(one.shape, generator=generator) * 0.5 for name, one in state.items()}
    )


def images(kind: type[nn.Module], seed: int, count: int) -> Tensor:
    """Random images."""
    shape: tuple[int, ...] = kind.shape  # type: ignore[assignment]
    return torch.randn(count, *shape[1:], generator=torch.Generator().manual_seed(seed)) * 2


def lowered(network: Network, seed: int) -> tuple[Design, Program]:
    """A random design in which every layer that ``lower`` refuses has become plain fixed point."""
    random, design = Random(seed), Design()
    for layer in network.layers:
        channels = (layer.output_shape[1] or 1) if len(layer.output_shape) > 1 else 1
        if layer.multiplies and layer.weight is not None:
            axis = 1 if layer.operation.startswith("conv_transpose") else 0
            count = layer.weight_shape[axis] if layer.weight_shape is not None else 1
            if random.random() < 0.4:
                chosen = multiplied(random, random.choice(MULTIPLIERS), (count, axis), (channels, 1), ())
            else:
                chosen = product(random, channels) if axis == 0 else _plain(layer.operation, random)
        elif layer.multiplies:
            chosen = _plain(layer.operation, random)
        else:
            chosen = other(random, channels) if random.random() < 0.4 else LayerDesign()
        design = design.with_layers(layer.name, **chosen.slots())
    while True:
        try:
            return design, lower(network, design)
        except ValueError as error:
            named = re.findall(r"layer '([^']+)'", str(error))
            if not named:
                raise
            for name in named:
                plain = _plain(network[name].operation, random)
                kept = {"multiplier": None, "accumulator": None, **plain.slots()}
                changed = design.with_layers(name, **kept)
                if changed[name].slots().keys() == design[name].slots().keys():
                    changed = _all_plain(network, random)
                design = changed


def _plain(operation: str, random: Random) -> LayerDesign:
    def fixed() -> Fixed:
        return Fixed(random.randint(4, 8), random.randint(1, 4))

    if operation in AVERAGES or operation in ("add", "sub"):
        return LayerDesign(input=fixed(), output=fixed())
    if operation in ("conv1d", "conv2d", "conv_transpose1d", "linear", "matmul"):
        return LayerDesign(input=fixed(), weight=fixed(), output=fixed())
    return LayerDesign(input=fixed())


def _all_plain(network: Network, random: Random) -> Design:
    return Design({layer.name: _plain(layer.operation, random) for layer in network.layers})
