"""Every operation that is exported: read back it computes the same bits, and onnxruntime the same numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import onnx
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from adequate.design import Design
from adequate.exporters import export_onnx
from adequate.exporters.onnx_operators import CALLS
from adequate.network import trace
from adequate.network.reading import read
from tests.exporters.onnx_models import run

IMAGE, LINE, VOLUME, ROWS, TOKENS = (2, 6, 9, 9), (2, 6, 11), (2, 4, 5, 6, 7), (2, 12), (2, 5, 12)


class Calls(nn.Module):
    """A function as a model."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


class Held(nn.Module):
    """A function of the input and a parameter."""

    def __init__(self, function: Callable[[Tensor, Tensor], Tensor], *shape: int) -> None:
        super().__init__()
        self.function, self.held = function, nn.Parameter(torch.randn(shape))

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x, self.held)


@dataclass(frozen=True)
class Case:
    name: str
    model: Callable[[], nn.Module]
    shape: tuple[int, ...] = IMAGE
    same: bool = True
    """Whether torch's own float kernel is the same one when read back."""


def called(name: str, function: Callable[[Tensor], Tensor], shape: tuple[int, ...] = IMAGE) -> Case:
    return Case(name, lambda: Calls(function), shape)


def _normalised() -> nn.Module:
    model = nn.BatchNorm2d(6)
    for held in (model.running_mean, model.running_var, model.weight, model.bias):
        assert held is not None
        held.data.uniform_(0.5, 2)
    return model


CASES = [
    Case("conv1d", lambda: nn.Conv1d(6, 4, 3, 2, 1, 2), LINE),
    Case("conv2d", lambda: nn.Conv2d(6, 4, (3, 2), (2, 1), (0, 1))),
    Case("conv2d grouped", lambda: nn.Conv2d(6, 9, 3, groups=3, bias=False)),
    Case("conv2d same", lambda: nn.Conv2d(6, 4, 4, padding="same", dilation=2)),
    Case("conv2d valid", lambda: nn.Conv2d(6, 4, 3, padding="valid")),
    Case("conv3d", lambda: nn.Conv3d(4, 6, (2, 3, 1), padding=1), VOLUME),
    Case("conv_transpose1d", lambda: nn.ConvTranspose1d(6, 4, 3, 2), LINE),
    Case("conv_transpose2d", lambda: nn.ConvTranspose2d(6, 4, 3, 2, 1, 1, groups=2, dilation=2)),
    Case("conv_transpose3d", lambda: nn.ConvTranspose3d(4, 2, 2), VOLUME),
    Case("linear", lambda: nn.Linear(12, 5), ROWS),
    Case("linear of tokens", lambda: nn.Linear(12, 5), TOKENS),
    Case("linear of images", lambda: nn.Linear(9, 5, bias=False)),
    Case("matmul", lambda: Held(torch.matmul, 12, 3), TOKENS, same=False),
    Case("matmul, first", lambda: Held(lambda x, w: w @ x, 3, 5), TOKENS),
    called("matmul of two", lambda x: x @ x.mT, TOKENS),
    *(called(name, getattr(F, name)) for name in ("relu", "relu6", "hardtanh")),
    *(called(name, getattr(torch, name)) for name in ("sigmoid", "tanh")),
    called("clamp", lambda x: torch.clamp(x, -0.5, 0.75)),
    called("clamp_min", lambda x: torch.clamp_min(x, 0.1)),
    called("clamp_max", lambda x: torch.clamp(x, max=0.1)),
    called("relu of rows", torch.relu, ROWS),
    called("softmax", lambda x: torch.softmax(x, 1)),
    Case("max_pool1d", lambda: nn.MaxPool1d(3, 2, 1, ceil_mode=True), LINE),
    Case("max_pool2d", lambda: nn.MaxPool2d(3, 2, 1, 2)),
    Case("max_pool2d ceil", lambda: nn.MaxPool2d(2, 2, ceil_mode=True)),
    Case("max_pool3d", lambda: nn.MaxPool3d(2), VOLUME),
    Case("avg_pool1d", lambda: nn.AvgPool1d(3, 1, 1), LINE),
    Case("avg_pool2d", lambda: nn.AvgPool2d((3, 2), (2, 1))),
    Case("avg_pool2d without pads", lambda: nn.AvgPool2d(3, 2, 1, count_include_pad=False)),
    Case("avg_pool2d ceil", lambda: nn.AvgPool2d(2, 2, ceil_mode=True, count_include_pad=False)),
    Case("avg_pool3d", lambda: nn.AvgPool3d(2), VOLUME),
    Case("adaptive_avg_pool1d", lambda: nn.AdaptiveAvgPool1d(1), LINE),
    Case("adaptive_avg_pool2d", lambda: nn.AdaptiveAvgPool2d(1)),
    Case("adaptive_avg_pool3d", lambda: nn.AdaptiveAvgPool3d(1), VOLUME),
    Case("adaptive_max_pool1d", lambda: nn.AdaptiveMaxPool1d(11), LINE),
    Case("adaptive_max_pool2d", lambda: nn.AdaptiveMaxPool2d(3)),
    Case("adaptive_max_pool3d", lambda: nn.AdaptiveMaxPool3d(1), VOLUME),
    called("mean", lambda x: x.mean((2, -1), keepdim=True)),
    called("mean of images", lambda x: x.mean((2, 3))),
    called("add", lambda x: x + x),
    Case("add, held", lambda: Held(torch.add, 6, 1, 9)),
    called("sub", lambda x: x - 0.1),
    called("mul", lambda x: x * 3),
    Case("mul, held first", lambda: Held(lambda x, w: w * x, 9)),
    Case("div", lambda: Held(lambda x, w: x / (w * 0 + 3), 9)),
    called("div by a number", lambda x: x / 3),
    called("pow", lambda x: x**2),
    Case("batch_norm", _normalised),
    Case("batch_norm without factors", lambda: nn.BatchNorm2d(6, affine=False)),
    Case("lrn", lambda: nn.LocalResponseNorm(5, alpha=0.02, beta=0.6, k=1.5), same=False),
    called("concat", lambda x: torch.cat([x, x.relu()], 1)),
    called("flatten", lambda x: torch.flatten(x, 1)),
    called("flatten within", lambda x: torch.flatten(x, 2)),
    called("view", lambda x: x.view(x.shape[0], -1, 27)),
    called("reshape", lambda x: x.reshape(-1, 54, 9)),
    called("unflatten", lambda x: x.unflatten(1, (2, 3))),
    called("permute", lambda x: x.permute(0, 2, 3, 1)),
    called("transpose", lambda x: x.transpose(1, -1)),
    called("squeeze", lambda x: x[:, :1].squeeze(1)),
    called("squeeze of nothing", lambda x: x.squeeze(2)),
    called("unsqueeze", lambda x: x.unsqueeze(-1)),
    called("slice", lambda x: x[:, 1:5:2, :, -3:]),
    called("pad", lambda x: F.pad(x, (1, 0, 2, 3), value=0.5)),
    *(called(f"pad {mode}", lambda x, mode=mode: F.pad(x, (1, 2, 0, 3), mode)) for mode in ("reflect", "replicate")),
    Case("dropout", lambda: nn.Sequential(nn.Dropout(), nn.Conv2d(6, 2, 1))),
    called("clone", lambda x: x.clone() + 1),
]


class Branches(nn.Module):
    """Many models of one input, with an output each: one network is traced faster than many."""

    def __init__(self, cases: list[Case]) -> None:
        super().__init__()
        self.branches = nn.ModuleDict({case.name: case.model() for case in cases})

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return tuple(branch(x) for branch in self.branches.values())


@pytest.mark.parametrize("shape", [IMAGE, LINE, VOLUME, ROWS, TOKENS], ids=str)
def test_operations_are_exported(shape: tuple[int, ...], tmp_path: Path) -> None:
    torch.manual_seed(0)
    cases = [case for case in CASES if case.shape == shape]
    network = trace(Branches(cases).eval(), torch.randn(shape))
    export_onnx(network, Design(), tmp_path / "model.onnx")
    onnx.checker.check_model(tmp_path / "model.onnx")
    again, design = read(tmp_path / "model.onnx")
    assert not design
    x = torch.randn(3, *shape[1:])
    expected, ours, theirs = network.graph(x), again.graph(x), run(tmp_path / "model.onnx", x)
    for case, one, our, their in zip(cases, expected, ours, theirs, strict=True):
        assert torch.equal(one, our) or not case.same, case.name
        for other in (our, their):  # float32, another order of additions
            torch.testing.assert_close(other, one, rtol=1e-5, atol=1e-5, msg=lambda m, name=case.name: f"{name}: {m}")


def test_every_operation_has_a_case() -> None:
    named = {case.name.split()[0].rstrip(",") for case in CASES}
    named |= {"t", "mT", "constant_pad_nd"}  # other names of transpose and pad
    assert set(CALLS) <= named
