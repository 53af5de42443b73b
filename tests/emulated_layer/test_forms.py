"""Functions in integers against float64: within bounds that follow from the stated roundings."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from adequate import Design, LayerDesign, emulate, float_inside, trace
from adequate.emulated_layer import FormedFunction
from adequate.emulated_layer.forms.leading import LEADING, RESULT, Power
from adequate.emulation import EmulatedNetwork
from adequate.formats import E4M3, Fixed, Format, Minifloat, PowerOfTwo, Scaled
from adequate.network import Network
from tests.emulated_layer.forms_of_all_kinds import (
    NORMALIZATIONS,
    TABULATED,
    Function,
    designed,
    drawn,
    made,
    traced,
)

FLOAT = 2.0**-44
"""Far more than the rounding of the float64 reference itself."""

INPUTS = (Fixed(8, 4), Fixed(16, 11), Fixed(16, 14), E4M3, Scaled(Fixed(8, 0), 0.03125 * 1.25, zero=-3))
OUTPUT = Fixed(24, 18)
HALF_STEP = 2.0**-19
ULP = 2.0**-31
"""Relative error of the largest multiplier (31 bits)."""


def both(name: str, input: Format, seed: int = 0) -> tuple[nn.Module, Tensor, Tensor]:
    """The layer in float64, its quantised input, and what the emulation makes of it."""
    network, x = traced(name, seed=seed), drawn(seed + 1, 3)
    (y,) = emulate(network, designed(network, input, OUTPUT))(x)
    return made(name, seed).double(), input.quantize(x).double(), y.double()


@pytest.mark.parametrize("name", TABULATED)
def test_a_table_has_the_nearest_number(name: str) -> None:
    model, x, y = both(name, Fixed(8, 4))
    assert (y - model(x).clamp(float(OUTPUT.minimum), float(OUTPUT.maximum))).abs().max() <= HALF_STEP + FLOAT


@pytest.mark.parametrize("input", INPUTS, ids=str)
@pytest.mark.parametrize("name", ["batch_norm", "batch_norm_plain"])
def test_batch_norm(name: str, input: Format) -> None:
    model, x, y = both(name, input)
    factor = (1 if model.weight is None else model.weight) / (model.running_var + model.eps).sqrt()
    assert (y - model(x)).abs().max() <= HALF_STEP + FLOAT + factor.abs().max() * ULP * (x.abs().max() + 1)


@pytest.mark.parametrize("input", INPUTS, ids=str)
@pytest.mark.parametrize("name", ["softmax", "softmax_last"])
def test_softmax(name: str, input: Format) -> None:
    model, x, y = both(name, input)
    assert (y - model(x)).abs().max() <= HALF_STEP + FLOAT + x.shape[model.dim] * 2.0**-17


def relative(exponent: float) -> float:
    """Of a power by leading bits; the argument's own rounding (31 bits) is less than the 2**-20 more."""
    return (1 - 2.0**-LEADING) ** -abs(exponent) * (1 + 2.0**-RESULT) - 1 + 2.0**-20


@pytest.mark.parametrize("input", INPUTS, ids=str)
@pytest.mark.parametrize(("name", "beta"), [("across", 0.75), ("across_even", 0.5), ("within", 0.75)])
def test_local_response(name: str, beta: float, input: Format) -> None:
    model, x, y = both(name, input)
    wanted = model(x)
    assert ((y - wanted).abs() <= HALF_STEP + FLOAT + relative(beta) * wanted.abs()).all()


@pytest.mark.parametrize("input", INPUTS, ids=str)
@pytest.mark.parametrize(
    "name", [name for name in NORMALIZATIONS if "layer" in name or "group" in name or "rms" in name]
)
def test_standardized(name: str, input: Format) -> None:
    """z is off by 2**-17 and relatively by that of a power; eps moves u by at most 2**-16 of it."""
    model, x, y = both(name, input)
    if name == "rms_norm_without_eps":
        model.eps = torch.finfo(torch.float32).eps
    wanted = model(x)
    gamma = torch.ones(()).double() if model.weight is None else model.weight
    beta = getattr(model, "bias", None)
    z = (wanted - (0 if beta is None else columns(model, beta))) / columns(model, gamma)
    error = z.abs() * (relative(0.5) + 2.0**-16) + 2.0**-17
    extra = ULP * gamma.abs().max() * (z.abs().max() + 1) + FLOAT
    assert ((y - wanted).abs() <= HALF_STEP + columns(model, gamma).abs() * error + extra).all()


def columns(model: nn.Module, parameter: Tensor) -> Tensor:
    return parameter.reshape(-1, 1, 1) if isinstance(model, nn.GroupNorm) else parameter


def test_powers_are_those_of_the_leading_bits() -> None:
    power, u = Power(-0.75, 1.5, 0.1, 900.0), torch.logspace(-0.9, 2.9, 5000, dtype=torch.float64)
    wanted = 1.5 * u**-0.75
    assert ((power(u) - wanted).abs() <= relative(0.75) * wanted).all()
    mantissa, _ = torch.frexp(power(u))
    assert torch.equal(mantissa * 2.0**RESULT, torch.round(mantissa * 2.0**RESULT))
    exact = torch.tensor([power.of(float(one)) for one in (0.125, 1.0, 2.0, 896.5)], dtype=torch.float64)
    assert torch.equal(power(torch.tensor([0.125, 1.0, 2.0, 896.5], dtype=torch.float64)), exact)
    tie = torch.tensor([1 + 2.0**-LEADING, 1 + 3 * 2.0**-LEADING], dtype=torch.float64)  # between two numbers: the even
    assert power(tie).tolist() == [power.of(1.0), power.of(1 + 4 * 2.0**-LEADING)]


def formed(emulated: EmulatedNetwork) -> list[FormedFunction]:
    return [module for module in emulated.modules() if isinstance(module, FormedFunction)]


@pytest.mark.parametrize("name", NORMALIZATIONS)
def test_training_is_torchs_own_between_quantisers(name: str) -> None:
    input, output = Fixed(8, 4), Fixed(12, 8)
    network, x = traced(name), drawn(1, 3)
    module, model = emulate(network, designed(network, input, output)).train(), made(name, 0).train()
    results = []
    for one in (module, lambda x: (output.quantize(model(input.quantize(x.detach()).requires_grad_())),)):
        torch.manual_seed(0)
        (y,) = one(x)
        results.append(y.detach())
    assert torch.equal(*results)
    own = dict(model.named_buffers())
    for key, buffer in module.named_buffers():
        if "running" in key:
            assert torch.equal(buffer, own[key.split(".")[-1]])
            assert not torch.equal(buffer, network.state()[key])
    inside, upstream = x.clone().requires_grad_(), torch.randn_like(x)
    module(inside)[0].backward(upstream)
    theirs = input.quantize(x).requires_grad_()
    made(name, 0).train()(theirs).backward(upstream)
    assert torch.equal(inside.grad, theirs.grad * input.inside(x))


def design_of(network: Network, input: Format, output: Format) -> Design:
    return Design({network.layers[-1].name: LayerDesign(input, output=output)})


@pytest.mark.parametrize(
    ("function", "input"),
    [
        (torch.sigmoid, Fixed(17, 8)),
        (lambda x: x.softmax(1), Fixed(20, 16)),
        (lambda x: x.softmax(1), Scaled(Fixed(8, 0), (0.5, 0.25), axis=1)),
        (lambda x: functional.layer_norm(x, (2,)), Minifloat(6, 5)),
        (lambda x: x.pow(x), Fixed(8, 4)),
        (lambda x: x.log_softmax(1), Fixed(8, 4)),
    ],
)
def test_what_has_no_form_stays_float_between_quantisers(function: object, input: Format) -> None:
    x = drawn(1, 4)[:, :2, 0, 0].abs()
    network = trace(Function(function), x)
    design = design_of(network, input, Fixed(8, 6))
    assert not formed(emulate(network, design))
    assert network.layers[-1].name in float_inside(network, design)
    if len(network.layers) == 1:
        assert torch.equal(emulate(network, design)(x), Fixed(8, 6).quantize(function(input.quantize(x))))


def test_a_local_response_of_numbers_that_span_too_many_bits_has_no_form() -> None:
    network = trace(nn.Sequential(nn.LocalResponseNorm(3)), drawn(0, 2))
    assert float_inside(network, design_of(network, Minifloat(6, 5), Fixed(8, 4))) == ("0",)
    assert float_inside(network, design_of(network, Fixed(8, 4), Fixed(8, 4))) == ()


def test_a_batch_norm_by_the_batchs_own_statistics_has_no_form() -> None:
    network = trace(nn.BatchNorm2d(6, track_running_stats=False), drawn(0, 2))
    assert float_inside(network, design_of(network, Fixed(8, 4), Fixed(8, 4))) == ("batch_norm",)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@pytest.mark.parametrize("name", ["gelu", "softmax", "across", "layer_norm", "batch_norm"])
def test_the_dtype_of_the_network_does_not_show(name: str, dtype: torch.dtype) -> None:
    x, input, output = drawn(1, 3), Fixed(6, 3), Fixed(8, 6)
    network = trace(made(name, 0), x)
    wanted = emulate(network, design_of(network, input, output))(input.quantize(x))
    other = trace(made(name, 0).to(dtype), x.to(dtype)).with_state(network.state())
    got = emulate(other, design_of(other, input, output))(input.quantize(x).to(dtype))
    assert got.dtype == dtype
    if dtype is torch.float64 or name in ("gelu", "softmax", "across"):  # parameters are rounded to bfloat16
        assert torch.equal(got.float(), wanted)


def test_other_formats_of_numbers() -> None:
    x = drawn(1, 3)
    for input in (PowerOfTwo(4), Scaled(PowerOfTwo(4), 0.75)):
        network = traced("tanh")
        (y,) = emulate(network, designed(network, input, OUTPUT))(x)
        assert (y.double() - input.quantize(x).double().tanh()).abs().max() <= HALF_STEP + FLOAT


def test_an_empty_batch() -> None:
    for name in ("gelu", "softmax", "across", "layer_norm", "group_norm", "batch_norm"):
        network = traced(name)
        (y,) = emulate(network, designed(network, Fixed(8, 4), Fixed(8, 4)))(drawn(0, 0))
        assert y.shape == (0, 6, 4, 4)
