"""Runs: resumed, repeated, reloaded, and refused where they are another's."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from adequate.bench import Bench
from adequate.design import Design
from adequate.storage import load_tensors

Command = Callable[..., Any]
"""Runs a command and gives its answer."""

Options = tuple[object, ...]
"""Part of a command."""

Finished = tuple[Path, Any]
"""The folder of a run and the answer of its command."""


STATIC = ("--format", "static_fixed", "--finetune", 1)
RESULTS = ("design.json", "weights.safetensors", "run.json", "report.html", "ranges.json")

NORMED = """
import torch
from torch import nn


def made():
    torch.manual_seed(7)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(72, 10)
    )
    for _ in range(20):
        model(torch.rand(64, 1, 8, 8))
    return model
"""


def contents(folder: Path) -> dict[str, bytes]:
    """A run's files, byte by byte."""
    return {name: (folder / name).read_bytes() for name in RESULTS}


def test_a_run_leaves_its_files(condensed: Finished) -> None:
    folder, answer = condensed
    for name in (*RESULTS, "trials.db"):
        assert (folder / name).is_file()
    run = json.loads((folder / "run.json").read_text())
    assert all(answer.json[name] == value for name, value in run["results"].items())
    assert answer.json["design"] == str(folder / "design.json")
    [command] = run["commands"]
    assert command.startswith("adequate condense digits-cnn --weights ")
    assert "--json" not in command
    assert not list(folder.rglob(".*"))


def test_a_second_run_evaluates_nothing_and_changes_nothing(
    adequate: Command, condensed: Finished, digits: Options
) -> None:
    folder, first = condensed
    before = contents(folder)
    again = adequate("condense", *digits, *STATIC, "--run", folder, "--json").json
    assert again["evaluations"] == 0
    assert again["reused"] == first.json["evaluations"]
    assert {**again, "evaluations": 0, "reused": 0} == {**first.json, "evaluations": 0, "reused": 0}
    assert contents(folder) == before


@pytest.mark.slow  # a run that goes on, too, ends in the same bytes
def test_the_same_seed_gives_the_same_bytes(adequate: Command, condensed: Finished, digits: Options) -> None:
    folder, _ = condensed
    adequate("condense", *digits, *STATIC, "--run", "other", "--json")
    for name in ("design.json", "weights.safetensors"):
        assert (Path("other") / name).read_bytes() == (folder / name).read_bytes()


def test_what_a_run_left_can_be_evaluated(adequate: Command, condensed: Finished) -> None:
    folder, answer = condensed
    found = adequate(
        *("evaluate", "digits-cnn", "--data", "digits", "--json"),
        *("--weights", folder / "weights.safetensors", "--design", folder / "design.json"),
    ).json
    assert found["accuracy"] == answer.json["accuracy"]
    assert found["interval"] == answer.json["interval"]


def test_condensed_weights_are_values_of_their_formats(condensed: Finished) -> None:
    folder, _ = condensed
    design = Design.load(folder / "design.json")
    tensors, metadata = load_tensors(folder / "weights.safetensors")
    assert metadata["design"] == design.digest
    for name, layer in design.items():
        assert layer.weight is not None
        weight = tensors[f"{name}.weight"]
        assert torch.equal(layer.weight.quantize(weight), weight)


def test_folded_weights_can_be_reloaded(adequate: Command, module: Callable[[str], str]) -> None:
    model = f"{module(NORMED)}:made"
    options = (model, "--data", "digits", "--scale", 1 / 16)
    found = adequate("condense", *options, "--margin", 100, *STATIC, "--run", "run", "--json").json
    tensors, _ = load_tensors(Path("run/weights.safetensors"))
    assert set(tensors) == {"0.weight", "0.bias", "5.weight", "5.bias"}
    again = adequate(
        "evaluate", *options, "--weights", "run/weights.safetensors", "--design", "run/design.json", "--json"
    ).json
    assert again["accuracy"] == found["accuracy"]
    assert adequate("report", "run").code == 0


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (("--margin", 3), "margin"),
        (("--finetune", 2), "epochs"),
        (("--seed", 1), "seed"),
        (("--format", "minifloat"), "format"),
    ],
)
def test_another_run_is_refused(
    adequate: Command, condensed: Finished, digits: Options, changed: tuple[object, ...], named: str
) -> None:
    folder, _ = condensed
    before = contents(folder)
    answer = adequate("condense", *digits, *STATIC, *changed, "--run", folder)
    assert answer.code == 1
    assert f"holds another run: its {named} is" in answer.complaint
    assert contents(folder) == before


def test_other_weights_are_another_run(adequate: Command, condensed: Finished, run_folder: Path) -> None:
    options = ("--weights", run_folder / "weights.safetensors", "--data", "digits", *STATIC, "--run", condensed[0])
    assert "its weights is" in adequate("condense", "digits-cnn", *options).complaint


def test_an_interrupted_run_goes_on_to_the_same_bytes(
    adequate: Command, condensed: Finished, digits: Options, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answered = Bench.trial
    asked = 0

    def interrupted(bench: Bench, design: Design, epochs: int = 0, split: str = "validation") -> dict[str, float]:
        nonlocal asked
        asked += 1
        if asked > 20:
            raise KeyboardInterrupt
        return answered(bench, design, epochs, split)

    with monkeypatch.context() as patched:
        patched.setattr(Bench, "trial", interrupted)
        stopped = adequate("condense", *digits, *STATIC, "--run", "run")
    assert stopped.code == 130
    again = shlex.join(map(str, ("adequate", "condense", *digits, *STATIC, "--run", "run")))
    assert stopped.complaint == f"interrupted; go on with: {again}"
    assert "not finished; go on with: adequate condense digits-cnn" in adequate("report", "run").complaint
    resumed = adequate("condense", *digits, *STATIC, "--run", "run", "--json").json
    whole = condensed[1].json
    assert resumed["reused"] == 20
    assert resumed["evaluations"] == whole["evaluations"] - 20
    for name in ("design.json", "weights.safetensors"):
        assert (tmp_path / "run" / name).read_bytes() == (condensed[0] / name).read_bytes()


def test_the_report_leads_to_what_the_design_costs(adequate: Command, run_folder: Path) -> None:
    """The page stays linked to when the report is written again; a run without one has no link."""
    assert 'href="costs.html"' not in (run_folder / "report.html").read_text()
    asked = ("report", run_folder, "--accelerator", "laconic,eie", "--images", 2, "--json")
    answer = adequate(*asked).json
    assert answer["costs"] == str(run_folder / "costs.html")
    assert list(answer["refused"]) == ["eie"]
    page = (run_folder / "costs.html").read_text()
    assert "of 2 test images of digits" in page
    assert "Every layer under the roof" in page
    adequate("report", run_folder)
    assert 'href="costs.html"' in (run_folder / "report.html").read_text()


def test_the_report_is_rebuilt_from_the_folder(adequate: Command, run_folder: Path) -> None:
    before = (run_folder / "report.html").read_bytes()
    (run_folder / "report.html").unlink()
    answer = adequate("report", run_folder, "--json").json
    assert answer == {"report": str(run_folder / "report.html")}
    assert (run_folder / "report.html").read_bytes() == before


def test_a_run_goes_on_with_its_own_threads(
    adequate: Command, run_folder: Path, digits: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", used.append)
    facts = json.loads((run_folder / "run.json").read_text())
    adequate("condense", *digits, *STATIC, "--run", run_folder)
    assert used == [facts["identity"]["threads"]]


def test_finetune_keeps_the_design_and_is_repeatable(adequate: Command, condensed: Finished, digits: Options) -> None:
    options = ("finetune", *digits, "--design", condensed[0] / "design.json", "--epochs", 2, "--rate", 0.002)
    first = adequate(*options, "--run", "run", "--json").json
    assert Path("run/design.json").read_bytes() == (condensed[0] / "design.json").read_bytes()
    assert first["epochs"] == 2
    assert first["evaluations"] == 6
    before = contents(Path("run"))
    again = adequate(*options, "--run", "run", "--json").json
    assert again["evaluations"] == 0
    assert contents(Path("run")) == before
    adequate(*options, "--run", "other")
    assert Path("other/weights.safetensors").read_bytes() == before["weights.safetensors"]
    printed = adequate(*options, "--run", "run").out
    assert f"{100 * first['accuracy']:.2f} %" in printed
    assert f"{100 * first['before']:.2f} %" in printed


def test_one_split_can_be_halved(adequate: Command, weights: Path, module: Callable[[str], str]) -> None:
    source = "from adequate.data.digits import load_digits\n"
    source += "def made():\n    test = load_digits().test\n    return test.images, test.labels\n"
    options = ("condense", "digits-cnn", "--weights", weights, "--data", f"{module(source)}:made", "--run", "run")
    assert "one split" in adequate(*options).complaint
    halved = adequate(*options, "--format", "static_fixed", "--margin", 20, "--split-seed", 0, "--json").json
    assert halved["images"] == 180
