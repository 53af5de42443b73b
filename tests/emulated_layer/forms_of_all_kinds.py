"""Layers with an integer form, with parameters that are neither 0 nor 1, and formats for them."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from adequate import Design, LayerDesign, Network, trace
from adequate.formats import E4M3, Fixed, Format, Overflow, Rounding, Scaled
from adequate.network.normalization import WithinChannelLRN


class Function(nn.Module):
    """A function as a layer."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


TABULATED: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "gelu": functional.gelu,
    "gelu_tanh": lambda x: functional.gelu(x, approximate="tanh"),
    "silu": functional.silu,
    "elu": lambda x: functional.elu(x, 0.7),
    "selu": functional.selu,
    "leaky_relu": lambda x: functional.leaky_relu(x, 0.3),
    "softplus": lambda x: functional.softplus(x, 2.0, 5.0),
    "hardswish": lambda x: functional.hardswish(x.clone(), inplace=True),
    "hardsigmoid": functional.hardsigmoid,
    "mish": functional.mish,
    "exp": torch.exp,
    "erf": torch.erf,
    "square": lambda x: x**2,
    "base": lambda x: 2**x,
    "rrelu": functional.rrelu,
    "floor": torch.floor,
}
"""Functions of one number, finite everywhere."""

NORMALIZATIONS: dict[str, Callable[[], nn.Module]] = {
    "batch_norm": lambda: nn.BatchNorm2d(6),
    "batch_norm_plain": lambda: nn.BatchNorm2d(6, affine=False),
    "across": lambda: nn.LocalResponseNorm(5, 0.3, 0.75, 2.0),
    "across_even": lambda: nn.LocalResponseNorm(4, 0.1, 0.5, 1.0),
    "within": lambda: WithinChannelLRN(3, 0.5, 0.75),
    "layer_norm": lambda: nn.LayerNorm([4, 4]),
    "layer_norm_last": lambda: nn.LayerNorm(4, bias=False),
    "group_norm": lambda: nn.GroupNorm(2, 6),
    "instance_norm": lambda: nn.InstanceNorm2d(6, affine=True),
    "instance_norm_plain": lambda: nn.InstanceNorm2d(6),
    "rms_norm": lambda: nn.RMSNorm([4, 4], eps=0.01),
    "rms_norm_without_eps": lambda: nn.RMSNorm(4),
    "prelu": lambda: nn.PReLU(6),
    "prelu_shared": lambda: nn.PReLU(),
    "softmax": lambda: nn.Softmax(1),
    "softmax_last": lambda: nn.Softmax(-1),
}
"""Layers that see several numbers at once, or have parameters."""

SHAPE = (1, 6, 4, 4)

FORMATS: tuple[tuple[Format, Format], ...] = (
    (Fixed(8, 4), Fixed(12, 8)),
    (Fixed(4, 1), Fixed(8, 5, rounding=Rounding.DOWN)),
    (Fixed(6, 3, signed=False), Fixed(6, 4, overflow=Overflow.WRAP)),
    (Scaled(Fixed(8, 0, narrow=True), 2.0**-4), Scaled(Fixed(8, 0, signed=False), 2.0**-6, zero=100)),
    (Scaled(Fixed(8, 0), 0.03125 * 1.25, zero=-3), Fixed(10, 7)),
    (E4M3, E4M3),
)
"""Input and output."""

WIDE = (Fixed(16, 11), Fixed(16, 12))


def made(name: str, seed: int) -> nn.Module:
    """The layer of this name."""
    model = Function(TABULATED[name]) if name in TABULATED else NORMALIZATIONS[name]()
    generator = torch.Generator().manual_seed(seed)
    for key, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            drawn = 2 * torch.rand(tensor.shape, generator=generator) - 0.5
            tensor.copy_(drawn.abs() + 0.1 if "var" in key else drawn)
    return model.eval()


def drawn(seed: int, images: int = 1) -> Tensor:
    """Inputs of many magnitudes."""
    generator = torch.Generator().manual_seed(seed)
    scale = torch.randn(images, SHAPE[1], 1, 1, generator=generator).exp2()
    return scale * torch.randn(images, *SHAPE[1:], generator=generator)


def designed(network: Network, input: Format, output: Format) -> Design:
    """Every function of a network between these formats."""
    chosen = LayerDesign(input, output=output)
    return Design({layer.name: chosen for layer in network.layers if layer.operation != "clone"})


class Beside(nn.Module):
    """Layers that all read the input, an output each."""

    def __init__(self, layers: list[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return tuple(layer(x) for layer in self.layers)


def traced(*names: str, seed: int = 0) -> Network:
    """A network of these layers, with an output for each."""
    return trace(Beside([made(name, seed) for name in names]), drawn(seed, 2))
