"""A depthwise separable network whose layers have operators, registers and formats of different kinds."""

import torch
from torch import Tensor, nn

from adequate.design import Design, LayerDesign
from adequate.exploration import dynamic_fixed
from adequate.formats import Fixed, PowerOfTwo
from adequate.network import Network, trace
from adequate.operators import Accumulator
from adequate.operators.multipliers import Drum, SignMagnitude
from adequate.profiling import profile


class Separable(nn.Module):
    """Depthwise and pointwise convolutions in turn, as in a MobileNet."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, 2, 1)
        self.depthwise1, self.pointwise1 = nn.Conv2d(8, 8, 3, 1, 1, groups=8), nn.Conv2d(8, 16, 1)
        self.depthwise2, self.pointwise2 = nn.Conv2d(16, 16, 3, 2, 1, groups=16), nn.Conv2d(16, 24, 1)
        self.head = nn.Linear(24, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x).relu()
        x = self.pointwise1(self.depthwise1(x).relu()).relu()
        x = self.pointwise2(self.depthwise2(x).relu()).relu()
        return self.head(x.mean((2, 3)))


def separable(size: int, images: int) -> tuple[Network, Design, Tensor]:
    """The network on images of 3 x size x size, and some of them.

    Its depthwise layers multiply by DRUM-4, its pointwise ones shift by powers of two and add in 18 bits.
    """
    batch = torch.randn(images, 3, size, size, generator=torch.Generator().manual_seed(3))
    with torch.random.fork_rng():
        torch.manual_seed(3)
        network = trace(Separable().eval(), batch[:2])
    design = dynamic_fixed(profile(network, [(batch, torch.zeros(images))]), 8)
    design = design.with_layers(network.select("depthwise*"), multiplier=SignMagnitude(Drum(8, 8, 4)))
    for name in network.select("pointwise*"):
        one: LayerDesign = design[name]
        assert isinstance(one.input, Fixed)
        register = Accumulator(Fixed(18, one.input.frac + 8))
        design = design.with_layers([name], weight=PowerOfTwo(5, -1), accumulator=register)
    return network, design, batch
