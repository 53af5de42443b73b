"""The emulation against fractions, bit for bit; and the module it makes against the user's own."""

import copy
from dataclasses import replace
from fractions import Fraction
from functools import cache
from random import Random

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.fx import Interpreter

from adequate.design import Design, LayerDesign
from adequate.emulated_layer import bias, exact_sums, geometry
from adequate.emulation import EmulatedNetwork, emulate
from adequate.formats import Binary, Codebook, Fixed, Format, Minifloat, PowerOfTwo, Scaled, round_reference
from adequate.network import Network, trace
from adequate.operators import Accumulator
from tests import fractions_of as exact
from tests import random_designs as draw
from tests.fractions_of import Array, fractions, half_even, to_odd


class Branches(nn.Module):
    """Convolutions of all kinds, a sum, a concatenation, both poolings and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(2, 4, 3, padding=1)
        self.relu = nn.ReLU()
        self.grouped = nn.Conv2d(4, 4, 3, padding=1, groups=2, bias=False)
        self.dilated = nn.Conv2d(4, 3, 3, padding=2, dilation=2)
        self.largest = nn.MaxPool2d(2)
        self.average = nn.AvgPool2d(3, stride=2, padding=1)
        self.strided = nn.Conv2d(7, 2, 2, stride=2, padding=1)
        self.head = nn.Linear(2, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.stem(x))
        x = torch.cat([self.grouped(x) + x, self.dilated(x)], 1)
        x = self.strided(self.average(self.largest(x)))
        return self.head(x.flatten(1))


CHANNELS = {"stem": 4, "grouped": 4, "dilated": 3, "strided": 2, "head": 3}
OTHERS = {"relu": 4, "add": 4, "concat": 7, "largest": 7, "average": 7}


@cache
def branches(dtype: torch.dtype) -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return trace(Branches().to(dtype), torch.zeros(2, 2, 5, 5, dtype=dtype))


def with_parameters(network: Network, random: Random) -> Network:
    """Other weights and biases of mixed magnitudes, many of them ties of some format."""
    generator = torch.Generator().manual_seed(random.getrandbits(32))

    def drawn(old: Tensor) -> Tensor:
        values = torch.randn(old.shape, generator=generator, dtype=torch.float64) * 2.0 ** random.randint(-3, 2)
        ties = (values * 2 ** random.randint(1, 9)).round() / 2 ** random.randint(1, 9)
        return torch.where(torch.rand(old.shape, generator=generator) < 0.4, ties, values).to(old.dtype)

    return network.with_state({name: drawn(old) for name, old in network.state().items()})


def reference(network: Network, design: Design, x: Tensor) -> dict[str, Array]:
    """Every layer of ``Branches``."""
    state = {name: fractions(value) for name, value in network.state().items()}
    found: dict[str, Array] = {}

    def convolution(
        name: str, x: Array, stride: int = 1, padding: int = 0, dilation: int = 1, groups: int = 1
    ) -> Array:
        shapes = x.shape, state[f"{name}.weight"].shape
        geometry = (stride,) * 2, ((padding,) * 2,) * 2, (dilation,) * 2, groups
        return layer(name, x, exact.convolution_meetings(*shapes, *geometry))

    def layer(name: str, x: Array, meetings: exact.Meetings) -> Array:
        weight, bias = state[f"{name}.weight"], state.get(f"{name}.bias")
        found[name] = exact.product_layer(design[name], x, weight, bias, meetings, dtype)
        return found[name]

    def other(name: str, operands: list[Array], function: object) -> Array:
        result = function(*(exact.quantized(design[name].input, one, dtype) for one in operands))
        result = exact.quantized(design[name].output, result, dtype)
        found[name] = exact.each(lambda v: exact.to_dtype(v, dtype), result)
        return found[name]

    dtype = x.dtype
    stem = convolution("stem", fractions(x), padding=1)
    relu = other("relu", [stem], lambda x: np.maximum(x, Fraction(0)))
    grouped = convolution("grouped", relu, padding=1, groups=2)
    add = other("add", [grouped, relu], lambda a, b: a + b)
    dilated = convolution("dilated", relu, padding=2, dilation=2)
    concat = other("concat", [add, dilated], lambda a, b: np.concatenate([a, b], 1))
    largest = other("largest", [concat], lambda x: exact.pooled(x, 2, 2, 0, max, None))
    average = other("average", [largest], lambda x: exact.pooled(x, 3, 2, 1, exact.mean, Fraction(0)))
    strided = convolution("strided", average, stride=2, padding=1)
    features = strided.reshape(len(strided), -1)
    layer("head", features, exact.contraction_meetings("nk,ok->no", features.shape, state["head.weight"].shape))
    return found


class _Recorder(Interpreter):
    def run_node(self, n: torch.fx.Node) -> object:
        result = super().run_node(n)
        if "layer" in n.meta or n.name not in self.seen:
            self.seen[n.meta.get("layer", n.name)] = result
        return result


def recorded(network: Network, module: EmulatedNetwork, x: Tensor) -> dict[str, Tensor]:
    """Every layer's output."""
    recorder = _Recorder(module)
    recorder.seen = {}
    with torch.no_grad():
        recorder.run(x)
    return {layer.name: recorder.seen.get(layer.name, recorder.seen.get(layer.nodes[-1])) for layer in network.layers}


def check(network: Network, design: Design, x: Tensor) -> None:
    expected = reference(network, design, x)
    got = recorded(network, emulate(network, design), x)
    for name, values in expected.items():
        wrong = np.argwhere(fractions(got[name]) != values)
        assert len(wrong) == 0, f"{name} {design[name].slots()}: {len(wrong)} of {values.size}, the first at {wrong[0]}"


def random_design(random: Random) -> Design:
    products = {name: draw.product(random, channels) for name, channels in CHANNELS.items()}
    others = {name: draw.other(random, channels) for name, channels in OTHERS.items()}
    if not others["average"]:  # without a design it is torch's own, inexact
        others["average"] = LayerDesign(input=Fixed(8, 4))
    return Design({**products, **others})


def random_images(random: Random, dtype: torch.dtype) -> Tensor:
    generator = torch.Generator().manual_seed(random.getrandbits(32))
    return (torch.randn(1, 2, 5, 5, generator=generator, dtype=torch.float64) * 2).to(dtype)


def check_random(seed: int, dtype: torch.dtype) -> None:
    random = Random(seed)
    network = with_parameters(branches(dtype), random)
    check(network, random_design(random), random_images(random, dtype))


@pytest.mark.parametrize("seed", [*range(8), *(pytest.param(n, marks=pytest.mark.slow) for n in range(8, 16))])
def test_every_layer_of_a_random_design_equals_the_fractions(seed: int) -> None:
    check_random(seed, torch.float64 if seed % 4 == 0 else torch.float32)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_every_layer_of_many_random_designs_equals_the_fractions(dtype: torch.dtype) -> None:
    for seed in range(100, 300):
        check_random(seed, dtype)


@pytest.mark.parametrize("name", ["on_grid", "accumulate", "exact_sum"])
def test_the_fractions_tell_a_wrong_emulation(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: each part broken a little, some layer of some design differs."""
    broken = {
        "on_grid": lambda x, grid: (
            torch.floor(x / torch.exp2(torch.as_tensor(grid))) * torch.exp2(torch.as_tensor(grid))
        ),
        "accumulate": lambda x, w, accumulator: accumulator.format.quantize(x.double() @ w.double().mT),
        "exact_sum": lambda x, w, product, *_: product(x.tensor.bfloat16(), w.tensor.bfloat16()).to(x.tensor.dtype),
    }
    place = {"on_grid": bias, "accumulate": geometry, "exact_sum": exact_sums}[name]
    monkeypatch.setattr(place, name, broken[name])
    with pytest.raises(AssertionError, match="the first at"):
        for seed in range(16):
            check_random(seed, torch.float32)


class Alone(nn.Module):
    """One layer, called on the network's input."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)


def alone(layer: nn.Module, x: Tensor, weight: Tensor | None = None, bias: Tensor | None = None) -> Network:
    network = trace(Alone(layer), x)
    given = {"layer.weight": weight, "layer.bias": bias}
    return network.with_state({**network.state(), **{name: one for name, one in given.items() if one is not None}})


def run(network: Network, x: Tensor, **design: object) -> Tensor:
    return emulate(network, Design({network.layers[-1].name: LayerDesign(**design)}))(x)


@pytest.mark.parametrize(("bias", "added"), [(0.09375, 0.125), (0.15625, 0.125), (-0.09375, -0.125), (0.03125, 0.0)])
def test_a_bias_is_rounded_half_to_even_to_the_product_grid(bias: float, added: float) -> None:
    """Products of fixed(8,2) and fixed(8,2) lie on multiples of 1/16; 0.09375 is one and a half of them."""
    x = torch.tensor([[1.0], [2.0]])
    network = alone(nn.Linear(1, 1), x, torch.tensor([[0.25]]), torch.tensor([bias]))
    assert run(network, x, input=Fixed(8, 2), weight=Fixed(8, 2)).tolist() == [[0.25 + added], [0.5 + added]]


@pytest.mark.parametrize(("frac", "result"), [(8, 2.75), (2, 2.75), (1, 2.5), (0, 2.0)])
def test_a_bias_is_rounded_to_the_accumulators_grid_if_that_is_coarser(frac: int, result: float) -> None:
    """0.25 lies on the product grid 2**-4; of halves it is 0, to even, although 2.5 + 0.25 would have become 3."""
    x = torch.tensor([[2.5]])
    network = alone(nn.Linear(1, 1), x, torch.tensor([[1.0]]), torch.tensor([0.25]))
    design = {"input": Fixed(8, 2), "weight": Fixed(8, 2), "accumulator": Accumulator(Fixed(16, frac))}
    assert run(network, x, **design).tolist() == [[result]]


def test_a_bias_under_scales_is_rounded_once() -> None:
    """bias / scale is nearer to a tie than float64 can tell; the scale is found by a rational approximation."""
    random, found = Random(0), 0
    while found < 3:
        scales = [random.randint(2**23, 2**24 - 1) for _ in range(2)]
        unit = Fraction(scales[0] * scales[1], 2**48)
        best = (unit / 64).limit_denominator(2**30)  # X / N: then X / unit = N / 64, almost
        bias, quotient = best.numerator * 32, Fraction(best.numerator * 32) / unit
        nearest = Fraction(float(bias) / float(unit))
        if best.numerator >= 2**24 or nearest.denominator != 2 or quotient.denominator == 2:
            continue  # the bias is no float32, or float64 does not call the quotient a tie
        found += half_even(nearest, Fraction(1)) != half_even(quotient, Fraction(1))
        x = torch.zeros(1, 1, dtype=torch.float64)
        network = alone(nn.Linear(1, 1).double(), x, torch.zeros(1, 1), torch.tensor([float(bias)]))
        a, b = (Scaled(Fixed(8, 0), one / 2**24) for one in scales)
        assert Fraction(run(network, x, input=a, weight=b).item()) == to_odd(half_even(quotient, Fraction(1)) * unit)


def test_sums_beyond_float32_are_exact() -> None:
    """300 products of 12 bits: each fits float32, their sums do not."""
    generator = torch.Generator().manual_seed(0)
    x, w = (torch.randint(-2047, 2048, (n, 300), generator=generator) for n in (4, 5))
    network = alone(nn.Linear(300, 5, bias=False).double(), x.double(), w)
    assert not torch.equal((x.float() @ w.float().T).double(), (x @ w.T).double())
    assert torch.equal(run(network, x.double(), input=Fixed(12, 0), weight=Fixed(12, 0)), (x @ w.T).double())


def test_sums_are_rounded_once() -> None:
    """2.5 + 2**-28 is above the tie; in float32 it would be on it, and go to 2."""
    x = torch.tensor([[2.5, 2.0**-28]])
    network = alone(nn.Linear(2, 1, bias=False), x, torch.ones(1, 2))
    assert run(network, x, input=Minifloat(6, 4), weight=Fixed(4, 0), output=Fixed(8, 0)).item() == 3.0


def test_each_channel_has_a_product_grid_of_its_own() -> None:
    """Channel 0 has steps of 1/4, channel 1 of 1/64: a bias of 1/16 + 1/64 vanishes in one and stays in the other."""
    x = torch.tensor([[1.0]])
    network = alone(nn.Linear(1, 2), x, torch.tensor([[0.0], [0.0]]), torch.tensor([0.078125, 0.078125]))
    weight = Scaled(Fixed(8, 0), (0.25, 0.015625), axis=0)
    assert run(network, x, input=Fixed(8, 0), weight=weight).tolist() == [[0.0, 0.078125]]
    register = Accumulator(Minifloat(8, 23))
    assert run(network, x, input=Fixed(8, 0), weight=weight, accumulator=register).tolist() == [[0.0, 0.078125]]
    turned = Scaled(Fixed(8, 0), (0.25,), axis=1)  # not along the outputs: one grid, the finest
    assert run(network, x, input=Fixed(8, 0), weight=turned).tolist() == [[0.0, 0.0]]


def test_scales_along_the_inputs_have_one_grid_for_every_output() -> None:
    x = torch.tensor([[1.0, 1.0]])
    network = alone(nn.Linear(2, 2), x, torch.zeros(2, 2), torch.tensor([0.078125, 0.078125]))
    weight = Scaled(Fixed(8, 0), (0.25, 0.015625), axis=1)
    assert run(network, x, input=Fixed(8, 0), weight=weight).tolist() == [[0.078125, 0.078125]]


def test_an_edge_is_quantised_twice_in_this_order() -> None:
    """0.3 is 0.25 by quarters, which is 0 by halves, a tie, to even; by halves alone 0.3 is 0.5."""
    x = torch.tensor([[0.3]])
    network = trace(nn.Sequential(nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)), x)
    network = network.with_state({"0.weight": torch.ones(1, 1), "1.weight": torch.ones(1, 1)})
    exact = {"weight": Fixed(2, 0)}
    first = LayerDesign(input=Fixed(16, 14), output=Fixed(8, 2), **exact)
    second = LayerDesign(input=Fixed(8, 1), **exact)
    assert emulate(network, Design({"0": first, "1": second}))(x).item() == 0.0
    assert emulate(network, Design({"0": replace(first, output=None), "1": second}))(x).item() == 0.5


@pytest.mark.parametrize("format", [Binary(), PowerOfTwo(4), Codebook((0.5, 2.0))])
def test_padding_is_zero_after_quantising_even_where_the_format_has_no_zero(format: Format) -> None:
    x = torch.full((1, 1, 1, 1), 0.5)
    network = alone(nn.Conv2d(1, 1, 3, padding=1, bias=False), x, torch.ones(1, 1, 3, 3))
    inside = format.quantize(x).item()
    for register in (None, Accumulator(Fixed(16, 8))):
        assert run(network, x, input=format, weight=Fixed(4, 0), accumulator=register).item() == inside


def test_a_zero_point_pads_with_the_number_zero() -> None:
    x = torch.full((1, 1, 1, 1), 0.5)
    network = alone(nn.Conv2d(1, 1, 3, padding=1, bias=False), x, torch.ones(1, 1, 3, 3))
    affine = Scaled(Fixed(8, 0, signed=False), 0.125, zero=77)
    assert run(network, x, input=affine, weight=Fixed(4, 0)).item() == 0.5


def test_add_quantises_every_operand_and_rounds_the_exact_sum_once() -> None:
    """0.3 -> 1/4; 1/4 + 1/4 = 1/2 -> 0 by ones, to even. Rounded once: 0.3 + 0.3 would have been 1."""

    class Twice(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x + x

    x = torch.tensor([[0.3]])
    network = trace(Twice(), x)
    assert run(network, x, input=Fixed(8, 2), output=Fixed(8, 0)).item() == 0.0
    assert run(network, x, output=Fixed(8, 0)).item() == 1.0


def test_a_sum_of_far_numbers_is_rounded_once() -> None:
    """2**60 + 2**36 is the tie between two float(8,23); 2**-10 more, which float64 loses, decides it."""

    class Sum(nn.Module):
        def forward(self, x: Tensor, y: Tensor) -> Tensor:
            return x + y

    x, y = torch.tensor([[2.0**60]], dtype=torch.float64), torch.tensor([[2.0**36 + 2.0**-10]], dtype=torch.float64)
    network = trace(Sum(), (x, y))
    module = emulate(network, Design({"add": LayerDesign(output=Minifloat(8, 23))}))
    assert module(x, y).item() == 2.0**60 + 2.0**37


@pytest.mark.parametrize("factor", [1, -1, 3, 0.1])
def test_subtractions_and_factors(factor: float) -> None:
    class Scaled(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.sub(x, x * 2, alpha=factor)

    x = torch.tensor([[0.3, -1.7]])
    network = trace(Scaled(), x)
    design = Design(
        {"sub": LayerDesign(input=Fixed(8, 4), output=Fixed(16, 10)), "mul": LayerDesign(input=Fixed(8, 4))}
    )
    a = [round_reference(Fixed(8, 4), Fraction(v)) for v in x.flatten().tolist()]
    b = [round_reference(Fixed(8, 4), 2 * v) for v in a]
    expected = [round_reference(Fixed(16, 10), p - Fraction(factor) * q) for p, q in zip(a, b, strict=True)]
    assert emulate(network, design)(x).flatten().tolist() == [float(v) for v in expected]


@pytest.mark.parametrize(
    ("pool", "shape"),
    [
        (nn.AvgPool1d(3), (2, 2, 9)),
        (nn.AvgPool2d(3, 2, ceil_mode=True), (2, 2, 8, 8)),
        (nn.AvgPool3d(2), (2, 2, 4, 4, 4)),
        (nn.AdaptiveAvgPool1d(3), (2, 2, 9)),
        (nn.AdaptiveAvgPool2d((1, 1)), (2, 2, 7, 7)),
        (nn.AdaptiveAvgPool2d((3, 2)), (2, 2, 7, 5)),
        (nn.AdaptiveAvgPool3d(1), (2, 2, 3, 3, 3)),
    ],
    ids=str,
)
def test_averages_are_exact_sums_divided_once(pool: nn.Module, shape: tuple[int, ...]) -> None:
    """Sums of integers in float64 are exact; a window's mask, divided by its size, finds each average's operands."""
    x = torch.randint(-300, 300, shape, generator=torch.Generator().manual_seed(0)).float()
    network = alone(pool, x)
    got = run(network, x, input=Fixed(10, 0), output=Fixed(20, 8))
    probe = torch.eye(x[0].numel(), dtype=torch.float64).reshape(-1, *shape[1:])
    met = (pool(probe).flatten(1) > 0).double()  # input element -> output elements it is averaged into
    sums, counts = x.double().flatten(1) @ met, met.sum(0)
    expected = [
        round_reference(Fixed(20, 8), Fraction(s) / int(n))
        for row in sums.tolist()
        for s, n in zip(row, counts, strict=True)
    ]
    assert got.flatten().tolist() == [float(v) for v in expected]


PRODUCTS = [
    (nn.Conv1d(4, 6, 3, stride=2, padding=1, dilation=2, groups=2), (2, 4, 9)),
    (nn.Conv2d(3, 4, (3, 2), padding="same", dilation=(1, 2)), (2, 3, 5, 6)),
    (nn.Conv3d(2, 3, 2, padding=1), (2, 2, 3, 3, 3)),
    (nn.ConvTranspose1d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2), (2, 4, 5)),
    (nn.ConvTranspose2d(4, 6, (3, 2), stride=(2, 3), dilation=(2, 1), groups=2), (2, 4, 3, 4)),
    (nn.ConvTranspose3d(2, 3, 2, stride=2), (2, 2, 2, 2, 2)),
    (nn.Linear(5, 4), (2, 3, 5)),
]


@pytest.mark.parametrize(("layer", "shape"), PRODUCTS, ids=str)
@pytest.mark.parametrize("register", [None, Accumulator(Fixed(30, 12)), Accumulator(Minifloat(8, 23))], ids=str)
def test_products_of_every_geometry_equal_torchs_in_float64(
    layer: nn.Module, shape: tuple[int, ...], register: Accumulator | None
) -> None:
    """Sums of so few bits are exact in float64 and in each of the registers: torch's own float64 is the reference."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(shape, generator=generator)
    outputs = layer.bias.numel()
    axis = 1 if isinstance(layer, nn.modules.conv._ConvTransposeNd) else 0
    scales = tuple(2.0 ** -(i % 3) for i in range(layer.weight.shape[axis]))
    network = alone(layer, x, bias=torch.randint(-8, 8, (outputs,), generator=generator) / 4)
    for weight in (Fixed(4, 4), Scaled(Fixed(4, 4), scales, axis=axis)):
        double = copy.deepcopy(layer).double()
        state = {"weight": weight.quantize(double.weight.detach()), "bias": network.state()["layer.bias"].double()}
        double.load_state_dict(state)
        with torch.no_grad():
            expected = double(Fixed(6, 4).quantize(x).double())
        got = run(network, x, input=Fixed(6, 4), weight=weight, accumulator=register)
        assert torch.equal(got.double(), expected)


@pytest.mark.parametrize(("layer", "shape"), PRODUCTS, ids=str)
def test_a_scale_per_output_channel_is_any_number(layer: nn.Module, shape: tuple[int, ...]) -> None:
    """sum x^ w^ = scale_o * sum of integers, rounded once to float32."""
    generator = torch.Generator().manual_seed(2)
    x = torch.randn(shape, generator=generator)
    axis = 1 if isinstance(layer, nn.modules.conv._ConvTransposeNd) else 0
    scales = torch.rand(layer.weight.shape[axis], generator=generator) / 8 + 0.01
    weight = Scaled(Fixed(5, 0), tuple(scales.tolist()), axis=axis)
    network = alone(layer, x, bias=torch.zeros_like(layer.bias))
    double = copy.deepcopy(layer).double()
    codes = weight.encode(layer.weight.detach()).double()
    double.load_state_dict({"weight": codes, "bias": torch.zeros(layer.bias.shape)})
    with torch.no_grad():
        integers = double(Fixed(6, 4).quantize(x).double())
    groups = getattr(layer, "groups", 1) if axis else 1
    each = scales.double().repeat(groups)
    each = each if isinstance(layer, nn.Linear) else each.reshape(-1, *[1] * (len(shape) - 2))
    got = run(network, x, input=Fixed(6, 4), weight=weight)
    assert torch.equal(
        got, (integers * each).float()
    )  # 24 bits times less than 29: exact in float64, then one rounding


class Attention(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x @ x.transpose(1, 2)


@pytest.mark.parametrize("register", [None, Accumulator(Fixed(24, 8))], ids=str)
def test_a_matrix_product_quantises_its_second_operand_as_a_weight(register: Accumulator | None) -> None:
    x = torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(0))
    network = trace(Attention(), x)
    a, b = Fixed(6, 3), Fixed(4, 2)
    expected = a.quantize(x).double() @ b.quantize(x.transpose(1, 2)).double()
    got = emulate(network, Design({"matmul": LayerDesign(a, b, accumulator=register)}))(x)
    assert torch.equal(got.double(), expected)


def test_a_scale_along_a_sum_cannot_be_taken_out_of_it() -> None:
    x = torch.randn(2, 3, 3)
    network = trace(Attention(), x)
    scales = tuple(torch.tensor([0.3, 0.7, 0.9]).tolist())
    design = Design({"matmul": LayerDesign(Fixed(4, 2), Scaled(Fixed(4, 0), scales, axis=1))})
    with pytest.raises(
        ValueError, match=r"^weight of layer 'matmul': a scale per index of dimension 1 cannot be taken"
    ):
        emulate(network, design)(x)
    along = Design({"matmul": LayerDesign(Fixed(4, 2), Scaled(Fixed(4, 0), scales, axis=2))})
    codes = Scaled(Fixed(4, 0), scales, axis=2).encode(x.transpose(1, 2)).double()
    expected = Fixed(4, 2).quantize(x).double() @ codes * torch.tensor(scales, dtype=torch.float64)
    assert torch.equal(emulate(network, along)(x), expected.float())
