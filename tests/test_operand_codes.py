"""Histograms of operands, against counts of codes by hand."""

from collections import Counter

import pytest
import torch
from torch import Tensor, nn

from adequate.design import Design
from adequate.formats import Fixed, Format, Scaled
from adequate.network import trace
from adequate.operand_codes import operand_histograms
from adequate.operators import SignMagnitude, TruncatedArray, errors

BATCHES = torch.randn(6, 1, 4, 4, generator=torch.Generator().manual_seed(0))


class Small(nn.Module):
    """A convolution with padding, a product of two activations and a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3, padding=1)
        self.fc = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        return self.fc(torch.matmul(y, y.transpose(2, 3)))


@pytest.fixture
def model() -> Small:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Small().eval()


def batches() -> list[tuple[Tensor, Tensor]]:
    return [(part, torch.zeros(len(part))) for part in BATCHES.split(4)]


def counted(x: Tensor, format: Format) -> list[int]:
    """How often each bit pattern occurs, number by number."""
    found = Counter(int(format.encode(one)) % 2**format.bits for one in x.detach().flatten())
    return [found[pattern] for pattern in range(2**format.bits)]


def test_it_is_the_codes_counted_one_by_one(model: Small) -> None:
    a, w, second = Fixed(4, 1), Fixed(5, 4), Scaled(Fixed(4, 0, signed=False), 0.375, zero=7)
    design = (
        Design()
        .with_layers("conv", input=a, weight=w)
        .with_layers("matmul", input=Fixed(6, 3), weight=second)
        .with_layers("fc", input=Fixed(20, 8), weight=w)
    )
    found = operand_histograms(trace(model, BATCHES), design, batches())
    assert list(found) == ["conv", "matmul"]  # 20 bits are too many codes
    assert found["conv"][0].tolist() == counted(BATCHES, a)  # padding is not counted
    assert found["conv"][1].tolist() == counted(model.conv.weight, w)  # once, not once a batch
    with torch.no_grad():
        bias = (model.conv.bias * 2**5).round() / 2**5  # on the grid of the products
        y = torch.conv2d(a.quantize(BATCHES), w.quantize(model.conv.weight), bias, padding=1)
    assert found["matmul"][0].sum() == found["matmul"][1].sum() == y.numel()
    assert found["matmul"][1].tolist() == counted(y.transpose(2, 3), second)


def test_a_layer_called_several_times_has_the_activations_of_all_calls() -> None:
    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.RNN(4, 3, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            return self.rnn(x)[0]

    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = trace(Recurrent().eval(), BATCHES[:, 0])
    design = Design().with_layers("rnn.hh_l0", input=Fixed(8, 7), weight=Fixed(8, 7))
    activation, weight = operand_histograms(network, design, [(BATCHES[:, 0], torch.zeros(6))])["rnn.hh_l0"]
    assert activation.sum() == 6 * 3 * 4  # images, hidden units, steps
    assert weight.sum() == 9


def test_they_weight_the_errors_of_a_multiplier(model: Small) -> None:
    """The mean error over the pairs of all codes that occur, each with each."""
    design = Design().with_layers("conv", input=Fixed(8, 5), weight=Fixed(8, 7))
    weights = operand_histograms(trace(model, BATCHES), design, batches())["conv"]
    multiplier = SignMagnitude(TruncatedArray(8, 8, 6))
    table = multiplier.table()
    x, w = (f.encode(t.detach().flatten()) for f, t in ((Fixed(8, 5), BATCHES), (Fixed(8, 7), model.conv.weight)))
    wrong = table[x[:, None] % 256, w[None, :] % 256] - x[:, None] * w[None, :]
    found = errors(multiplier, weights)
    assert found.bias == pytest.approx(wrong.double().mean().item(), rel=1e-12)
    assert found.wce == wrong.abs().max()
    assert found.mae != errors(multiplier).mae


def test_without_images_there_is_nothing_to_count(model: Small) -> None:
    with pytest.raises(ValueError, match="no images to observe"):
        operand_histograms(trace(model, BATCHES), Design(), [])
