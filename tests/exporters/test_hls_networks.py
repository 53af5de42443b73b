"""Networks lowered from random and from published weights: emulator, integer program and C++ are one."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from adequate.data.load import load
from adequate.design import Design
from adequate.emulation import emulate
from adequate.exploration import dynamic_fixed
from adequate.exporters import export_hls, run_hls, verify_hls
from adequate.lowering import lower
from adequate.network import Network, fold_batchnorm, trace
from adequate.profiling import profile
from adequate.program import Program
from adequate.program.value import bits
from adequate.zoo import entry
from tests.circuits.running import require_tool
from tests.exporters.separable import separable
from tests.lowering.cases import NETWORKS, images, lowered, network

CASES = [(kind, seed) for seed in range(1000, 1006) for kind in NETWORKS]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "seed"), CASES)
def test_random_networks_and_designs(kind: type[nn.Module], seed: int, tmp_path: Path) -> None:
    require_tool("g++")
    _, program = lowered(network(kind, seed), seed)
    batch = images(kind, seed, 3)
    given = [program.encode(image) for image in batch.split(1)]
    if max(bits(*value.range)[0] for value in program.values.values()) > 127:  # floats with 8 exponent bits
        with pytest.raises(ValueError, match=r"needs integers of \d+ bits, and C\+\+ has 127"):
            export_hls(program, tmp_path / "export", images=given)
        return
    export_hls(program, tmp_path / "export", images=given)
    found = verify_hls(tmp_path / "export", flags=["-O1"])
    assert found, found


def assert_equal_to_the_emulation(
    network: Network, design: Design, program: Program, batch: Tensor, folder: Path, traced: int
) -> Tensor:
    """Every layer of the first images, and the outputs of all; returns these."""
    export_hls(program, folder, images=[program.encode(image) for image in batch[:traced].split(1)])
    found = verify_hls(folder)
    assert found, found
    integers = [program.encode(image)[0] for image in batch.split(1)]
    (outputs,) = run_hls(folder, [torch.tensor([one.tolist() for one in integers]).numpy()])
    with torch.inference_mode():
        wanted = torch.cat([emulate(network, design)(part) for part in batch.split(100)])
    decoded = torch.cat([program.decode(program.outputs[0], one) for one in outputs]).to(wanted.dtype)
    assert torch.equal(decoded.reshape(wanted.shape), wanted)
    return wanted


@pytest.mark.slow
def test_a_depthwise_network_with_drum_an_18_bit_accumulator_and_powers_of_two(tmp_path: Path) -> None:
    require_tool("g++")
    network, design, batch = separable(32, 100)
    program = lower(network, design)
    assert_equal_to_the_emulation(network, design, program, batch, tmp_path / "export", 1)
    source = (tmp_path / "export/network.cpp").read_text()
    assert "sign_magnitude(drum(8,8,4))" in source
    assert "times_power<5, false>" in source


def published(name: str, weights: Path, data: Path, width: int, count: int) -> tuple[Network, Design, Tensor, Tensor]:
    """A network of the zoo with 8-bit dynamic fixed point, and test images with their classes."""
    member = entry(name)
    model = member.build().eval()
    member.load(model, weights)
    batches = list(member.prepare(load(member.dataset, data)).test)
    x, y = (torch.cat(part)[:count] for part in zip(*batches, strict=True))
    network = fold_batchnorm(trace(model, x[:2]))
    return network, dynamic_fixed(profile(network, [(x[:200], y[:200])]), width), x, y


@pytest.mark.slow
@pytest.mark.parametrize("width", [4, 8])
def test_lenet_on_mnist(width: int, data_root: Path, tmp_path: Path) -> None:
    require_tool("g++")
    weights = data_root / "models/caffe_small/lenet_iter_10000.caffemodel"
    network, design, x, _ = published("lenet", weights, data_root, width, 100)
    assert_equal_to_the_emulation(network, design, lower(network, design), x, tmp_path / "export", 100)


@pytest.mark.slow
def test_resnet20_on_cifar10(data_root: Path, cifar10_dir: Path, tmp_path: Path) -> None:
    require_tool("g++")
    weights = data_root / "models/cifar10_resnet_pytorch/resnet20-12fca82f.th"
    network, design, x, y = published("resnet20", weights, cifar10_dir, 8, 1_000)
    outputs = assert_equal_to_the_emulation(network, design, lower(network, design), x, tmp_path / "export", 1)
    assert int((outputs.argmax(1) == y).sum()) > 900  # 915 in floating point
