"""What each command answers: the printed figures and the JSON are the same, and equal to the library's."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from adequate.data import Dataset, load
from adequate.design import Design
from adequate.emulation import emulate
from adequate.evaluation import evaluate
from adequate.exploration.rules import dynamic_fixed
from adequate.formats import BINARY32
from adequate.network import Network, trace
from adequate.profiling import Ranges, profile
from adequate.zoo import entry, load_weights

Command = Callable[..., Any]
"""Runs a command and gives its answer."""

Options = tuple[object, ...]
"""Part of a command."""

Finished = tuple[Path, Any]
"""The folder of a run and the answer of its command."""


@pytest.fixture(scope="module")
def trained(weights: Path) -> tuple[Network, Dataset]:
    """Network and data, as the library opens them."""
    zoo = entry("digits-cnn")
    model = zoo.build()
    load_weights(model, weights)
    return trace(model, torch.zeros(zoo.example_shape)), zoo.prepare(load("digits"))


def test_trace_sums_up_its_layers(adequate: Command) -> None:
    answer = adequate("trace", "lenet", "--json").json
    assert (answer["macs"], answer["parameters"]) == (2_293_000, 431_080)
    assert answer["macs"] == sum(layer["macs"] for layer in answer["layers"])
    first = answer["layers"][0]
    assert (first["name"], first["operation"], first["output_shape"]) == ("conv1", "conv2d", [20, 24, 24])
    printed = adequate("trace", "lenet").out
    for layer in answer["layers"]:
        row = next(line for line in printed.splitlines() if line.split()[:1] == [layer["name"]])
        assert layer["operation"] in row
        assert not layer["macs"] or f"{layer['macs']:,}" in row
        assert not layer["weights"] or f"{layer['weights']:,}" in row
    assert "2,293,000" in printed
    assert "431,080" in printed


def test_trace_of_a_users_model_takes_its_shape(adequate: Command, module: Callable[[str], str]) -> None:
    name = module("from torch import nn\ndef made():\n    return nn.Sequential(nn.Conv2d(3, 5, 3), nn.ReLU())\n")
    layers = adequate("trace", f"{name}:made", "--shape", "3,8,8", "--json").json["layers"]
    assert [layer["operation"] for layer in layers] == ["conv2d", "relu"]
    assert layers[0]["macs"] == 3 * 9 * 5 * 36
    assert "--shape" in adequate("trace", f"{name}:made").complaint


def test_evaluate_is_the_librarys(adequate: Command, digits: Options, trained: tuple[Network, Dataset]) -> None:
    network, data = trained
    answer = adequate("evaluate", *digits, "--json").json
    score = evaluate(emulate(network, Design()), data.test)
    assert answer["accuracy"] == score
    assert answer["interval"] == list(score.interval)
    assert (answer["images"], answer["split"]) == (359, "test")
    printed = adequate("evaluate", *digits).out
    assert f"{100 * answer['accuracy']:.2f} %" in printed
    assert f"{answer['loss']:.4f}" in printed
    assert f"{100 * answer['top5']:.2f} %" in printed


def test_bits_is_dynamic_fixed_on_the_calibration_images(
    adequate: Command, digits: Options, trained: tuple[Network, Dataset], tmp_path: Path
) -> None:
    network, data = trained
    ranges = profile(network, data.calibration(torch.Generator().manual_seed(3)))
    design = dynamic_fixed(ranges, 4)
    by_bits = adequate("evaluate", *digits, "--bits", 4, "--seed", 3, "--json").json
    assert by_bits["accuracy"] == evaluate(emulate(network, design), data.test)
    assert by_bits["bits"] == 4
    design.save(tmp_path / "design.json")
    by_file = adequate("evaluate", *digits, "--design", tmp_path / "design.json", "--json").json
    assert by_file["accuracy"] == by_bits["accuracy"]
    assert by_file["design"] == str(tmp_path / "design.json")


def test_profile_is_the_librarys(
    adequate: Command, digits: Options, trained: tuple[Network, Dataset], tmp_path: Path
) -> None:
    network, data = trained
    ranges = profile(network, data.calibration(torch.Generator().manual_seed(0)))
    answer = adequate("profile", *digits, "--out", tmp_path / "ranges.json", "--json").json
    assert answer["images"] == ranges.images == 1000
    assert list(answer["ranges"]) == list(ranges)
    weight, seen = answer["ranges"]["conv1"]["weight"], ranges["conv1"].weight
    assert seen is not None
    assert (weight["low"], weight["high"], weight["zeros"]) == (seen.low, seen.high, seen.zeros)
    assert sum(weight["octaves"].values()) + weight["zeros"] == weight["count"] == 144
    assert Ranges.from_json(json.loads((tmp_path / "ranges.json").read_text())) == ranges
    printed = adequate("profile", *digits).out
    assert f"{weight['low']:.4g}" in printed
    assert f"{weight['high']:.4g}" in printed


def test_compare_says_what_was_lost_where(adequate: Command, digits: Options) -> None:
    answer = adequate("compare", *digits, "--bits", 5, "--json").json
    assert (answer["split"], answer["images"]) == ("validation", 144)
    layers = {layer["name"]: layer for layer in answer["layers"]}
    assert layers["relu1"]["input"] is None
    assert layers["conv1"]["weight"]["format"].startswith("fixed(5,")
    for layer in layers.values():
        for slot in ("input", "weight", "output"):
            if layer[slot] is not None:
                assert 0 <= layer[slot]["saturated"] <= 1
                assert 0 <= layer[slot]["zeroed"] <= 1
    printed = adequate("compare", *digits, "--bits", 5).out
    assert f"{layers['fc2']['sqnr_db']:.1f} dB" in printed
    assert "144 of digits (validation)" in printed
    fewer = adequate("compare", *digits, "--bits", 5, "--images", 10, "--json").json
    assert fewer["images"] == 10


def test_an_exact_format_is_null_in_json_and_said_in_print(adequate: Command, digits: Options, tmp_path: Path) -> None:
    Design().with_layers("relu1", output=BINARY32).save(tmp_path / "design.json")
    relu = adequate("compare", *digits, "--design", "design.json", "--json").json["layers"][1]
    assert relu["output"] == {"format": str(BINARY32), "sqnr_db": None, "saturated": 0.0, "zeroed": 0.0}
    assert "exact" in adequate("compare", *digits, "--design", "design.json").out


def test_diff(adequate: Command, run_folder: Path, tmp_path: Path) -> None:
    design = Design.load(run_folder / "design.json")
    assert adequate("diff", run_folder, run_folder, "--json").json == {"differences": {}}
    assert "equal" in adequate("diff", run_folder, run_folder / "design.json").out
    design.with_layers("conv1", output=None).save(tmp_path / "other.json")
    found = adequate("diff", run_folder, "other.json", "--json").json["differences"]
    assert found == {"conv1": {"output": [str(design["conv1"].output), None]}}
    printed = adequate("diff", run_folder, "other.json").out
    assert str(design["conv1"].output) in printed
    assert "float" in printed


def test_condense_prints_what_it_answers(
    adequate: Command, condensed: Finished, digits: Options, run_folder: Path
) -> None:
    answer = condensed[1].json
    again = adequate("condense", *digits, "--format", "static_fixed", "--finetune", 1, "--run", run_folder)
    assert again.code == 0
    for name in ("accuracy", "baseline", "validation_accuracy", "validation_baseline"):
        assert f"{100 * answer[name]:.2f} %" in again.out
    assert f"{answer['stored_bits']:,} bits" in again.out
    assert f"{answer['bits_per_weight']:.2f} per weight" in again.out
    assert "/".join(str(answer["widths"][part]) for part in ("outputs", "conv", "fc")) in again.out
    assert str(run_folder / "report.html") in again.out
    for layer, slots in json.loads((run_folder / "design.json").read_text())["layers"].items():
        row = next(line for line in again.out.splitlines() if line.split()[:1] == [layer])
        assert all(text in row for text in slots.values())


def test_condense_figures_agree_with_one_another(condensed: Finished) -> None:
    answer = condensed[1].json
    assert answer["bits_per_weight"] == answer["stored_bits"] / answer["weights"]
    low, high = answer["interval"]
    assert low <= answer["accuracy"] <= high
    assert answer["validation_accuracy"] >= answer["validation_baseline"] - answer["margin"] / 100
    assert all(math.isfinite(answer[name]) for name in ("accuracy", "before", "baseline"))
    assert answer["evaluations"] > 0


def test_the_study_that_the_readme_names(adequate: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it computes is in tests/papers/test_proxsim.py."""
    from adequate.studies import proxsim

    asked: dict[str, Any] = {}

    def measured(folder: Path, **options: Any) -> tuple[list[proxsim.Row], list[Any]]:
        asked.update(options)
        return [proxsim.Row("lenet", "mul8u_2AC", 0.038, 0.311, 0.99, 0.989, 0.9, 0.95, 0.985)], []

    monkeypatch.setattr(proxsim, "run", measured)
    out = adequate("study", "proxsim", "--quick").out
    assert asked["quick"] is True
    assert all(text in out for text in ("mul8u_2AC", "90.0", "98.5"))


def test_a_study_answers_with_rows(adequate: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from adequate.studies import ristretto
    from adequate.studies.study import Row

    asked: dict[str, Any] = {}

    def measured(folder: Path, **options: Any) -> tuple[list[Row], list[Any]]:
        asked.update(folder=folder, **options)
        return [Row("5.2", "LeNet", "dynamic 4/4/4", 0.9915, 0.9872, 0.9895, 0.99, 0.98, None)], []

    monkeypatch.setattr(ristretto, "run", measured)
    [row] = adequate("study", "ristretto", "--table", "5.2", "--quick", "--json").json["rows"]
    del asked["watcher"]
    assert asked == {"folder": Path("runs/ristretto"), "tables": ("5.2",), "quick": True, "data_dir": None}
    assert row["published"] == 0.9872
    assert row["ours"] == 0.98
    assert row["difference"] == pytest.approx(0.43 - 1.0)
    assert "dynamic 4/4/4" in adequate("study", "ristretto", "--table", "5.2").out
    (tmp_path / "page.md").write_text("<!-- ristretto:begin -->\nold\n<!-- ristretto:end -->\n")
    assert adequate("study", "ristretto", "--into", "page.md").code == 0
    page = (tmp_path / "page.md").read_text()
    assert "dynamic 4/4/4" in page
    assert "old" not in page
