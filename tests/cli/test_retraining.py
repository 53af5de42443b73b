"""Retraining for multipliers at the command line."""

from pathlib import Path

import pytest
import torch

from adequate import Design, approximate, dynamic_fixed, fold_batchnorm, profile, trace
from adequate.data import load
from adequate.operators import BrokenArray
from adequate.zoo import entry
from tests.cli.conftest import Command


@pytest.fixture
def design(weights: Path, tmp_path: Path) -> Path:
    """Eight bits and a multiplier that loses half of them."""
    network = fold_batchnorm(trace(entry("digits-cnn").build(), torch.zeros(2, 1, 8, 8)))
    ranges = profile(network, load("digits").calibration(torch.Generator().manual_seed(0)))
    approximate(dynamic_fixed(ranges, 8), BrokenArray(8, 8, 2, 8), ranges).save(tmp_path / "one.json")
    return tmp_path / "one.json"


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--gradient", "smoothed", "--half-window", 8),
        ("--gradient", "fitted", "--error-penalty", 0.01),
        ("--distillation", 0.5, "--quantized-first", 1),
    ],
    ids=["straight-through", "smoothed", "fitted, penalized", "two stages"],
)
def test_accuracy_comes_back(
    adequate: Command, digits: tuple[object, ...], design: Path, tmp_path: Path, options: tuple[object, ...]
) -> None:
    before = adequate("evaluate", *digits, "--design", design, "--json").json["accuracy"]
    asked = ("--design", design, "--epochs", 2, "--run", tmp_path / "run", *options)
    answer = adequate("finetune", *digits, *asked, "--json").json
    assert before < 0.8, before
    assert answer["accuracy"] > before + 0.1, (before, answer["accuracy"])
    assert adequate("finetune", *digits, *asked, "--json").json["accuracy"] == answer["accuracy"]


def test_two_stages_need_distillation(adequate: Command, digits: tuple[object, ...], tmp_path: Path) -> None:
    Design().save(tmp_path / "one.json")
    asked = ("--design", tmp_path / "one.json", "--epochs", 1, "--run", tmp_path / "run", "--quantized-first", 1)
    assert "give --distillation, too" in adequate("finetune", *digits, *asked).complaint
