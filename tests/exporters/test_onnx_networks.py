"""Trained networks, and the zoo's, through files."""

from pathlib import Path

import pytest
import torch
from torch import Generator

import adequate as aq
from adequate.data import load
from adequate.design import Design
from adequate.emulation import emulate
from adequate.exporters import export_onnx, export_qonnx
from adequate.network import fold_batchnorm, trace
from adequate.zoo import entry
from tests.exporters.onnx_models import check_round_trip, run

pytestmark = pytest.mark.slow


def test_lenet(data_root: Path, tmp_path: Path) -> None:
    """With 8 bits sums of 800 products and a bias stay below 2^24 steps: onnxruntime has the emulation's bits."""
    member = entry("lenet")
    model = member.build().eval()
    member.load(model, data_root / "models/caffe_small/lenet_iter_10000.caffemodel")
    data = member.prepare(load("mnist", data_root))
    images = next(iter(data.test.batches(1_000)))[0]
    network = trace(model, images[:2])
    design = aq.dynamic_fixed(aq.profile(network, data.calibration(Generator().manual_seed(0))), bits=8)
    for export in (export_qonnx, export_onnx):
        export(network, design, tmp_path / "lenet.onnx")
        check_round_trip(tmp_path / "lenet.onnx", network, design, images)
    [got] = run(tmp_path / "lenet.onnx", images)
    assert torch.equal(got, emulate(network, design)(images))


def test_resnet20(data_root: Path, cifar10_dir: Path, tmp_path: Path) -> None:
    """With 8 bits sums of 576 products and a bias stay below 2^24 steps: onnxruntime has the emulation's bits."""
    member = entry("resnet20")
    model = member.build().eval()
    member.load(model, data_root / "models/cifar10_resnet_pytorch/resnet20-12fca82f.th")
    data = member.prepare(load("cifar10", cifar10_dir))
    images = next(iter(data.test.batches(200)))[0]
    network = fold_batchnorm(trace(model, images[:2]))
    design = aq.dynamic_fixed(aq.profile(network, [(images, torch.zeros(200))]), bits=8)
    for export in (export_qonnx, export_onnx):
        export(network, design, tmp_path / "resnet20.onnx")
        check_round_trip(tmp_path / "resnet20.onnx", network, design, images)
    [got] = run(tmp_path / "resnet20.onnx", images)
    assert torch.equal(got, emulate(network, design)(images))


@pytest.mark.parametrize(
    "name", ["lenet-300-100", "cifar10-full", "squeezenet", "googlenet", "mobilenet-v1", "caffenet"]
)
def test_the_zoo(name: str, tmp_path: Path) -> None:
    """Untrained: as it is, and with 8 bits."""
    torch.manual_seed(0)
    member = entry(name)
    network = trace(member.build().eval(), torch.zeros(member.example_shape))
    x = torch.rand(1, *member.example_shape[1:])
    export_onnx(network, Design(), tmp_path / "model.onnx")
    check_round_trip(tmp_path / "model.onnx", network, Design(), x)
    expected = network.graph(x).detach()
    [got] = run(tmp_path / "model.onnx", x)
    torch.testing.assert_close(got, expected, rtol=1e-3, atol=1e-5 * float(expected.abs().max()))  # float32
    design = aq.dynamic_fixed(aq.profile(network, [(x, torch.zeros(1))]), bits=8)
    export_qonnx(network, design, tmp_path / "model.onnx")
    check_round_trip(tmp_path / "model.onnx", network, design, x)
