"""Files of PyTorch's older exporter: equal to the module, or to onnxruntime where the file differs from it."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from adequate.network.onnx import read_onnx
from tests.network.onnx.models import by_onnxruntime


class Recurrent(nn.Module):
    """Two layers, the last one's output at every step."""

    def __init__(self, kind: type[nn.RNNBase], bidirectional: bool) -> None:
        super().__init__()
        self.layers = kind(6, 5, num_layers=2, bidirectional=bidirectional, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)[0]


class Embedded(nn.Module):
    """Word numbers, a convolution in one dimension, groups of its channels normalised."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(11, 6)
        self.conv = nn.Conv1d(6, 8, 3, padding=1)
        self.norm = nn.GroupNorm(4, 8)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(self.words(x).transpose(1, 2)))


class Votes(nn.Module):
    """Matrices between capsules, by Einstein's summation."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(3, 4, 5, 6))

    def forward(self, x: Tensor) -> Tensor:
        return torch.einsum("bif,iofd->biod", x, self.weight).softmax(2)


def volume() -> nn.Module:
    return nn.Sequential(nn.Conv3d(2, 4, 3, stride=2, padding=1), nn.BatchNorm3d(4), nn.ReLU(), nn.AvgPool3d(2))


def exported(model: nn.Module, x: Tensor, opset: int, path: Path) -> None:
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # what torch says about its own exporter
        torch.onnx.export(model, (x,), path, dynamo=False, opset_version=opset, input_names=["x"])


@pytest.mark.parametrize(
    "opset", [pytest.param(9, marks=pytest.mark.slow), 11, pytest.param(17, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_recurrent_networks(kind: type[nn.RNNBase], bidirectional: bool, opset: int, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model, x = Recurrent(kind, bidirectional).eval(), torch.randn(1, 7, 6)
    exported(model, x, opset, tmp_path / "model.onnx")
    module, _ = read_onnx(tmp_path / "model.onnx")
    with torch.no_grad():
        assert torch.equal(module(x), model(x))  # the same torch call on the same weights


@pytest.mark.parametrize(
    ("model", "x", "opset"),
    [
        (Embedded, torch.randint(11, (1, 9), generator=torch.Generator().manual_seed(1)), 11),
        (Embedded, torch.randint(11, (1, 9), generator=torch.Generator().manual_seed(1)), 17),
        (Votes, torch.randn(1, 3, 5, generator=torch.Generator().manual_seed(1)), 12),
        (volume, torch.randn(1, 2, 8, 8, 8, generator=torch.Generator().manual_seed(1)), 9),
    ],
)
def test_networks(model: type[nn.Module], x: Tensor, opset: int, tmp_path: Path) -> None:
    torch.manual_seed(0)
    whole = model().eval()
    exported(whole, x, opset, tmp_path / "model.onnx")
    module, _ = read_onnx(tmp_path / "model.onnx")
    with torch.no_grad():
        torch.testing.assert_close(module(x), whole(x), rtol=1e-5, atol=1e-6)  # norms are folded or in other steps
        several = torch.cat([x, x.flip(1)])
        torch.testing.assert_close(module(several), whole(several), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("opset", [9, 10, 11])
@pytest.mark.parametrize("size", [{"scale_factor": 2.0}, {"size": (9, 11)}])
def test_bilinear_upsampling_is_what_the_file_says(size: dict, opset: int, tmp_path: Path) -> None:
    """Before opset 11 ONNX has corners at the origin and no half pixels: the exporter writes another function."""
    model = nn.Upsample(**size, mode="bilinear")
    x = torch.randn(1, 3, 7, 5, generator=torch.Generator().manual_seed(0))
    path = tmp_path / "model.onnx"
    exported(model, x, opset, path)
    y = read_onnx(path)[0](x)
    [wanted] = by_onnxruntime(path, {"x": x.numpy()})
    np.testing.assert_allclose(y.numpy(), wanted, rtol=1e-4, atol=2e-5)  # products of float32 coordinates
    assert bool((y - model(x)).abs().max() > 0.1) == (opset < 11)
