"""Fine-tuning for multipliers: it learns by every gradient, is determined by its seed, and goes on when killed."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from adequate.bias_correction import correct_bias
from adequate.design import Design
from adequate.emulation import emulate
from adequate.evaluation import evaluate
from adequate.finetuning import FittedError, Recipe, SmoothedDifference, Step, finetune, remap_weights
from adequate.finetuning.shadow_weights import _trained
from adequate.finetuning.training import Watch
from adequate.formats import Fixed
from adequate.network import Network, trace
from adequate.operators import Mitchell, SignMagnitude, TruncatedArray
from tests.finetuning.clouds import Clouds

PLAIN = Recipe(rate=5e-3, batch_size=16, checkpoint_every=3)
SMOOTHED = replace(PLAIN, gradient=SmoothedDifference(16))
FITTED = replace(PLAIN, gradient=FittedError(100))
STAGES = replace(PLAIN, distillation=0.3, quantized_first=1)
RECIPES = {
    "straight-through": PLAIN,
    "quantized outputs": replace(PLAIN, outputs="quantized"),
    "smoothed": SMOOTHED,
    "fitted": FITTED,
    "penalized": replace(SMOOTHED, error_penalty=0.01),
    "straight-through, penalized": replace(PLAIN, error_penalty=0.01),
    "two stages": STAGES,
}


@pytest.fixture(scope="module")
def network() -> Network:
    """Trained in floating point."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 3))
    untrained = trace(model, torch.zeros(2, 8))
    return finetune(
        untrained, Design(), Clouds(320, 1), epochs=6, generator=torch.Generator().manual_seed(0), recipe=PLAIN
    )


@pytest.fixture(scope="module")
def design() -> Design:
    """The nine lowest columns of fifteen are cut off."""
    exact = Design().with_layers(["0", "3"], input=Fixed(8, 4), weight=Fixed(8, 7), output=Fixed(8, 3))
    return exact.with_layers(["0", "3"], multiplier=SignMagnitude(TruncatedArray(8, 8, 9)))


def tuned(network: Network, design: Design, recipe: Recipe, *, seed: int = 0, epochs: int = 3, **more) -> Network:
    generator = torch.Generator().manual_seed(seed)
    return finetune(network, design, Clouds(320, 1), epochs=epochs, generator=generator, recipe=recipe, **more)


@pytest.mark.parametrize("name", RECIPES)
def test_accuracy_comes_back(network: Network, design: Design, name: str) -> None:
    test = Clouds(300, 2)
    assert evaluate(network.graph, test) > 0.95
    assert evaluate(emulate(network, design), test) < 0.8
    assert evaluate(emulate(tuned(network, design, RECIPES[name]), design), test) > 0.9


@pytest.mark.parametrize("name", ["smoothed", "fitted", "two stages"])
def test_same_seed_same_bytes(network: Network, design: Design, name: str) -> None:
    first, second, other = (tuned(network, design, RECIPES[name], seed=seed, epochs=1).digest for seed in (0, 0, 1))
    assert first == second != other


def test_every_gradient_trains_to_other_weights(network: Network, design: Design) -> None:
    few = [(x, y) for x, y in Clouds(320, 1).shuffled(torch.Generator().manual_seed(0), 80)]
    generator = torch.Generator().manual_seed(0)
    seed = generator.get_state()
    digests: set[str] = set()
    for recipe in RECIPES.values():
        generator.set_state(seed)
        digests.add(finetune(network, design, few, epochs=1, generator=generator, recipe=recipe).digest)
    assert len(digests) == len(RECIPES)


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize(("name", "last"), [("smoothed", 23), ("fitted", 4), ("two stages", 4), ("two stages", 37)])
def test_a_killed_run_ends_with_the_same_weights(
    network: Network, design: Design, tmp_path: Path, name: str, last: int
) -> None:
    recipe = RECIPES[name]
    expected = tuned(network, design, recipe, epochs=2)
    file = tmp_path / "checkpoint.safetensors"

    def kill(step: Step) -> None:
        if step.step == last:
            raise Killed

    with pytest.raises(Killed):
        tuned(network, design, recipe, epochs=2, checkpoint=file, progress=kill)
    assert tuned(network, design, recipe, epochs=2, checkpoint=file).digest == expected.digest
    with pytest.raises(ValueError, match="another network, design, recipe or seed"):
        tuned(network, design, replace(recipe, rate=1e-3), epochs=2, checkpoint=file)


def test_two_stages_are_two_distillations(network: Network, design: Design, tmp_path: Path) -> None:
    """From the float network with exact multipliers, and on from there, taught in that arithmetic; told as one."""
    steps: list[Step] = []
    file = tmp_path / "checkpoint.safetensors"
    both = tuned(network, design, STAGES, epochs=2, checkpoint=file, progress=steps.append)
    each = steps[0].steps // 3
    assert [step.step for step in steps] == list(range(1, 3 * each + 1))
    assert {step.steps for step in steps} == {3 * each}
    assert (tmp_path / "checkpoint.first.safetensors").exists()
    exact = design.with_layers(["0", "3"], multiplier=None)
    generator = torch.Generator().manual_seed(0)
    one_stage = replace(STAGES, quantized_first=0)
    first = finetune(network, exact, Clouds(320, 1), epochs=1, generator=generator, recipe=one_stage)
    second = _trained(first, design, Clouds(320, 1), 2, generator, one_stage, Watch(), emulate(first, exact))
    assert both.digest == second.digest
    with pytest.raises(ValueError, match="no multiplier, so quantized_first would train twice"):
        tuned(network, exact, STAGES)


def test_training_has_the_multipliers_products(network: Network, design: Design) -> None:
    """The first loss is the cross entropy of what the design computes, up to outputs and dropout: not the exact one."""
    steady = trace(nn.Sequential(nn.Linear(8, 3)), torch.zeros(2, 8))
    chosen = Design().with_layers("0", input=Fixed(8, 4), weight=Fixed(8, 7), multiplier=SignMagnitude(Mitchell(8, 8)))
    losses: dict[str, float] = {}
    for name, one in {"mitchell": chosen, "exact": chosen.with_layers("0", multiplier=None)}.items():
        steps: list[Step] = []
        condensed = steady.with_state({key: Fixed(8, 7).quantize(value) for key, value in steady.state().items()})
        tuned(condensed, one, replace(PLAIN, outputs="quantized"), epochs=1, progress=steps.append)
        losses[name] = steps[0].loss
    assert losses["mitchell"] != losses["exact"]


@pytest.mark.parametrize("recipe", [PLAIN, SMOOTHED, FITTED], ids=["straight-through", "smoothed", "fitted"])
def test_the_penalty_keeps_errors_small(recipe: Recipe) -> None:
    torch.manual_seed(1)
    network = trace(nn.Sequential(nn.Linear(8, 3)), torch.zeros(2, 8))
    chosen = Design().with_layers("0", input=Fixed(8, 4), weight=Fixed(8, 7))
    approximate = chosen.with_layers("0", multiplier=SignMagnitude(TruncatedArray(8, 8, 8)))
    x = Clouds(300, 2).x

    def error(one: Network) -> float:
        """||y~ - y||^2 / ||y||^2."""
        bias = one.state()["0.bias"]
        exact, found = (emulate(one, design)(x).detach() - bias for design in (chosen, approximate))
        return float((found - exact).square().sum() / exact.square().sum())

    plain, penalized = (
        tuned(network, approximate, replace(recipe, error_penalty=weight), epochs=2) for weight in (0.0, 10.0)
    )
    assert error(penalized) < 0.9 * error(plain)


def test_bias_correction_takes_off_a_multipliers_mean_error(network: Network, design: Design) -> None:
    """Layer by layer against the float network: within the grid of the bias, which is that of the products."""
    x = Clouds(300, 3).x
    batches = [(part, torch.zeros(len(part))) for part in x.split(100)]
    corrected = correct_bias(network, design.with_layers(["0", "3"], output=None), batches)
    chosen = design.with_layers(["0", "3"], output=None)
    with torch.no_grad():
        wanted = network.graph(x).mean(0)
        before, after = (emulate(one, chosen)(x).mean(0) - wanted for one in (network, corrected))
        remapped = remap_weights(network, chosen)
        misled, led = (correct_bias(remapped, chosen, batches, reference=one) for one in (None, network))
        by_itself, by_original = (emulate(one, chosen)(x).mean(0) - wanted for one in (misled, led))
    assert by_original.abs().max() < 2.0**-9 < by_itself.abs().max()
    assert before.abs().max() > 0.3
    assert after.abs().max() < 2.0**-9
    test = Clouds(300, 2)
    assert evaluate(emulate(corrected, chosen), test) > evaluate(emulate(network, chosen), test) + 0.05
