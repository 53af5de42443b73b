"""The guaranteed width is that of the worst input, found by trying; the measured one that of the partial sums met."""

import copy
from fractions import Fraction
from itertools import product

import pytest
import torch
from torch import Tensor, nn

from adequate.design import Design, LayerDesign
from adequate.emulation import emulate
from adequate.formats import Fixed, Minifloat, Overflow, Scaled, SharedExponent
from adequate.kernels.partial_sums import signed_bits
from adequate.network import Network, trace
from adequate.operators import Accumulator, Order
from adequate.register_widths import accumulator_widths

LABELS = torch.zeros(1)


def linear(w: Tensor, bias: Tensor | None = None) -> Network:
    network = trace(nn.Linear(w.shape[1], w.shape[0], bias=bias is not None), torch.zeros(2, w.shape[1]))
    return network.with_state({"weight": w} | ({} if bias is None else {"bias": bias}))


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("seed", range(8))
def test_the_guaranteed_width_is_needed_by_some_input_and_order(signed: bool, seed: int) -> None:
    """Every input of 2 bits, every prefix of every order: subsets of the products, the bias before or after."""
    generator = torch.Generator().manual_seed(seed)
    codes = torch.randint(-8, 8, (2, 4), generator=generator)
    bias = torch.randint(-20, 21, (2,), generator=generator)
    x = Fixed(2, 0, signed=signed)
    worst = [
        sum(chosen) + added
        for row, constant in zip(codes.tolist(), bias.tolist(), strict=True)
        for values in product(x.word, repeat=4)
        for chosen in product(*((0, a * b) for a, b in zip(row, values, strict=True)))
        for added in (0, constant)
    ]
    network = linear(codes / 8, bias / 8)
    design = Design({"linear": LayerDesign(x, Fixed(4, 3))})
    found = accumulator_widths(network, design, [(torch.zeros(1, 4), LABELS)])["linear"]
    assert found.guaranteed == signed_bits(min(worst), max(worst))


@pytest.mark.parametrize("seed", range(4))
def test_no_register_of_the_guaranteed_width_overflows(seed: int) -> None:
    """A saturating one gives what an exact sum does; one bit less does not, for inputs at the worst ends."""
    generator = torch.Generator().manual_seed(seed)
    w = torch.randint(-8, 8, (3, 9), generator=generator) / 8
    network, input, weight = linear(w), Fixed(5, 2), Fixed(4, 3)
    low, high = float(input.minimum), float(input.maximum)
    x = torch.cat([torch.where(w > 0, high, low), torch.where(w > 0, low, high)])
    design = Design({"linear": LayerDesign(input, weight)})
    bits = accumulator_widths(network, design, [(x, LABELS)])["linear"].guaranteed
    exact = emulate(network, design)(x)
    for width, equal in ((bits, True), (bits - 1, False)):
        register = Accumulator(Fixed(width, 5))
        assert torch.equal(emulate(network, design.with_layers("linear", accumulator=register))(x), exact) == equal


@pytest.mark.parametrize(
    ("order", "block", "highest"),
    [
        (Order.SEQUENTIAL, None, 7 + 7 + 7),
        (Order.BLOCKED, 2, 7 + 7),  # blocks 14 and 0, which together are 14
        (Order.TREE, None, 7 + 7),
    ],
    ids=str,
)
def test_the_measured_width_is_that_of_the_order(order: Order, block: int | None, highest: int) -> None:
    """7 + 7 + 7 - 7 - 7 - 7 in units of the grid."""
    network = linear(torch.tensor([[7.0, 7.0, 7.0, -7.0, -7.0, -7.0]]) / 8)
    register = Accumulator(Fixed(24, 3, overflow=Overflow.WRAP), order, block=block)
    design = Design({"linear": LayerDesign(Fixed(4, 0), Fixed(4, 3), accumulator=register)})
    found = accumulator_widths(network, design, [(torch.ones(1, 6), LABELS)])["linear"]
    assert found.measured == signed_bits(0, highest)
    assert found.guaranteed == signed_bits(-7 * 7 * 3 - 8 * 7 * 3, 7 * 7 * 3 + 8 * 7 * 3)


CONVOLUTIONS = [
    (nn.Conv1d(3, 4, 3, padding=1), (2, 3, 8)),
    (nn.Conv2d(4, 4, 3, groups=2, stride=2, bias=False), (2, 4, 7, 7)),
    (nn.ConvTranspose2d(4, 6, 2, groups=2), (1, 4, 3, 3)),
]


@pytest.mark.parametrize(("layer", "shape"), CONVOLUTIONS, ids=str)
@pytest.mark.parametrize("scaled", [False, True])
def test_convolutions_are_measured_on_their_own_grid(layer: nn.Module, shape: tuple[int, ...], scaled: bool) -> None:
    """The final sums, from torch's float64 on the codes, are among the partial sums; scales are taken out."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(shape, generator=generator) * 3
    layer = copy.deepcopy(layer)
    for one in layer.parameters():
        nn.init.normal_(one, std=0.2, generator=generator)
    network = trace(layer, x)
    name = network.layers[-1].name
    input = Scaled(Fixed(8, 0), 0.0437469482421875) if scaled else Fixed(8, 4)
    weight = Scaled(Fixed(6, 0), 0.0123443603515625) if scaled else Fixed(6, 6)
    found = accumulator_widths(network, Design({name: LayerDesign(input, weight)}), [(x, LABELS)])[name]
    plain = copy.deepcopy(layer).double().requires_grad_(False)
    state = {"weight": weight.encode(layer.weight.detach()).double()}
    if layer.bias is not None:
        step = Fraction(input.scale) * Fraction(weight.scale) if scaled else Fraction(1, 2**10)
        state["bias"] = torch.tensor([float(round(Fraction(b) / step)) for b in layer.bias.tolist()]).double()
    plain.load_state_dict(state)
    last = plain(input.encode(x).double())
    assert signed_bits(float(last.min()), float(last.max())) <= found.measured <= found.guaranteed <= 8 + 6 + 6


def test_what_has_no_width_is_left_out_or_refused() -> None:
    network = linear(torch.ones(1, 4))
    images = [(torch.ones(1, 4), LABELS)]
    assert accumulator_widths(network, Design({"linear": LayerDesign(Fixed(8, 4))}), images) == {}
    with pytest.raises(ValueError, match="^no images to measure accumulators on$"):
        accumulator_widths(network, Design(), [])
    shared = Scaled(Minifloat(2, 1), SharedExponent(4), axis=-1)
    with pytest.raises(ValueError, match=r"^layer 'linear': formats that share exponents have no grid"):
        accumulator_widths(network, Design({"linear": LayerDesign(shared, Fixed(8, 4))}), images)
    with pytest.raises(ValueError, match=r"^layer 'linear': sums of 89 bits; accumulators are measured up to 53$"):
        accumulator_widths(network, Design({"linear": LayerDesign(Minifloat(6, 5), Minifloat(5, 4))}), images)
