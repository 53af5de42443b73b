"""The multiplier slot of a layer: the exact one changes nothing, others train, and what cannot be is refused."""

from dataclasses import replace
from random import Random

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from adequate.design import Design, LayerDesign
from adequate.emulated_layer import Multiplied, straight_through
from adequate.emulation import EmulatedNetwork, emulate
from adequate.formats import Binary, Fixed, Scaled
from adequate.network import trace
from adequate.operators import Accumulator, Drum, Exact, SignMagnitude, XnorProduct, tabulate
from tests.emulated_layer import products_of_all_kinds as kinds

EXACT = Exact(8, 8, signed_a=True, signed_b=True)
EIGHT = LayerDesign(Fixed(8, 5), Fixed(8, 6), output=Fixed(8, 3))
ROUGH = tabulate("rough", lambda a, b: (a & ~3) * b + 40, width_a=8, width_b=8, signed_a=True, signed_b=True)


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", [kinds.convolution, kinds.transposed, kinds.any_contraction, kinds.parameter_first])
def test_the_exact_multiplier_is_the_plain_quantised_product(kind: kinds.Kind, seed: int) -> None:
    random = Random(seed)
    case = kind(random)
    x, w = (kinds.drawn(random, shape, torch.float32) for shape in (case.x, case.w))
    bias = None if case.bias is None else kinds.drawn(random, (case.bias,), torch.float32)
    network, layer = kinds.traced(kinds.Product(case, w, bias), x)
    scales = tuple(0.01 * (i + 1) for i in range(case.w[case.free[0]])) if case.free else ()
    weights = [EIGHT.weight, Scaled(Fixed(7, 0), 0.0234375, zero=-11)]
    if scales:
        scales = tuple(torch.tensor(scales).tolist())
        weights.append(Scaled(Fixed(8, 0, narrow=True), scales, axis=case.free[0]))
        weights.append(Scaled(Fixed(8, 0), tuple(2.0**-i for i in range(5, 5 + len(scales))), axis=case.free[0]))
    for weight in weights:
        for output in (EIGHT.output, None):
            plain = replace(EIGHT, weight=weight, output=output)
            modules = [emulate(network, Design({layer.name: one})) for one in (plain, replace(plain, multiplier=EXACT))]
            with torch.no_grad():
                assert torch.equal(modules[1](x), modules[0](x))


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 3, padding=1)
        self.fc = nn.Linear(48, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.conv(x).flatten(1))


def small(design: LayerDesign) -> EmulatedNetwork:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return emulate(trace(Small(), drawn(2, 2, 4, 4)), Design({"conv": design, "fc": design}))


def gradients(module: EmulatedNetwork, x: Tensor) -> dict[str, Tensor]:
    module.train()
    module.zero_grad()
    functional.cross_entropy(module(x), torch.arange(len(x)) % 4).backward()
    return {name: one.grad.clone() for name, one in module.named_parameters() if one.grad is not None}


def test_training_has_the_multipliers_values() -> None:
    module, x = small(replace(EIGHT, multiplier=ROUGH)), drawn(3, 2, 4, 4)
    with torch.no_grad():
        evaluated = module.eval()(x)
        trained = module.train()(x)
        exact = small(EIGHT).train()(x)
    assert (trained - evaluated).abs().max() <= 2**-3  # a bias that is not rounded moves a sum by a step at most
    assert (trained - exact).abs().max() > 0.5


def test_the_first_gradient_is_that_of_the_exact_product() -> None:
    x = drawn(5, 2, 4, 4)
    exact, same = gradients(small(EIGHT), x), gradients(small(replace(EIGHT, multiplier=EXACT)), x)
    assert exact.keys() == same.keys()
    for name, one in exact.items():
        torch.testing.assert_close(same[name], one)
        assert one.abs().max() > 0


def test_gradients_are_replaced_for_all_layers_or_by_name() -> None:
    seen: list[str] = []

    def doubled(multiplied: Multiplied, upstream: Tensor) -> tuple[Tensor, Tensor]:
        seen.append(multiplied.sums.layer.name)
        assert multiplied.y.shape == upstream.shape
        assert not multiplied.y.requires_grad
        x, w = straight_through(multiplied, upstream)
        return x, 2 * w

    x = drawn(5, 2, 4, 4)
    module = small(replace(EIGHT, multiplier=ROUGH))
    before = gradients(module, x)
    module.differentiate_by({"conv": doubled})
    after = gradients(module, x)
    assert seen == ["conv"]
    torch.testing.assert_close(after["conv.weight"], 2 * before["conv.weight"])
    assert torch.equal(after["fc.weight"], before["fc.weight"])
    module.differentiate_by(doubled)
    torch.testing.assert_close(gradients(module, x)["fc.weight"], 2 * before["fc.weight"])
    assert seen == ["conv", "fc", "conv"]


def test_a_weight_written_to_in_place_is_noticed() -> None:
    module, x = small(replace(EIGHT, multiplier=ROUGH)), drawn(3, 2, 4, 4)
    with torch.no_grad():
        before = module(x)
        module.get_parameter("fc.weight").data.neg_()
        after = module(x)
        module.get_parameter("fc.weight").data.neg_()
        assert not torch.equal(before, after)
        assert torch.equal(module(x), before)


@pytest.mark.parametrize("shape", [(0, 2, 4, 4), (1, 2, 4, 4)])
def test_an_empty_batch_gives_an_empty_output(shape: tuple[int, ...]) -> None:
    with torch.no_grad():
        assert small(replace(EIGHT, multiplier=ROUGH))(torch.zeros(shape)).shape == (shape[0], 4)


def test_a_sum_of_nothing_is_zero() -> None:
    class Nothing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(2, 0))

        def forward(self, x: Tensor) -> Tensor:
            return functional.linear(x, self.weight)

    x = torch.zeros(3, 0)
    network = trace(Nothing(), x)
    with torch.no_grad():
        got = emulate(network, Design({"linear": replace(EIGHT, multiplier=ROUGH)}))(x)
    assert torch.equal(got, torch.zeros(3, 2))


REFUSED: list[tuple[dict[str, object], str]] = [
    ({"weight": None}, r"weight of layer 'conv': exact\(.*\) needs a format here: signed or unsigned fixed point"),
    ({"input": None}, r"input of layer 'conv': exact\(.*\) needs a format here"),
    (
        {"multiplier": Drum(8, 8, 4)},
        r"input of layer 'conv': drum\(8,8,4\) takes unsigned .* sign_magnitude\(...\) makes",
    ),
    ({"multiplier": SignMagnitude(Drum(6, 8, 4))}, r"fixed point of at most 6 bits here, not fixed\(8,5\)"),
    (
        {"input": Scaled(Fixed(8, 0), 0.5, 3), "accumulator": Accumulator(Fixed(16, 8))},
        r"layer 'conv': an accumulator needs operands without zero points",
    ),
    (
        {"weight": Scaled(Fixed(8, 0), 0.375), "accumulator": Accumulator(Fixed(16, 8))},
        r"layer 'conv': an accumulator needs scales that are powers of two",
    ),
    (
        {"input": Binary(), "weight": Binary(), "multiplier": XnorProduct()},
        r"input of layer 'conv': it is padded with zero, which binary has not",
    ),
    (
        {"weight": Scaled(Fixed(8, 0), (0.5, 0.25), axis=1)},
        r"weight of layer 'conv': a scale per index of dimension 1 cannot be taken out of the sum",
    ),
    (
        {"input": Scaled(Fixed(8, 0), (0.5, 0.25), axis=1)},
        r"input of layer 'conv': a scale per index of dimension 1 cannot be taken out of the sum",
    ),
]


@pytest.mark.parametrize(("changes", "message"), REFUSED, ids=lambda one: str(one)[:40])
def test_what_does_not_fit_is_refused_when_the_network_is_emulated(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=f"^(?s:.*){message}"):
        small(replace(EIGHT, **{"multiplier": EXACT, **changes}))


def test_only_products_have_multipliers() -> None:
    network = trace(nn.Sequential(nn.Linear(2, 2), nn.ReLU()), drawn(1, 2))
    with pytest.raises(ValueError, match=r"^layer '1' \(relu\) has no multiplier; its slots are input, output$"):
        emulate(network, Design({"1": LayerDesign(Fixed(8, 4), multiplier=EXACT)}))
