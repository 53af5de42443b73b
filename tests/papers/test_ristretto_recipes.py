"""Fine-tuning recipes are chosen on validation images; what is asked of the test images comes after the choice."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from adequate.bench import Bench, Silence
from adequate.data import load
from adequate.design import Design
from adequate.exploration.rules import dynamic_fixed
from adequate.exploration.store import Store
from adequate.exploration.trial import Trial
from adequate.finetuning import Recipe
from adequate.network import trace
from adequate.profiling import profile
from adequate.studies import ristretto_recipes
from adequate.studies.ristretto_recipes import RECIPES, Tuner, best_recipe
from adequate.zoo import entry


def _trial(accuracy: float, loss: float, split: str = "validation") -> Trial:
    return Trial(Design(), {"accuracy": accuracy, "loss": loss}, 1, split)


def test_the_higher_accuracy_wins_then_the_lower_loss_then_the_first() -> None:
    a, b, c, d = RECIPES
    worse = _trial(0.7, 0.1)
    assert best_recipe({a: worse, b: worse, c: _trial(0.8, 0.9), d: worse}) == c
    assert best_recipe({a: worse, b: _trial(0.8, 0.9), c: _trial(0.8, 0.8), d: worse}) == c
    assert best_recipe({a: worse, b: _trial(0.8, 0.9), c: _trial(0.8, 0.9), d: worse}) == b


def test_a_trial_on_test_images_chooses_no_recipe() -> None:
    a, b, *_ = RECIPES
    with pytest.raises(ValueError, match="a recipe is chosen on 'validation', not on 'test'"):
        best_recipe({a: _trial(0.7, 0.1), b: _trial(0.8, 0.1, "test")})


def test_every_recipe_is_tried_once_and_the_best_one_meets_the_test_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zoo = entry("digits-cnn")
    data = zoo.prepare(load("digits"))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = trace(zoo.build().eval(), torch.zeros(zoo.example_shape))
    design = dynamic_fixed(profile(network, data.calibration(torch.Generator().manual_seed(0))), 8)
    monkeypatch.setattr(ristretto_recipes, "TRIED_ON", 1024)
    asked: list[tuple[Recipe, int, int, str]] = []
    answer = Bench.trial

    def watched(bench: Bench, design: Design, epochs: int = 0, split: str = "validation") -> dict[str, float]:
        asked.append((bench.recipe, len(bench.train), epochs, split))
        return answer(bench, design, epochs, split)

    monkeypatch.setattr(Bench, "trial", watched)
    with Store(tmp_path / "trials.db") as store:
        accuracy, recipe = Tuner(network, data, tmp_path, store, Silence()).accuracy(design, 1)
        tried = [trial for trial in store.trials() if trial.split == "validation"]
        assert data.train is not None
        assert asked == [*((one, 1024, 1, "validation") for one in RECIPES), (recipe, len(data.train), 1, "test")]
        assert recipe == best_recipe(dict(zip(RECIPES, tried, strict=True)))
        assert len({trial.accuracy for trial in tried}) > 1
        asked.clear()
        other = replace(data, test=replace(data.test, labels=data.test.labels.flip(0)))
        assert Tuner(network, data, tmp_path, store, Silence()).accuracy(design, 1) == (accuracy, recipe)
        assert asked == []
        assert Tuner(network, other, tmp_path, store, Silence()).recipe(design) == recipe
