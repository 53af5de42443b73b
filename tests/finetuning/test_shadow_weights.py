"""Fine-tuning: it learns, it is determined by its seed, and a killed run ends with the same weights."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from adequate.design import Design
from adequate.emulation import emulate
from adequate.evaluation import evaluate
from adequate.finetuning import Recipe, Step, condensed, finetune
from adequate.formats import Fixed, PowerOfTwo
from adequate.network import Network, trace
from tests.finetuning.clouds import Clouds

RECIPE = Recipe(rate=5e-3, batch_size=16, checkpoint_every=3)


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 3))
    return trace(model, torch.zeros(2, 8))


@pytest.fixture(scope="module")
def design() -> Design:
    return Design().with_layers(["0", "3"], input=Fixed(8, 4), weight=Fixed(3, 1), output=Fixed(8, 3))


def tuned(
    network: Network, design: Design, *, seed: int = 0, epochs: int = 3, recipe: Recipe = RECIPE, **more
) -> Network:
    generator = torch.Generator().manual_seed(seed)
    return finetune(network, design, Clouds(320, 1), epochs=epochs, generator=generator, recipe=recipe, **more)


def same(a: Network, b: Network) -> bool:
    return all(torch.equal(value, b.state()[name]) for name, value in a.state().items())


@pytest.mark.parametrize("outputs", ["float", "quantized"])
@pytest.mark.parametrize("distillation", [0.0, 0.5])
def test_accuracy_comes_back(network: Network, design: Design, outputs: str, distillation: float) -> None:
    test = Clouds(300, 2)
    before = evaluate(emulate(network, design), test)
    teacher = tuned(network, Design(), epochs=6)
    after = tuned(teacher, design, recipe=replace(RECIPE, outputs=outputs, distillation=distillation))
    assert before < 0.75
    assert evaluate(emulate(after, design), test) > (0.8 if distillation else 0.9)


def test_the_distilled_loss_is_the_stated_one() -> None:
    """(1 - d) CE + d T^2 KL(float || tuned): the first step's loss, where both networks are still the same.

    The divergence of a network from itself is 0, so only (1 - d) CE is left.
    """
    losses: dict[float, float] = {}
    steady = trace(nn.Sequential(nn.Linear(8, 3)), torch.zeros(2, 8))
    for d in (0.0, 0.25):
        steps: list[Step] = []
        recipe = replace(RECIPE, distillation=d, temperature=2.0)
        tuned(steady, Design(), epochs=1, recipe=recipe, progress=steps.append)
        losses[d] = steps[0].loss
    assert losses[0.25] == pytest.approx(0.75 * losses[0.0], rel=1e-5)


def test_same_seed_same_bytes_and_the_network_is_untouched(network: Network, design: Design) -> None:
    before = network.state()
    first, second, other = tuned(network, design), tuned(network, design), tuned(network, design, seed=1)
    assert same(first, second)
    assert not same(first, other)
    assert all(torch.equal(value, before[name]) for name, value in network.state().items())


def test_the_global_generator_is_left_alone(network: Network, design: Design) -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    tuned(network, design)
    assert torch.equal(torch.rand(3), expected)


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture(scope="module")
def whole(network: Network, design: Design) -> Network:
    """What a run that nobody killed ends with."""
    return tuned(network, design)


@pytest.mark.parametrize("last", [2, 3, 19, 56, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 7, 20, 21, 38))])
def test_a_killed_run_ends_with_the_same_weights(
    network: Network, design: Design, whole: Network, tmp_path: Path, last: int
) -> None:
    file = tmp_path / "checkpoint.safetensors"

    def kill(step: Step) -> None:
        if step.step == last:
            raise Killed

    with pytest.raises(Killed):
        tuned(network, design, checkpoint=file, progress=kill)
    steps: list[int] = []
    resumed = tuned(network, design, checkpoint=file, progress=lambda step: steps.append(step.step))
    assert same(resumed, whole)
    assert steps[0] == last // 3 * 3 + 1 or steps[0] == last // 19 * 19 + 1
    assert same(tuned(network, design, checkpoint=file, progress=kill), whole), "a finished run trains again"


def test_a_checkpoint_of_another_fine_tuning_is_refused(network: Network, design: Design, tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.safetensors"
    tuned(network, design, checkpoint=file)
    with pytest.raises(ValueError, match="another network, design, recipe or seed"):
        tuned(network, design, checkpoint=file, seed=1)
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(ValueError, match="not a whole safetensors file"):
        tuned(network, design, checkpoint=file)


def test_the_best_epoch_is_kept_and_training_stops_early(network: Network, design: Design) -> None:
    steps: list[Step] = []
    recipe = replace(RECIPE, patience=2, rate=0.02, held_out=0.1)
    result = tuned(network, design, epochs=40, recipe=recipe, progress=steps.append)
    per_epoch = steps[-1].steps // 40
    accuracies = [step.accuracy for step in steps[per_epoch - 1 :: per_epoch]]
    assert len(accuracies) < 40
    best = max(accuracies)
    assert max(accuracies[-2:]) <= best == accuracies[-3]
    held = Clouds(320, 1).split(0.1, torch.Generator().manual_seed(_seed(0)))[1]
    assert evaluate(emulate(result, design), held) == best


def _seed(seed: int) -> int:
    return int(torch.randint(2**31, (), generator=torch.Generator().manual_seed(seed)))


def test_weights_are_rounded_stochastically_only_in_the_first_two_thirds(
    network: Network, design: Design, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    plain = Fixed.quantize

    def quantize(self: Fixed, x: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
        if x.requires_grad or x.shape == (16, 8):
            seen.append(generator is not None)
        return plain(self, x, generator=generator)

    monkeypatch.setattr(Fixed, "quantize", quantize)
    steps: list[Step] = []
    tuned(network, design.with_layers("3", weight=None), epochs=1, progress=steps.append)
    training = seen[: steps[-1].steps]
    assert training == [step / len(training) < 2 / 3 for step in range(len(training))]


def test_condensed_weights_are_values_of_their_formats_and_change_nothing(network: Network, design: Design) -> None:
    design = design.with_layers("3", weight=PowerOfTwo(4))
    small = condensed(network, design)
    weight = small.state()["0.weight"]
    assert torch.equal(weight, Fixed(3, 1).quantize(weight))
    assert len(weight.unique()) <= 8
    x = Clouds(64, 3).x
    assert torch.equal(emulate(small, design)(x), emulate(network, design)(x))


@pytest.mark.parametrize(
    ("change", "message"),
    [({"outputs": "half"}, "outputs is"), ({"distillation": 2.0}, "distillation is a weight")],
)
def test_recipes_that_make_no_sense(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Recipe(**change)


def test_no_epochs_no_batches_and_a_diverging_loss(network: Network, design: Design) -> None:
    with pytest.raises(ValueError, match="at least one epoch, not 0"):
        tuned(network, design, epochs=0)
    generator = torch.Generator().manual_seed(0)
    with pytest.raises(ValueError, match="no batches"):
        finetune(network, design, iter([]), epochs=1, generator=generator)
    with pytest.raises(ValueError, match="lower the rate"):
        tuned(network, Design(), recipe=replace(RECIPE, rate=1e30), epochs=3)


def test_plain_batches_are_read_in_their_order(network: Network, design: Design) -> None:
    clouds = Clouds(320, 1)
    batches = list(clouds.shuffled(torch.Generator().manual_seed(5), 16))
    results = [
        finetune(network, design, batches, epochs=2, generator=torch.Generator().manual_seed(0), recipe=RECIPE)
        for _ in range(2)
    ]
    assert same(*results)
    assert evaluate(emulate(results[0], design), Clouds(300, 2)) > evaluate(emulate(network, design), Clouds(300, 2))
