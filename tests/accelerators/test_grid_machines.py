"""What all machines on a grid share: a network's cost by images, constants with sources, chunks that change nothing."""

import pytest
import torch
from torch import Tensor, nn

from adequate.accelerators import steps
from adequate.accelerators.accelerator import Accelerator
from adequate.accelerators.cnvlutin import Cnvlutin
from adequate.accelerators.costing import cost, layer_costs
from adequate.accelerators.dynamic_stripes import DynamicStripes
from adequate.accelerators.laconic import Laconic
from adequate.accelerators.loom import Loom
from adequate.accelerators.pragmatic import Pragmatic
from adequate.accelerators.stripes import Stripes
from adequate.design import Design
from adequate.formats import Binary, Fixed
from adequate.network import Network, trace
from adequate.sampled_operands import operands
from tests.accelerators.cases import layers
from tests.accelerators.grids import ENDLESS

MACHINES = (Laconic, Pragmatic, Stripes, DynamicStripes, Loom, Cnvlutin)
IMAGES = torch.randn(3, 3, 8, 8, generator=torch.Generator().manual_seed(0))


class Small(nn.Module):
    """Convolutions whole and depthwise, a product of two activations, a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, padding=1)
        self.depthwise = nn.Conv2d(6, 6, 3, stride=2, groups=6)
        self.fc = nn.Linear(54, 5)

    def forward(self, x: Tensor) -> Tensor:
        y = self.depthwise(torch.relu(self.conv(x)))
        return self.fc(torch.matmul(y, y.transpose(2, 3)).flatten(1))


@pytest.fixture(scope="module")
def network() -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return trace(Small().eval(), IMAGES)


DESIGN = (
    Design()
    .with_layers("conv", input=Fixed(8, 5), weight=Fixed(8, 8))
    .with_layers("depthwise", input=Fixed(8, 5, signed=False), weight=Binary())
    .with_layers("matmul", input=Fixed(16, 10), weight=Fixed(10, 6))
    .with_layers("fc", input=Fixed(12, 5), weight=Fixed(16, 15))
)


@pytest.mark.parametrize("machine", MACHINES)
def test_a_network_costs_the_sum_of_its_layers_and_images_the_mean_of_each(
    machine: type[Laconic], network: Network
) -> None:
    chip = machine(memory=ENDLESS)
    together = operands(network, DESIGN, IMAGES)
    found = cost(network, DESIGN, chip, together)
    assert set(layer_costs(network, DESIGN, chip, together)) == {"conv", "depthwise", "matmul", "fc"}
    single = [cost(network, DESIGN, chip, operands(network, DESIGN, image[None])) for image in IMAGES]
    assert found.cycles == pytest.approx(sum(one.cycles for one in single) / 3)
    assert found.operations == pytest.approx(sum(one.operations for one in single) / 3)
    assert 0 < found.utilisation <= 1
    assert set(found.energy_parts_pj) == {"compute", "buffer", "dram"}
    assert all(part > 0 for part in found.energy_parts_pj.values())


@pytest.mark.parametrize("machine", MACHINES)
def test_every_constant_has_a_source(machine: type[Accelerator]) -> None:
    found = machine().constants()
    assert all(constant.source for constant in found.values())
    assert not found["frequency"].verified


def test_chunks_of_runs_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    some = [work for work in layers(60, seed=7) if work.runs > 1]
    whole = [machine(memory=ENDLESS).simulate(work) for machine in MACHINES for work in some]
    monkeypatch.setattr(steps, "MOST", 1)
    assert [machine(memory=ENDLESS).simulate(work) for machine in MACHINES for work in some] == whole
