"""How training sees a multiplier: the stated gradients, on every kind of sum of products."""

from itertools import product

import pytest
import torch
from torch import Tensor, nn

from adequate.design import Design, LayerDesign
from adequate.emulated_layer import EmulatedProduct, Gradient
from adequate.emulation import EmulatedNetwork, emulate
from adequate.finetuning import FittedError, Recipe, SmoothedDifference
from adequate.finetuning.error_penalty import PenalizedErrors
from adequate.finetuning.fitted_error import ErrorFunction, fitted_errors
from adequate.finetuning.smoothed_difference import smoothed_differences
from adequate.formats import Fixed, Minifloat, Scaled
from adequate.network import trace
from adequate.operators import Exact, MinifloatProduct, Multiplier, SignMagnitude, TruncatedArray, tabulate

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")

MATRICES = "matmul of two activations"
LAYERS: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    "linear": (nn.Linear(5, 4), (3, 5)),
    "conv1d": (nn.Conv1d(2, 3, 3, padding=1, stride=2), (2, 2, 7)),
    "conv2d": (nn.Conv2d(2, 4, 3, padding=1, dilation=2), (2, 2, 6, 6)),
    "grouped": (nn.Conv2d(4, 4, 3, groups=2, padding="same"), (2, 4, 4, 4)),
    "uneven": (nn.Conv2d(2, 3, 2, padding="same"), (2, 2, 4, 5)),
    "conv3d": (nn.Conv3d(1, 2, 2, padding=1), (1, 1, 3, 3, 3)),
    "transposed": (nn.ConvTranspose2d(4, 2, 3, stride=2, groups=2, padding=1, output_padding=1), (2, 4, 3, 3)),
    "cut": (nn.ConvTranspose2d(2, 3, 1, stride=2, padding=1), (2, 2, 3, 3)),
}


class Matmul(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x @ x.transpose(1, 2).relu()


def emulated(kind: str, design: LayerDesign) -> tuple[EmulatedNetwork, Tensor]:
    torch.manual_seed(0)
    layer, shape = LAYERS.get(kind, (Matmul(), (2, 3, 4)))
    model = nn.Sequential(layer)
    for parameter in model.parameters():
        nn.init.uniform_(parameter, -0.9, 0.9)
    network = trace(model, torch.zeros(shape))
    name = network.multiplying[0].name
    x = torch.rand(shape, generator=torch.Generator().manual_seed(1)) * 1.8 - 0.9
    return emulate(network, Design({name: design})).train(), x  # type: ignore[return-value]


def gradients(module: EmulatedNetwork, x: Tensor) -> list[Tensor]:
    """By the input and every parameter, of a sum of the outputs with odd weights."""
    module.zero_grad()
    leaf = x.clone().requires_grad_()
    y = module(leaf)
    weights = torch.rand(y.shape, generator=torch.Generator().manual_seed(2)) - 0.5
    (y * weights).sum().backward()
    found = [leaf.grad, *(parameter.grad for parameter in module.parameters())]
    assert all(one is not None for one in found)
    return found  # type: ignore[return-value]


def choose(module: EmulatedNetwork, gradient: Gradient) -> None:
    module.differentiate_by(gradient)


UNSIGNED = Fixed(6, 0, signed=False)
SCALES = (0.01171875, 0.0146484375, 0.01953125, 0.0126953125)
DESIGNS: dict[str, LayerDesign] = {
    "fixed": LayerDesign(input=Fixed(6, 5), weight=Fixed(6, 5)),
    "narrower": LayerDesign(input=Fixed(5, 4), weight=Fixed(4, 3)),
    "scaled": LayerDesign(input=Scaled(Fixed(6, 0), 0.02978515625), weight=Scaled(Fixed(6, 0), 0.0302734375)),
    "zero points": LayerDesign(input=Scaled(UNSIGNED, 0.02978515625, 31), weight=Scaled(UNSIGNED, 0.03125, 29)),
}


def signed(multiplier: Multiplier, design: LayerDesign) -> Multiplier:
    return multiplier if isinstance(design.input, Scaled) and design.input.zero else SignMagnitude(multiplier)


def with_multiplier(design: LayerDesign, multiplier: Multiplier) -> LayerDesign:
    return LayerDesign(input=design.input, weight=design.weight, multiplier=signed(multiplier, design))


@pytest.mark.parametrize("kind", [*LAYERS, MATRICES])
@pytest.mark.parametrize("name", DESIGNS)
def test_straight_through_is_the_gradient_of_torchs_own_product(kind: str, name: str) -> None:
    """Of the same quantised operands, whatever the multiplier makes of them."""
    design = with_multiplier(DESIGNS[name], TruncatedArray(6, 6, 5))
    module, x = emulated(kind, design)
    exact, _ = emulated(kind, LayerDesign(input=design.input, weight=design.weight))
    assert not torch.allclose(module(x), exact(x), atol=1e-2)
    for found, wanted in zip(gradients(module, x), gradients(exact, x), strict=True):
        assert torch.allclose(found, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", [*LAYERS, MATRICES])
@pytest.mark.parametrize("name", DESIGNS)
def test_for_an_exact_multiplier_a_smoothed_difference_is_straight_through(kind: str, name: str) -> None:
    module, x = emulated(kind, with_multiplier(DESIGNS[name], Exact(6, 6)))
    expected = gradients(module, x)
    assert all(one.abs().max() > 0.01 for one in expected)
    module.differentiate_by(smoothed_differences(module, SmoothedDifference(3)))
    for found, wanted in zip(gradients(module, x), expected, strict=True):
        assert torch.allclose(found, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["linear", "conv2d", "transposed"])
def test_scales_and_zero_points_per_channel(kind: str) -> None:
    axis = 1 if kind == "transposed" else 0
    channels = 2 if kind == "transposed" else 4
    weight = Scaled(UNSIGNED, SCALES[:channels], (20, 33, 28, 40)[:channels], axis=axis)
    design = LayerDesign(input=Scaled(UNSIGNED, 0.02978515625, 31), weight=weight, multiplier=Exact(6, 6))
    if kind == "transposed":
        LAYERS["whole"] = (nn.ConvTranspose2d(4, 2, 3, stride=2, padding=1), (2, 4, 3, 3))
        kind = "whole"
    module, x = emulated(kind, design)
    expected = gradients(module, x)
    module.differentiate_by(smoothed_differences(module, SmoothedDifference(3)))
    for found, wanted in zip(gradients(module, x), expected, strict=True):
        assert torch.allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_minifloat_operands() -> None:
    """Products of few bits are nearly exact sums of wide ones; their slopes over two neighbours nearly the operands."""
    e3m2, wide = Minifloat(3, 2), Minifloat(5, 8)
    design = LayerDesign(input=e3m2, weight=e3m2, multiplier=MinifloatProduct(e3m2, e3m2, wide))
    module, x = emulated("conv2d", design)
    expected = gradients(module, x)
    module.differentiate_by(smoothed_differences(module, SmoothedDifference(2, precision=2.0**-24)))
    for found, wanted in zip(gradients(module, x), expected, strict=True):
        assert torch.allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_the_smoothed_gradient_is_the_definition() -> None:
    """A linear layer with a table of its own: slopes over 2h = 4 patterns, cut at the ends, in units of the formats."""
    multiplier = tabulate("odd", lambda a, b: a * b + (a * a + 3 * b) % 7 - 3, width_a=4, width_b=4)
    design = LayerDesign(input=Fixed(4, 2, signed=False), weight=Fixed(4, 3, signed=False), multiplier=multiplier)
    module, x = emulated("linear", design)
    with torch.no_grad():
        module.get_parameter("0.weight").abs_()
    module.differentiate_by(smoothed_differences(module, SmoothedDifference(2, precision=2.0**-24)))
    x = x.abs()
    to_x, to_w, _ = gradients(module, x)
    table = multiplier.table().tolist()
    codes_x, codes_w = (
        one.encode(v).tolist() for one, v in ((design.input, x), (design.weight, module.get_parameter("0.weight")))
    )
    upstream = torch.rand(3, 4, generator=torch.Generator().manual_seed(2)) - 0.5
    wanted_x, wanted_w = torch.zeros(3, 5), torch.zeros(4, 5)
    for m, k, n in product(range(3), range(5), range(4)):
        a, b = codes_x[m][k], codes_w[n][k]
        low, high = max(a - 2, 0), min(a + 2, 15)
        wanted_x[m, k] += upstream[m, n] * (table[high][b] - table[low][b]) / (high - low) / 8
        low, high = max(b - 2, 0), min(b + 2, 15)
        wanted_w[n, k] += upstream[m, n] * (table[a][high] - table[a][low]) / (high - low) / 4
    assert torch.allclose(to_x, wanted_x, atol=1e-5)
    assert torch.allclose(to_w, wanted_w, atol=1e-5)


def test_a_multiplier_too_wide_for_a_table_has_no_smoothed_difference() -> None:
    design = LayerDesign(input=Fixed(13, 12), weight=Fixed(13, 12), multiplier=SignMagnitude(TruncatedArray(13, 13, 4)))
    module, _ = emulated("linear", design)
    with pytest.raises(ValueError, match="layer '0': .* is too wide for a table"):
        smoothed_differences(module, SmoothedDifference())


COARSE = with_multiplier(DESIGNS["fixed"], TruncatedArray(6, 6, 5))


def products_of(module: EmulatedNetwork) -> EmulatedProduct:
    return next(one for one in module.modules() if isinstance(one, EmulatedProduct))


def sums(module: EmulatedNetwork, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The multiplier's sums, the exact ones, and the operands' quantised weight, without the bias."""
    layer = products_of(module)
    assert layer.design.input is not None
    assert layer.design.weight is not None
    a, w = layer.design.input.quantize(x), layer.design.weight.quantize(module.get_parameter("0.weight").detach())
    exact = nn.functional.conv2d(a, w, padding=1, dilation=2)
    with torch.no_grad():
        return module(x) - module.get_parameter("0.bias").detach().reshape(-1, 1, 1), exact, w


def test_the_fitted_error_is_the_least_squares_line_and_scales_the_gradient_inside_the_clip() -> None:
    module, x = emulated("conv2d", COARSE)
    approximate, exact, _ = sums(module, x)
    found = fitted_errors(module.eval(), [(x, torch.zeros(2))] * 40, torch.Generator().manual_seed(0))
    function = found["0"]
    assert isinstance(function, ErrorFunction)
    y, e = exact.flatten().double(), (approximate - exact).flatten().double()
    slope, offset = torch.linalg.lstsq(torch.stack([y, torch.ones_like(y)], 1), e[:, None]).solution.flatten().tolist()
    assert function.slope == pytest.approx(slope, abs=0.02)  # the sums were drawn
    assert function.offset == pytest.approx(offset, abs=0.02)
    assert e.min() <= function.low < function.high <= e.max()
    module.train()
    straight = gradients(module, x)
    steep = ErrorFunction(-0.5, 0.0, -0.25, 0.25)  # inside for sums between -0.5 and 0.5
    choose(module, steep)
    layer = products_of(module)
    weights = torch.rand(exact.shape, generator=torch.Generator().manual_seed(2)) - 0.5
    scaled = torch.where(exact.abs() <= 0.5, 0.5 * weights, weights)
    leaf = layer.design.input.quantize(x).requires_grad_()
    w = layer.design.weight.quantize(module.get_parameter("0.weight").detach()).requires_grad_()
    (nn.functional.conv2d(leaf, w, padding=1, dilation=2) * scaled).sum().backward()
    to_x, to_w, to_bias = gradients(module, x)
    assert torch.allclose(to_x, leaf.grad, atol=1e-5)
    assert torch.allclose(to_w, w.grad, atol=1e-5)
    assert torch.equal(to_bias, straight[2])
    assert not torch.allclose(to_x, straight[0], atol=1e-3)


def test_fitting_a_straight_line_finds_it() -> None:
    y = torch.linspace(-3, 5, 1001)
    found = ErrorFunction.fitted(y, -0.25 * y + 0.5)
    assert (found.slope, found.offset) == pytest.approx((-0.25, 0.5))
    assert (found.low, found.high) == pytest.approx((-0.25 * 4.92 + 0.5, 0.25 * 2.92 + 0.5), abs=1e-3)
    constant = ErrorFunction.fitted(torch.ones(9), torch.full((9,), 0.5))
    assert (constant.slope, constant.offset) == (0.0, 0.5)


@pytest.mark.parametrize("slope", [-0.375, 0.0])
def test_the_penalty_adds_the_gradient_of_the_relative_error(slope: float) -> None:
    """By autograd on y~ = y + e(y), e a line; with slope 0 that is straight-through."""
    module, x = emulated("conv2d", COARSE)
    approximate, exact, _ = sums(module, x)
    line = ErrorFunction(slope, 0.0, -1e9, 1e9)
    choose(module, line)
    plain = gradients(module, x)
    choose(module, PenalizedErrors(0.7, line))
    penalized = gradients(module, x)
    layer = products_of(module)
    leaf = layer.design.input.quantize(x).requires_grad_()
    w = layer.design.weight.quantize(module.get_parameter("0.weight").detach()).requires_grad_()
    y = nn.functional.conv2d(leaf, w, padding=1, dilation=2)
    moved = slope * (y - y.detach()) + (approximate - exact)  # its value is the error, its gradient that of the line
    (0.7 * moved.square().sum() / y.square().sum()).backward()
    assert w.grad.abs().max() > 1e-3
    assert torch.allclose(penalized[0] - plain[0], leaf.grad, atol=1e-5)
    assert torch.allclose(penalized[1] - plain[1], w.grad, atol=1e-5)


def test_the_penalty_of_sums_that_are_all_zero_is_none() -> None:
    module, x = emulated("conv2d", COARSE)
    line = ErrorFunction(-0.5, 0.0, -1e9, 1e9)
    choose(module, line)
    plain = gradients(module, torch.zeros_like(x))
    choose(module, PenalizedErrors(0.7, line))
    assert all(map(torch.equal, gradients(module, torch.zeros_like(x)), plain))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"error_penalty": -1.0}, "error_penalty is a weight"),
        ({"quantized_first": -1, "distillation": 0.5}, "is a number of epochs"),
        ({"quantized_first": 1}, "first stage of a distillation"),
    ],
)
def test_recipes_that_make_no_sense(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Recipe(**change)


def test_choices_that_make_no_sense() -> None:
    with pytest.raises(ValueError, match="half_window is 1 or more, not 0"):
        SmoothedDifference(0)
    with pytest.raises(ValueError, match="1 image or more, not 0"):
        FittedError(0)
