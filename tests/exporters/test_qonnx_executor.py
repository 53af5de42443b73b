"""Exported QONNX run by QONNX's own executor."""

import warnings
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import adequate as aq
from adequate.design import Design, LayerDesign
from adequate.emulation import emulate
from adequate.exporters import export_qonnx
from adequate.exporters.onnx_file import IR_VERSION
from adequate.formats import Binary, Fixed, Minifloat, Rounding, Scaled, Specials
from adequate.network import Network, trace
from tests.needed import needed_module

pytestmark = pytest.mark.slow


def executed(path: Path, x: Tensor) -> Tensor:
    """What QONNX's executor computes, node by node."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        needed_module("qonnx")
        from qonnx.core import onnx_exec
        from qonnx.core.modelwrapper import ModelWrapper
        from qonnx.transformation.infer_shapes import InferShapes
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = ModelWrapper(str(path))
        source = model.graph.input[0].name
        model.set_tensor_shape(source, list(x.shape))
        for output in model.graph.output:
            output.type.tensor_type.shape.dim[0].dim_value = len(x)
        model = model.transform(InferShapes())
        with pytest.MonkeyPatch.context() as patch:  # onnx writes a version that onnxruntime does not read yet
            patch.setattr(onnx_exec, "qonnx_make_model", partial(onnx_exec.qonnx_make_model, ir_version=IR_VERSION))
            results = onnx_exec.execute_onnx(model, {source: x.numpy()})
    return torch.from_numpy(results[model.graph.output[0].name])


def check(network: Network, design: Design, x: Tensor, folder: Path) -> None:
    export_qonnx(network, design, folder / "model.onnx")
    assert torch.equal(executed(folder / "model.onnx", x), emulate(network, design)(x))


@pytest.mark.parametrize("bits", [8, 4])
def test_digits_cnn(bits: int, tmp_path: Path) -> None:
    """Sums of at most 576 products of two 8-bit words stay below 2^24 steps: float32 adds exactly."""
    torch.manual_seed(0)
    network = trace(aq.entry("digits-cnn").build().eval(), torch.zeros(1, 1, 8, 8))
    x = torch.rand(32, 1, 8, 8)
    check(network, aq.dynamic_fixed(aq.profile(network, [(x, torch.zeros(32))]), bits), x, tmp_path)


FORMATS = [
    *(Fixed(6, 3, rounding=rounding) for rounding in Rounding if rounding is not Rounding.STOCHASTIC),
    Fixed(5, 2, narrow=True),
    Fixed(5, 3, signed=False),
    Fixed(1, 0, signed=False),
    Scaled(Fixed(8, 0, signed=False), 0.0625, zero=100),
    Scaled(Fixed(8, 0, rounding=Rounding.DOWN), 0.0625, zero=-3),
    Binary(),
    Scaled(Binary(), 0.75),
    Minifloat(4, 3),
    Minifloat(3, 2, bias=5),
    Minifloat(4, 3, specials=Specials.NAN),
    Minifloat(5, 2, specials=Specials.IEEE),
    Scaled(Minifloat(2, 1), 0.5),
    Scaled(Fixed(6, 0), (0.5, 0.25, 0.125), axis=1),
]


@pytest.mark.parametrize("format", FORMATS, ids=str)
def test_every_kind_of_quantiser(format: aq.Format, tmp_path: Path) -> None:
    """On numbers that include the middles between two values, and those beyond the range."""
    network = trace(nn.Sequential(nn.ReLU6(), nn.Hardtanh(-9, 9)), torch.zeros(2, 3, 4))
    design = Design({"1": LayerDesign(output=format)})
    wide = Design({"0": LayerDesign(output=format), "1": LayerDesign(output=format)})
    x = torch.cat([torch.arange(-160, 176) / 32, torch.randn(240)]).reshape(-1, 3, 4)
    for chosen in (design, wide):
        check(network, chosen, x, tmp_path)
