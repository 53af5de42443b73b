"""Constants added to products: merged where they are one number per output channel."""

import pytest
import torch
from torch import Tensor, nn

from adequate.network import fold_bias, trace
from tests.network.rewrites.same_function import check_equal, images


class Shifted(nn.Module):
    """A product, and a constant of some shape added to it."""

    def __init__(self, product: nn.Module, *shape: int, first: bool = False) -> None:
        super().__init__()
        self.product, self.first = product, first
        self.shift = nn.Parameter(torch.randn(*shape, generator=torch.Generator().manual_seed(2)))

    def forward(self, x: Tensor) -> Tensor:
        return self.shift + self.product(x) if self.first else self.product(x) + self.shift


FOLDED = {
    "convolution": (Shifted(nn.Conv2d(3, 4, 2), 4, 1, 1), (2, 3, 5, 5)),
    "without bias": (Shifted(nn.Conv1d(3, 4, 2, bias=False), 1, 4, 1), (2, 3, 5)),
    "transposed": (Shifted(nn.ConvTranspose2d(4, 6, 2, groups=2), 6, 1, 1, first=True), (2, 4, 3, 3)),
    "linear": (Shifted(nn.Linear(3, 4), 4), (2, 5, 3)),
    "one number": (Shifted(nn.Linear(3, 4, bias=False), 1), (2, 3)),
}


@pytest.mark.parametrize("case", FOLDED)
def test_a_constant_per_channel_becomes_bias(case: str) -> None:
    model, shape = FOLDED[case]
    x = images(*shape)
    network = trace(model.double(), x)
    folded = fold_bias(network)
    assert folded.rewrites == ("fold_bias: add into product",)
    assert [layer.name for layer in folded.layers] == ["product"]
    assert sorted(folded.state()) == ["product.bias", "product.weight"]
    check_equal(network, folded, x, 1e-14)
    assert fold_bias(folded) is folded


def test_numbers_and_factors() -> None:
    class Numbers(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(3, 4)
            self.shift = nn.Parameter(torch.arange(4.0))

        def forward(self, x: Tensor) -> Tensor:
            return torch.add(self.fc(x) + 0.5, self.shift, alpha=3)

    x = images(2, 3)
    network = trace(Numbers().double(), x)
    folded = fold_bias(network)
    assert folded.rewrites == ("fold_bias: add into fc", "fold_bias: add#2 into fc")
    check_equal(network, folded, x, 1e-14)


LEFT_ALONE = {
    "per place": (Shifted(nn.Conv2d(3, 4, 2), 4, 4, 1), (2, 3, 5, 5)),
    "along another dimension": (Shifted(nn.Conv1d(3, 4, 2), 4), (2, 3, 5)),
    "per token": (Shifted(nn.Linear(3, 4), 5, 4), (2, 5, 3)),
    "no product": (Shifted(nn.ReLU(), 3), (2, 3)),
}


@pytest.mark.parametrize("case", LEFT_ALONE)
def test_what_is_no_bias_is_left_alone(case: str) -> None:
    model, shape = LEFT_ALONE[case]
    network = trace(model.double(), images(*shape))
    assert fold_bias(network) is network


def test_a_product_that_something_else_reads_is_left_alone() -> None:
    class Residual(Shifted):
        def forward(self, x: Tensor) -> Tensor:
            x = self.product(x)
            return (x + self.shift) * x

    network = trace(Residual(nn.Linear(3, 4), 4).double(), images(2, 3))
    assert fold_bias(network) is network
