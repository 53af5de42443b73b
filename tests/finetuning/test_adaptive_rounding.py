"""AdaRound against all roundings there are, where they can be tried."""

from itertools import product

import pytest
import torch
from torch import Tensor, nn

from adequate.design import Design
from adequate.emulation import emulate
from adequate.finetuning import adaround, condensed
from adequate.formats import Fixed, Format, PowerOfTwo, Scaled
from adequate.network import Network, trace

FORMATS = [
    Fixed(3, 1),
    Fixed(4, 3, narrow=True),
    Scaled(Fixed(3, 0), 0.3125),
    Scaled(Fixed(3, 0, signed=False), 0.25, zero=4),
    Scaled(Fixed(3, 0), (0.25, 0.3125, 0.125, 0.5), axis=0),
]


def correlated(count: int, width: int, seed: int = 0) -> Tensor:
    """Inputs that lean on each other, as pixels do: where errors of weights can cancel."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, 1, generator=generator) + 0.3 * torch.randn(count, width, generator=generator)


def labelled(x: Tensor, size: int = 64) -> list[tuple[Tensor, Tensor]]:
    return [(part, torch.zeros(len(part), dtype=torch.long)) for part in x.split(size)]


def small(seed: int = 0) -> Network:
    torch.manual_seed(seed)
    return trace(nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 4, bias=False)), torch.zeros(2, 6))


def rounded(network: Network, design: Design, x: Tensor, steps: int = 200, seed: int = 0) -> Network:
    return adaround(network, design, labelled(x), steps=steps, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("format", FORMATS, ids=str)
def test_weights_are_neighbours_on_the_grid_and_quantising_them_changes_nothing(format: Format) -> None:
    network, x = small(), correlated(128, 6)
    design = Design().with_layers(["0", "2"], input=Fixed(8, 5), weight=format, output=Fixed(8, 4))
    result = rounded(network, design, x, steps=50)
    for name in ("0.weight", "2.weight"):
        before, after = network.state()[name], result.state()[name]
        assert torch.equal(format.quantize(after), after)
        step = torch.tensor(getattr(format, "scale", None) or 2.0**-format.frac)
        nearest = format.quantize(before)
        assert ((after - nearest).abs() <= step.reshape(-1, 1) * 1.001).all()
        assert ((after - before).abs() <= step.reshape(-1, 1) * 1.001)[
            (nearest - before).abs() <= step.reshape(-1, 1) / 2
        ].all()
    assert condensed(result, design).digest == result.digest
    assert torch.equal(result.state()["0.bias"], network.state()["0.bias"])


def test_of_all_roundings_nearly_the_best_is_found() -> None:
    """Six weights round up or down in 64 ways, of which nearest is one. The search is local, so not every time."""
    format, among_the_two_best = Fixed(4, 1), 0
    for seed in range(4):
        torch.manual_seed(seed)
        network, x = trace(nn.Sequential(nn.Linear(6, 1)), torch.zeros(2, 6)), correlated(256, 6, seed)
        weight = network.state()["0.weight"]

        def error(w: Tensor, x: Tensor = x, weight: Tensor = weight) -> float:
            return float((x @ (w - weight).mT).square().mean())

        below = (weight * 2).floor() / 2
        every = sorted(error(below + torch.tensor([ups]) / 2) for ups in product((0.0, 1.0), repeat=6))
        design = Design().with_layers("0", weight=format)
        found = error(rounded(network, design, x, steps=600, seed=seed).state()["0.weight"])
        assert found <= error(format.quantize(weight))
        among_the_two_best += found <= every[1]
    assert among_the_two_best >= 3


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(2, 4, 3, groups=2, padding=1),
        nn.ConvTranspose2d(2, 4, 3, groups=2),
        nn.Conv2d(2, 4, 3, bias=False, stride=2),
    ],
    ids=["grouped", "transposed", "no bias"],
)
@torch.no_grad()
def test_convolutions_give_what_the_float_network_gives_more_nearly(layer: nn.Module) -> None:
    torch.manual_seed(1)
    x = torch.randn(64, 2, 1, 1) + 0.3 * torch.randn(64, 2, 6, 6)
    nn.init.normal_(layer.weight, std=0.3)
    network = trace(nn.Sequential(layer), x[:2])
    design = Design().with_layers("0", input=Fixed(10, 6), weight=Fixed(3, 1))
    result = rounded(network, design, x)
    expected = layer(x)

    def error(one: Network) -> float:
        return float((emulate(one, design)(x) - expected).square().mean())

    assert error(result) < 0.8 * error(network)


def test_later_layers_make_up_for_earlier_ones() -> None:
    """The second layer sees what the first gives in the design's arithmetic (asymmetric reconstruction)."""
    network, x = small(2), correlated(256, 6, 2)
    design = Design().with_layers(["0", "2"], input=Fixed(5, 2), weight=Fixed(3, 1))
    wanted = network.graph(x)
    together = rounded(network, design, x, steps=500)
    apart = network.with_state(
        {
            **network.state(),
            **{
                f"{one}.weight": rounded(network, Design({one: design[one]}), x, steps=500).state()[f"{one}.weight"]
                for one in "02"
            },
        }
    )

    def error(one: Network) -> float:
        return float((emulate(one, design)(x) - wanted).detach().square().mean())

    assert error(together) < error(network)
    assert error(together) <= error(apart)


def test_same_seed_same_weights_and_the_network_is_untouched() -> None:
    network, x = small(), correlated(128, 6)
    design = Design().with_layers(["0", "2"], weight=Fixed(3, 1))
    before = network.state()
    first, second = (rounded(network, design, x, steps=30, seed=5).digest for _ in range(2))
    assert first == second
    assert all(torch.equal(before[name], value) for name, value in network.state().items())


def test_a_weight_of_two_layers_is_rounded_once() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(torch.relu(self.fc(x)))

    torch.manual_seed(0)
    network, x = trace(Twice(), torch.zeros(2, 4)), correlated(64, 4)
    design = Design().with_layers(["fc", "fc#2"], weight=Fixed(3, 1))
    alone = Design().with_layers("fc", weight=Fixed(3, 1))
    assert rounded(network, design, x, steps=30).digest == rounded(network, alone, x, steps=30).digest


def test_what_cannot_be_rounded_is_said() -> None:
    network, x = small(), correlated(64, 6)
    with pytest.raises(ValueError, match="no layer with fixed or scaled"):
        rounded(network, Design().with_layers("0", weight=PowerOfTwo(4)), x)
    design = Design().with_layers("0", weight=Fixed(3, 1))
    with pytest.raises(ValueError, match="at least one step, not 0"):
        rounded(network, design, x, steps=0)
    with pytest.raises(ValueError, match="no images"):
        adaround(network, design, [], generator=torch.Generator())
