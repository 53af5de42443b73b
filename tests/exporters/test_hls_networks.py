"""Networks lowered from random and from published weights: emulator, integer program and C++ are one."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from adequate.data.load import load
from adequate.design import Design, LayerDesign
from adequate.emulation import emulate
from adequate.exploration import dynamic_fixed
from adequate.exporters import export_hls, run_hls, verify_hls
from adequate.formats import Fixed, PowerOfTwo
from adequate.lowering import lower
from adequate.network import Network, fold_batchnorm, trace
from adequate.operators import Accumulator
from adequate.operators.multipliers import Drum, SignMagnitude
from adequate.profiling import profile
from adequate.program import Program
from adequate.program.value import bits
from adequate.zoo import entry
from tests.circuits.running import require_tool
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


class Separable(nn.Module):
    """Depthwise and pointwise convolutions in turn, as in a MobileNet."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, 2, 1)
        self.depthwise1, self.pointwise1 = nn.Conv2d(8, 8, 3, 1, 1, groups=8), nn.Conv2d(8, 16, 1)
        self.depthwise2, self.pointwise2 = nn.Conv2d(16, 16, 3, 2, 1, groups=16), nn.Conv2d(16, 24, 1)
        self.head = nn.Linear(24, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x).relu()
        x = self.pointwise1(self.depthwise1(x).relu()).relu()
        x = self.pointwise2(self.depthwise2(x).relu()).relu()
        return self.head(x.mean((2, 3)))


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
    generator = torch.Generator().manual_seed(3)
    batch = torch.randn(100, 3, 32, 32, generator=generator)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        network = trace(Separable().eval(), batch[:2])
    design = dynamic_fixed(profile(network, [(batch, torch.zeros(100))]), 8)
    drum = SignMagnitude(Drum(8, 8, 4))
    design = design.with_layers(network.select("depthwise*"), multiplier=drum)
    for name in network.select("pointwise*"):
        one: LayerDesign = design[name]
        assert isinstance(one.input, Fixed)
        powers = PowerOfTwo(5, -1)
        register = Accumulator(Fixed(18, one.input.frac + 8))
        design = design.with_layers([name], weight=powers, accumulator=register)
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
