"""Float against emulated, layer by layer, against numpy by hand."""

from math import inf, log10

import pytest
import torch
from torch import Tensor, nn

from adequate.comparison import Quantization, compare
from adequate.design import Design, LayerDesign
from adequate.emulation import emulate
from adequate.formats import Fixed, Format
from adequate.network import trace


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(1, 2, 3)
        self.relu = nn.ReLU(inplace=True)
        self.b = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.b(self.relu(self.a(x)).flatten(1))


def images(n: int = 6) -> Tensor:
    return torch.randn(n, 1, 4, 4, generator=torch.Generator().manual_seed(0)) * 3


def batches(x: Tensor) -> list[tuple[Tensor, Tensor]]:
    return [(part, torch.zeros(len(part))) for part in x.split(4)]


def sqnr(x: Tensor, y: Tensor) -> float:
    noise = ((x.double() - y.double()) ** 2).sum().item()
    return 10 * log10((x.double() ** 2).sum().item() / noise) if noise else inf


def quantization(x: Tensor, format: Format) -> Quantization:
    y = format.quantize(x)
    outside = ((x > float(format.maximum)) | (x < float(format.minimum))).double().mean().item()
    zeroed = ((x != 0) & (y == 0)).double().mean().item()
    return Quantization(str(format), pytest.approx(sqnr(x, y), rel=1e-9), outside, zeroed)  # type: ignore[arg-type]


@pytest.fixture
def model() -> Small:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Small().eval()


def test_each_slot_on_its_own_and_all_before_a_layer_together(model: Small) -> None:
    formats = {"input": Fixed(4, 1), "weight": Fixed(5, 4), "output": Fixed(4, 2)}
    design = Design({"a": LayerDesign(**formats), "b": LayerDesign(input=Fixed(3, 1), weight=Fixed(4, 4))})
    network, x = trace(model, images()), images()
    found = {one.name: one for one in compare(network, design, batches(x))}
    with torch.no_grad():
        a = torch.conv2d(x, model.a.weight, model.a.bias)
        relu = torch.relu(a)
        a_emulated = emulate(network, Design({"a": design["a"]})).get_submodule("emulated.0")(
            x, model.a.weight, model.a.bias
        )
        whole = sqnr(model(x), emulate(network, design)(x))
    assert [(one.name, one.operation) for one in found.values()] == [
        ("a", "conv2d"), ("relu", "relu"), ("flatten", "flatten"), ("b", "linear"),
    ]  # fmt: skip
    assert found["a"].input == quantization(x, Fixed(4, 1))
    assert found["a"].weight == quantization(model.a.weight.detach(), Fixed(5, 4))
    assert found["a"].output == quantization(a, Fixed(4, 2))  # though the ReLU works in place
    assert found["a"].sqnr_db == pytest.approx(sqnr(a, a_emulated), rel=1e-6)
    assert found["relu"].sqnr_db == pytest.approx(sqnr(relu, torch.relu(a_emulated)), rel=1e-6)
    assert found["b"].input == quantization(relu.flatten(1), Fixed(3, 1))
    assert found["b"].sqnr_db == pytest.approx(whole, rel=1e-6)
    assert found["relu"].input is None
    assert 0 < found["a"].output.saturated < 1
    assert 0 < found["a"].input.zeroed < 1


def test_a_consumers_quantiser_is_not_its_producers_output(model: Small) -> None:
    network = trace(model, images())
    fine = LayerDesign(Fixed(20, 10), Fixed(20, 16), output=Fixed(24, 12))
    coarse = LayerDesign(input=Fixed(2, 0))
    with_consumer = compare(network, Design({"a": fine, "relu": coarse}), batches(images()))
    alone = compare(network, Design({"a": fine}), batches(images()))
    assert with_consumer[0].sqnr_db == alone[0].sqnr_db > 40
    assert with_consumer[1].sqnr_db < 20


def test_an_empty_design_loses_nothing(model: Small) -> None:
    for one in compare(trace(model, images()), Design(), batches(images())):
        assert one.sqnr_db == inf
        assert (one.input, one.weight, one.output) == (None, None, None)


def test_operands_count_once_each() -> None:
    class Sum(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.relu() + x

    x = images()
    found = {
        one.name: one for one in compare(trace(Sum(), x), Design({"add": LayerDesign(input=Fixed(3, 0))}), batches(x))
    }
    assert found["add"].input == quantization(torch.cat([x.relu(), x]), Fixed(3, 0))


def test_every_call_of_a_recurrent_layer_counts() -> None:
    model, x = nn.RNN(3, 2, batch_first=True).eval(), torch.randn(4, 5, 3, generator=torch.Generator().manual_seed(0))
    network, coarse = trace(model, x), Fixed(3, 1)
    found = {
        one.name: one
        for one in compare(network, Design({"rnn_tanh.hidden_l0": LayerDesign(output=coarse)}), batches(x))
    }
    with torch.no_grad():
        hidden = model(x)[0]
        assert found["rnn_tanh.hidden_l0"].output == quantization(hidden, coarse)
        step, state = [], torch.zeros(4, 2)
        for t in range(5):
            state = coarse.quantize(
                torch.tanh(
                    nn.functional.linear(x[:, t], model.weight_ih_l0, model.bias_ih_l0)
                    + nn.functional.linear(state, model.weight_hh_l0, model.bias_hh_l0)
                )
            )
            step.append(state)
    assert found["rnn_tanh.hidden_l0"].sqnr_db == pytest.approx(sqnr(hidden, torch.stack(step, 1)), rel=1e-4)


def test_errors(model: Small) -> None:
    network = trace(model, images())
    with pytest.raises(ValueError, match="^no images to compare on$"):
        compare(network, Design(), [])
    with pytest.raises(ValueError, match="^no such layer 'c'; the network has 'a', 'relu', 'flatten', 'b'$"):
        compare(network, Design({"c": LayerDesign(input=Fixed(3, 0))}), batches(images()))
    x = images()
    x[1, 0, 0, 0] = torch.nan
    with pytest.raises(ValueError, match="^input of layer 'a': .*nan.*[)]$"):
        compare(network, Design({"a": LayerDesign(input=Fixed(3, 0))}), batches(x))
