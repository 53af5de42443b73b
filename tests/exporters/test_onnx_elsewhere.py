"""Exported files run by onnxruntime: the emulation's bits where float32 is exact, else within a derived bound."""

from pathlib import Path

import onnx
import pytest
import torch
from onnx import numpy_helper
from torch import Generator, nn

import adequate as aq
from adequate.design import Design, LayerDesign
from adequate.emulation import emulate
from adequate.exporters import export_onnx
from adequate.formats import E4M3, Fixed, Scaled
from adequate.network import Network, trace
from tests.exporters.onnx_models import check_round_trip, run

UNIT = 2.0**-24
"""Half the distance of 1 to the next float32 number: the largest relative error of one operation."""


def seeded(seed: int) -> Generator:
    return Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def digits() -> Network:
    torch.manual_seed(0)
    return trace(aq.entry("digits-cnn").build().eval(), torch.zeros(1, 1, 8, 8))


@pytest.mark.parametrize("bits", [8, 5, 3])
def test_power_of_two_scales_give_the_same_bits(bits: int, digits: Network, tmp_path: Path) -> None:
    """Sums of at most 576 products of two 8-bit words and a bias stay below 2^24 steps: float32 adds exactly."""
    x = torch.rand(64, 1, 8, 8, generator=seeded(bits))
    design = aq.dynamic_fixed(aq.profile(digits, [(x, torch.zeros(64))]), bits)
    export_onnx(digits, design, tmp_path / "digits.onnx")
    check_round_trip(tmp_path / "digits.onnx", digits, design, x)
    [got] = run(tmp_path / "digits.onnx", x)
    assert torch.equal(got, emulate(digits, design)(x))


def test_minifloats_give_the_same_bits(tmp_path: Path) -> None:
    """Products of two E4M3 numbers have 8 bits, and here exponents so near that sums of 9 have less than 24."""
    torch.manual_seed(0)
    network = trace(nn.Sequential(nn.Linear(9, 4, bias=False)), torch.zeros(2, 9))
    design = Design({"0": LayerDesign(input=E4M3, weight=Scaled(E4M3, 0.5), output=E4M3)})
    x = 2 ** torch.rand(500, 9, generator=seeded(1)) * torch.randn(500, 9, generator=seeded(2)).sign()
    export_onnx(network, design, tmp_path / "linear.onnx")
    check_round_trip(tmp_path / "linear.onnx", network, design, x)
    [got] = run(tmp_path / "linear.onnx", x)
    assert torch.equal(got, emulate(network, design)(x))


def test_other_scales_differ_only_where_float32_can_tell_no_better(tmp_path: Path) -> None:
    """A sum of K products and a bias, each operand and operation off by a factor of at most 1 + 2^-24.

    Both sides are within (K + 8) * 2^-24 * (sum |x w| + |bias|) of the exact value, which they then round: other codes,
    next to one another, are possible only where the middle between the two is as near.
    """
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 6, 3))
    network = trace(model, torch.zeros(2, 3, 8, 8))
    (read, step), scales = torch.tensor([0.03, 0.041]).tolist(), torch.linspace(0.001, 0.003, 6)
    input, output = Scaled(Fixed(8, 0, signed=False), read, zero=117), Scaled(Fixed(8, 0), step, zero=-5)
    weights = Scaled(Fixed(8, 0, narrow=True), tuple(scales.tolist()), axis=0)
    design = Design({"0": LayerDesign(input=input, weight=weights, output=output)})
    export_onnx(network, design, tmp_path / "conv.onnx")
    x = 2 * torch.randn(400, 3, 8, 8, generator=seeded(1))
    check_round_trip(tmp_path / "conv.onnx", network, design, x)
    ours, theirs = (y.double() / step for y in (emulate(network, design)(x), *run(tmp_path / "conv.onnx", x)))

    products = read * scales.double()
    bias = (model[0].bias.detach() / products).round() * products
    operands = input.quantize(x).double(), weights.quantize(model[0].weight.detach()).double()
    exact = nn.functional.conv2d(*operands, bias) / step
    size = nn.functional.conv2d(*(one.abs() for one in operands), bias.abs()) / step
    near = (exact - exact.floor() - 0.5).abs() <= (27 + 8) * UNIT * size
    assert near.double().mean() < 0.02
    assert torch.equal(ours[~near].round(), theirs[~near].round())
    assert (ours - theirs).abs().max() < 1.5


def test_a_bias_between_integers_is_stored_as_integers(digits: Network, tmp_path: Path) -> None:
    """code = bias / (input's scale * weight's scale), rounded half to even."""
    images = torch.rand(64, 1, 8, 8, generator=seeded(0))
    design = aq.affine(aq.profile(digits, [(images, torch.zeros(64))]), 8)
    export_onnx(digits, design, tmp_path / "digits.onnx")
    graph = onnx.load(tmp_path / "digits.onnx").graph
    stored = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    for name in ("conv1", "conv2", "fc1", "fc2"):
        chosen, bias = design[name], digits.graph.state_dict()[f"{name}.bias"]
        step = float(chosen.input.scale) * float(chosen.weight.scale)  # type: ignore[union-attr]
        assert stored[f"{name}.bias"].dtype == "int32"
        assert stored[f"{name}.bias"].tolist() == [round(one / step) for one in bias.tolist()]
        assert stored[f"{name}.weight"].dtype == "int8"
