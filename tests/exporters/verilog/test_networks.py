"""Lowered networks in simulated Verilog: random designs, and LeNet with its published weights."""

from pathlib import Path

import pytest
from torch import Generator, nn

from adequate import dynamic_fixed, profile, trace
from adequate.data import load
from adequate.exporters.folder import read_manifest
from adequate.exporters.verilog import export_verilog, simulate
from adequate.lowering import lower
from adequate.zoo import entry
from tests.circuits.running import require_tool
from tests.exporters.separable import separable
from tests.lowering.cases import NETWORKS, images, lowered, network

CASES = [(kind, seed) for seed in range(6) for kind in NETWORKS]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "seed"), CASES, ids=lambda one: one.__name__ if isinstance(one, type) else str(one))
def test_random_networks_and_designs(kind: type[nn.Module], seed: int, tmp_path: Path, builds: Path) -> None:
    """Every layer's output, and the cycles that the README states."""
    _, program = lowered(network(kind, seed), seed)
    batch = list(images(kind, seed, 2).split(1))
    export_verilog(program, tmp_path / "out", images=batch)
    found = simulate(tmp_path / "out", builds=builds)
    assert found.verification.mismatch is None, found
    stated: dict[str, int] = {}
    for layer, cycles in read_manifest(tmp_path / "out")["passes"]:
        stated[layer] = stated.get(layer, 0) + cycles
    assert found.cycles == stated


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "seed"), [(NETWORKS[0], 3), (NETWORKS[-1], 3)], ids=str)
def test_verilator_finds_the_same(kind: type[nn.Module], seed: int, tmp_path: Path, builds: Path) -> None:
    require_tool("verilator")
    _, program = lowered(network(kind, seed), seed)
    export_verilog(program, tmp_path / "out", rows=2, columns=3, images=list(images(kind, seed, 2).split(1)))
    one, two = (simulate(tmp_path / "out", simulator, builds=builds) for simulator in ("iverilog", "verilator"))
    assert one.verification.mismatch is None
    assert one == two


@pytest.mark.slow
def test_a_depthwise_network_with_drum_an_18_bit_accumulator_and_powers_of_two(tmp_path: Path, builds: Path) -> None:
    """One image by Icarus Verilog, ten by Verilator; a depthwise layer is a pass a channel, each in one column."""
    require_tool("verilator")
    network, design, batch = separable(8, 10)
    program = lower(network, design)
    for simulator, count in (("iverilog", 1), ("verilator", len(batch))):
        folder = tmp_path / simulator
        export_verilog(program, folder, rows=2, columns=2, images=list(batch[:count].split(1)))
        found = simulate(folder, simulator, builds=builds, flags=["-O1"])
        assert found.verification.mismatch is None, found
        assert found.verification.values > 0
    passes = [layer for layer, _ in read_manifest(folder)["passes"]]
    assert passes.count("depthwise1") == 8 + 1  # and the copy with its padding
    assert "sign_magnitude(drum(8,8,4))" in (folder / "README.md").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("bits", [4, 8])
def test_lenet(bits: int, data_root: Path, tmp_path: Path, builds: Path) -> None:
    """One image by Icarus Verilog, 100 by Verilator, on 4 x 4 processing elements."""
    require_tool("verilator")
    member = entry("lenet")
    model = member.build().eval()
    member.load(model, data_root / "models/caffe_small/lenet_iter_10000.caffemodel")
    data = member.prepare(load("mnist", data_root))
    train, _ = data.selection()
    traced = trace(model, next(iter(train))[0][:2])
    program = lower(traced, dynamic_fixed(profile(traced, data.calibration(Generator().manual_seed(0))), bits=bits))
    batch = list(next(iter(data.test))[0][:100].split(1))
    for simulator, count in (("iverilog", 1), ("verilator", len(batch))):
        folder = tmp_path / simulator
        export_verilog(program, folder, rows=4, columns=4, images=batch[:count])
        found = simulate(folder, simulator, builds=builds)
        assert found.verification.mismatch is None, found
        assert found.verification.values == 19_410 * count
        assert sum(found.cycles.values()) == 255_689
