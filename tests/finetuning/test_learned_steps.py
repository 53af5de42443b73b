"""Learned steps: the stated gradient, exact grids, and a loop that is determined by its seed."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from adequate.design import Design
from adequate.emulation import emulate
from adequate.evaluation import evaluate
from adequate.finetuning import Step, learn_steps
from adequate.finetuning.grid import Grid
from adequate.finetuning.learned_steps import LEARNING, _LearnedStep
from adequate.formats import Fixed, Format, Minifloat, Scaled
from adequate.network import Network, trace
from tests.finetuning.clouds import Clouds

RECIPE = replace(LEARNING, rate=0.02, batch_size=16, checkpoint_every=3)


def quantizer(format: Format, per_image: bool = True, powers_of_two: bool = False) -> _LearnedStep:
    grid = Grid.of(format)
    assert grid is not None
    return _LearnedStep(grid, per_image, powers_of_two)


@pytest.mark.parametrize(
    "format",
    [
        Fixed(4, 2),
        Fixed(3, 1, signed=False),
        Scaled(Fixed(3, 0), (0.5, 0.25, 2.0), axis=1),
        Scaled(Fixed(4, 0, signed=False), 0.375, zero=5),
    ],
    ids=str,
)
def test_it_starts_as_the_format(format: Format) -> None:
    x = torch.randn(50, 3, generator=torch.Generator().manual_seed(0)) * 2
    learned = quantizer(format)
    assert torch.equal(learned(x), format.quantize(x))
    assert learned.format() == format


def test_the_gradient_of_the_step_is_the_stated_one() -> None:
    """s = 0.5, codes -4..3: 0.6 -> 1 - 1.2, -0.3 -> -1 + 0.6, 9 -> 3, -9 -> -4; g = 1/sqrt(2 * 3) with 2 per image."""
    learned = quantizer(Fixed(3, 1))
    x = torch.tensor([[0.6, -0.3], [9.0, -9.0]], requires_grad=True)
    weights = torch.tensor([[1.0, 10.0], [100.0, 1000.0]])
    (learned(x) * weights).sum().backward()
    expected = (1 * (1 - 1.2) + 10 * (-1 + 0.6) + 100 * 3 + 1000 * -4) / 6**0.5
    assert learned.steps.grad is not None
    assert learned.steps.grad.item() == pytest.approx(expected, rel=1e-5)
    assert torch.equal(x.grad, torch.tensor([[1.0, 10.0], [0.0, 0.0]]))


def test_the_gradient_of_a_step_per_channel_counts_the_weights_of_the_channel() -> None:
    """Rows of 3: g = 1/sqrt(3 * 3). Row one, s = 1: 0.4, 0.4, 9 -> -0.4, -0.4, 3; row two, s = 2: 2.5 -> 1 - 1.25."""
    learned = quantizer(Scaled(Fixed(3, 0), (1.0, 2.0), axis=0), per_image=False)
    learned(torch.tensor([[0.4, 0.4, 9.0], [2.5, 0.0, 2.0]])).sum().backward()
    assert learned.steps.grad is not None
    assert learned.steps.grad.tolist() == pytest.approx([2.2 / 3, -0.25 / 3], rel=1e-5)


def test_steps_rounded_to_powers_of_two_pass_their_gradient_on() -> None:
    learned = quantizer(Fixed(3, 1), powers_of_two=True)
    with torch.no_grad():
        learned.steps.fill_(0.36)  # log2 = -1.47
    x = torch.tensor([[0.6, 9.0]])
    y = learned(x)
    assert torch.equal(y, Fixed(3, 1).quantize(x))
    assert learned.format() == Fixed(3, 1)
    y.sum().backward()
    assert learned.steps.grad is not None
    assert learned.steps.grad.item() == pytest.approx((1 - 1.2 + 3) / 6**0.5, rel=1e-5)


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 3))
    return trace(model, torch.zeros(2, 8))


@pytest.fixture(scope="module")
def design() -> Design:
    coarse = Design().with_layers(["0", "3"], input=Fixed(3, 0), weight=Fixed(3, 1), output=Fixed(8, 3))
    return coarse.with_layers("3", weight=Scaled(Fixed(3, 0), (0.25, 0.3125, 0.5), axis=0))


def learned(network: Network, design: Design, *, seed: int = 0, epochs: int = 2, **more) -> tuple[Network, Design]:
    generator = torch.Generator().manual_seed(seed)
    options = {"recipe": RECIPE} | more
    return learn_steps(network, design, Clouds(320, 1), epochs=epochs, generator=generator, **options)


@pytest.mark.parametrize("powers_of_two", [False, True])
def test_accuracy_comes_back(network: Network, design: Design, powers_of_two: bool) -> None:
    test = Clouds(300, 2)
    before = evaluate(emulate(network, design), test)
    tuned, found = learned(network, design, epochs=6, powers_of_two=powers_of_two)
    assert before < 0.75
    assert evaluate(emulate(tuned, found), test) > 0.9
    assert found != design
    for name, layer in found.items():
        for slot, format in layer.slots().items():
            start = getattr(design[name], slot)
            assert (format.bits, type(getattr(format, "axis", None))) == (
                start.bits,
                type(getattr(start, "axis", None)),
            )
            assert not powers_of_two or getattr(format, "dyadic", True)
            assert not powers_of_two or type(format) is type(start)


def test_the_best_epoch_on_held_out_data_is_kept(network: Network, design: Design) -> None:
    steps: list[Step] = []
    tuned, found = learned(network, design, epochs=4, progress=steps.append)
    best = max(step.accuracy for step in steps if step.accuracy is not None)
    seed = int(torch.randint(2**31, (), generator=torch.Generator().manual_seed(0)))
    held = Clouds(320, 1).split(RECIPE.held_out, torch.Generator().manual_seed(seed))[1]
    assert evaluate(emulate(tuned, found), held) == best


def test_same_seed_same_bytes_and_the_network_is_untouched(network: Network, design: Design) -> None:
    digest = type(network)(network.layers, network.graph).digest
    first, second, other = learned(network, design), learned(network, design), learned(network, design, seed=1)
    assert (first[0].digest, first[1]) == (second[0].digest, second[1])
    assert first[1] != other[1]
    assert type(network)(network.layers, network.graph).digest == digest


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture(scope="module")
def whole(network: Network, design: Design) -> tuple[Network, Design]:
    """What a run that nobody killed ends with."""
    return learned(network, design)


@pytest.mark.parametrize("last", [7, 21, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 19))])
def test_a_killed_run_ends_with_the_same_steps(
    network: Network, design: Design, whole: tuple[Network, Design], tmp_path: Path, last: int
) -> None:
    file = tmp_path / "checkpoint.safetensors"

    def kill(step: Step) -> None:
        if step.step == last:
            raise Killed

    with pytest.raises(Killed):
        learned(network, design, checkpoint=file, progress=kill)
    resumed = learned(network, design, checkpoint=file)
    assert (resumed[0].digest, resumed[1]) == (whole[0].digest, whole[1])
    with pytest.raises(ValueError, match="another network, design, recipe or seed"):
        learned(network, design, checkpoint=file, powers_of_two=True)


def test_other_formats_stay_and_a_design_without_steps_is_refused(network: Network, design: Design) -> None:
    mixed = design.with_layers("0", input=Minifloat(4, 3), output=None)
    _, found = learned(network, mixed, epochs=1)
    assert found["0"].input == Minifloat(4, 3)
    assert found["0"].output is None
    with pytest.raises(ValueError, match="no fixed or scaled"):
        learned(network, Design().with_layers("0", weight=Minifloat(4, 3)))
    with pytest.raises(ValueError, match="at least one epoch, not 0"):
        learned(network, design, epochs=0)


def test_two_products_of_activations_learn_their_steps() -> None:
    class Products(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(8, 8)
            self.out = nn.Linear(8, 3)

        def forward(self, x: Tensor) -> Tensor:
            y = self.fc(x).unflatten(1, (2, 4))
            return self.out((y @ y.transpose(1, 2) @ y.relu()).flatten(1))

    torch.manual_seed(0)
    network = trace(Products(), torch.zeros(2, 8))
    design = Design().with_layers(["matmul", "matmul#2"], input=Fixed(4, 1), weight=Fixed(4, 1))
    _, found = learned(network, design, epochs=1)
    assert all(found[name].weight != Fixed(4, 1) for name in ("matmul", "matmul#2"))
