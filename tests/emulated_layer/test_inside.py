"""Which layers stay in floating point inside, from an empty design to a whole one."""

import torch
from torch import Tensor, nn

from adequate.design import Design, LayerDesign
from adequate.emulated_layer import float_inside
from adequate.emulation import emulate
from adequate.formats import Fixed
from adequate.network import trace
from adequate.operators import Accumulator

FORMAT = Fixed(8, 4)


class Mixed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn, self.fc = nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(2, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.bn(self.conv(x)))
        x = nn.functional.adaptive_avg_pool2d(x + x, 1).flatten(1)
        return nn.functional.gelu(self.fc(x)).softmax(1)


def test_float_inside() -> None:
    network = trace(Mixed(), torch.zeros(2, 1, 4, 4))
    assert float_inside(network, Design()) == ("conv", "bn", "add", "adaptive_avg_pool2d", "fc", "gelu", "softmax")
    both = LayerDesign(input=FORMAT, weight=FORMAT)
    ends = LayerDesign(input=FORMAT, output=FORMAT)
    design = Design(
        {"conv": both, "fc": LayerDesign(accumulator=Accumulator(Fixed(20, 8))), "add": ends}
        | dict.fromkeys(("adaptive_avg_pool2d", "gelu", "softmax", "bn", "relu"), ends)
    )
    assert float_inside(network, design) == ()
    assert float_inside(network, design.with_layers("conv", input=None)) == ("conv",)
    assert float_inside(network, design.with_layers(["gelu", "bn"], output=None)) == ("bn", "gelu")
    wide = design.with_layers(["gelu", "softmax"], input=Fixed(20, 16))
    assert float_inside(network, wide) == ("gelu", "softmax")


def test_every_layer_takes_formats_at_its_borders() -> None:
    """With one of them the outputs are those of torch's own function; with both they are exact, where it has a form."""
    functions = {
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "gelu": nn.functional.gelu,
        "silu": nn.functional.silu,
        "softmax": lambda x: x.softmax(1),
        "layer_norm": lambda x: nn.functional.layer_norm(x, (4,)),
        "exp": torch.exp,
        "leaky_relu": nn.functional.leaky_relu,
        "hardswish": nn.functional.hardswish,
    }

    class Function(nn.Module):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        def forward(self, x: Tensor) -> Tensor:
            return functions[self.name](x)

    x = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    wide = Fixed(12, 8)
    for name, function in functions.items():
        network = trace(Function(name), x)
        (layer,) = network.layers
        for chosen in ({"input": FORMAT}, {"output": wide}):
            design = Design({layer.name: LayerDesign(**chosen)})
            wanted = wide.quantize(function(x)) if "output" in chosen else function(FORMAT.quantize(x))
            assert torch.equal(emulate(network, design)(x), wanted), name
            assert float_inside(network, design) == (layer.name,)
        assert float_inside(network, Design()) == (layer.name,)
        assert float_inside(network, Design({layer.name: LayerDesign(input=FORMAT, output=wide)})) == ()


def test_products_of_three_are_no_products_of_two() -> None:
    class Triple(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bilinear = nn.Bilinear(3, 3, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.bilinear(x, x) + torch.einsum("bi,bj,bk->bi", x, x, x)[:, :2]

    network = trace(Triple(), torch.zeros(2, 3))
    assert network.multiplying == ()
    assert {layer.operation for layer in network.layers} == {"bilinear", "einsum3", "slice", "add"}
    assert float_inside(network, Design()) == ("bilinear", "einsum3", "add")
