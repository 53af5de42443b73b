"""A rounding is left out only where it would change nothing."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from adequate import Design, LayerDesign, emulate, trace
from adequate.emulated_layer import EmulatedProduct
from adequate.emulated_layer.rounded_already import has_values_of
from adequate.formats import E4M3, Fixed, Format, Minifloat, Overflow, PowerOfTwo, Rounding
from tests.contracts.format_contract import numbers

FORMATS: tuple[Format, ...] = (
    Fixed(8, 4),
    Fixed(8, 5),
    Fixed(9, 5),
    Fixed(4, 2),
    Fixed(7, 4, signed=False),
    Fixed(8, 4, signed=False),
    Fixed(8, 4, narrow=True),
    Fixed(8, 4, overflow=Overflow.WRAP, rounding=Rounding.DOWN),
    Fixed(8, 4, rounding=Rounding.STOCHASTIC),
    Minifloat(4, 3),
    E4M3,
    Minifloat(4, 3, rounding=Rounding.STOCHASTIC),
    PowerOfTwo(4),
)


@pytest.mark.parametrize("other", FORMATS, ids=str)
@pytest.mark.parametrize("format", FORMATS, ids=str)
def test_values_of_the_other_stay_as_they_are(format: Format, other: Format) -> None:
    values = torch.tensor([0.0, *(float(value) for _, value in numbers(other, other.word))])
    if has_values_of(format, other):
        assert torch.equal(format.quantize(values), values)
    elif (
        isinstance(format, Fixed)
        and isinstance(other, Fixed)
        and Rounding.STOCHASTIC
        not in (
            format.rounding,
            other.rounding,
        )
    ):
        assert not torch.equal(format.quantize(values), values)


class Chain(nn.Module):
    def __init__(self, between: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.first, self.second, self.between = nn.Conv2d(2, 3, 3), nn.Conv2d(3, 2, 1), between

    def forward(self, x: Tensor) -> Tensor:
        return self.second(self.between(self.first(x)))


A, FINER, W = Fixed(6, 3), Fixed(6, 5), Fixed(6, 5)
CASES = [
    (lambda x: torch.max_pool2d(torch.relu(x), 2), A, A, True),
    (torch.relu, A, Fixed(8, 4), True),
    (torch.relu, FINER, A, False),
    (torch.relu, None, A, False),
    (lambda x: x * 0.3, A, A, False),
    (lambda x: torch.relu(x) + x, A, A, False),
    (torch.nn.functional.gelu, A, A, False),
    (torch.relu, E4M3, E4M3, True),
    (torch.relu, PowerOfTwo(4), PowerOfTwo(4), False),  # it has no zero
]


@pytest.mark.parametrize(("between", "output", "input", "left_out"), CASES)
def test_the_result_is_the_same(
    between: Callable[[Tensor], Tensor], output: Format | None, input: Format, left_out: bool
) -> None:
    torch.manual_seed(0)
    x = 2 * torch.randn(4, 2, 8, 8)
    network = trace(Chain(between), x)
    design = Design(
        {
            "first": LayerDesign(input=A, weight=W, output=output),
            "second": LayerDesign(input=input, weight=W, output=Fixed(8, 3)),
        }
    )
    emulated = emulate(network, design)
    products = [module for module in emulated.modules() if isinstance(module, EmulatedProduct)]
    assert [module.sums.input_rounded for module in products] == [False, left_out]
    got = emulated(x)
    for module in products:
        module.sums.input_rounded = False
    assert torch.equal(emulated(x), got)
