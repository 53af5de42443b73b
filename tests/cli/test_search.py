"""``adequate search`` and ``adequate pick``: a front chosen on validation, told on test images, and gone on with."""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from adequate import Design, emulate, evaluate, fold_batchnorm, load, trace
from adequate.bench import Bench
from adequate.exploring.judge import Judge
from adequate.run import Run
from adequate.zoo import entry
from tests.cli.conftest import Command

ASKED = ("--strategy", "random_points", "--trials", 10, "--objective", "stored_bits,cycles@stripes")


@pytest.fixture(scope="module")
def first(adequate: Command, digits: tuple[object, ...], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    run = tmp_path_factory.mktemp("search") / "run"
    return run, adequate("search", *digits, *ASKED, "--margin", 2, "--run", run, "--json").json


def test_no_design_of_the_front_beats_another(first: tuple[Path, Any]) -> None:
    front = first[1]["front"]
    assert front
    losses = [(-one["validation_accuracy"], one["stored_bits"], one["cycles@stripes"]) for one in front]
    for a in losses:
        for b in losses:
            assert a == b or not all(x <= y for x, y in zip(a, b, strict=True))
    assert 0 < first[1]["hypervolume"] < 1
    assert first[1]["evaluations"] == 10 + 1 + len(front) or first[1]["evaluations"] == 10


def test_accuracies_are_those_of_all_images(first: tuple[Path, Any], weights: Path) -> None:
    known = entry("digits-cnn")
    model = known.build()
    known.load(model, weights)
    network, data = fold_batchnorm(trace(model, torch.zeros(known.example_shape))), known.prepare(load("digits"))
    assert data.validation is not None
    for one in first[1]["front"][:2]:
        module = emulate(network, Design.load(one["design"]))
        assert evaluate(module, data.test) == one["accuracy"]
        assert evaluate(module, data.validation) == one["validation_accuracy"]


def test_the_same_command_evaluates_nothing_again(
    adequate: Command, digits: tuple[object, ...], first: tuple[Path, Any]
) -> None:
    run, before = first
    again = adequate("search", *digits, *ASKED, "--margin", 2, "--run", run, "--json").json
    assert again["evaluations"] == 0
    assert again["reused"] == before["evaluations"]
    assert again["front"] == before["front"]
    other = adequate("search", *digits, *ASKED, "--margin", 3, "--run", run)
    assert other.code != 0
    assert "holds another run: its margin is 2.0" in other.complaint


def test_racing_and_sharing_change_nothing_of_the_front(
    adequate: Command, digits: tuple[object, ...], first: tuple[Path, Any], tmp_path: Path
) -> None:
    """Of what is within the margin; what loses more is known by an estimate where it was given up on."""
    plain = adequate(
        "search", *digits, *ASKED, "--margin", 2, "--no-race", "--no-reuse", "--run", tmp_path, "--json"
    ).json
    assert plain["images_saved"] == 0
    within = [one for one in plain["front"] if one["validation_accuracy"] >= plain["validation_baseline"] - 0.02]
    shown = [{**one, "design": Path(one["design"]).name[3:]} for one in first[1]["front"]]
    for one in within:
        assert {**one, "design": Path(one["design"]).name[3:]} in shown


def test_pick_takes_the_cheapest_within_the_drop(adequate: Command, first: tuple[Path, Any]) -> None:
    run, found = first
    least = min(found["validation_baseline"] - one["validation_accuracy"] for one in found["front"])
    drop = max(100 * least, 0.0) + 0.5
    for by in ("stored_bits", "cycles@stripes"):
        answer = adequate("pick", run, "--max-drop", drop, "--by", by, "--json").json
        able = [
            one for one in found["front"] if found["validation_baseline"] - one["validation_accuracy"] <= drop / 100
        ]
        assert answer[by] == min(one[by] for one in able)
        assert Design.load(answer["design"]) == Design.load(run / "front" / answer["file"])
    assert Run(run).design_file.is_file()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--objective", "joy"), "no such objective 'joy'; there are stored_bits and FIELD@MACHINE"),
        (("--objective", "energy_pj@abacus"), "no such objective 'energy_pj@abacus'"),
    ],
)
def test_bad_objectives_are_refused(
    adequate: Command, digits: tuple[object, ...], tmp_path: Path, arguments: tuple[object, ...], complaint: str
) -> None:
    answer = adequate("search", *digits, *arguments, "--run", tmp_path / "run")
    assert answer.code != 0
    assert complaint in answer.complaint


def said(page: Path) -> dict[str, Any]:
    """The numbers in a report."""
    found = re.search(r'<script type="application/json" id="adequate-data">(.*?)</script>', page.read_text(), re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_the_report_is_about_the_search(adequate: Command, first: tuple[Path, Any], tmp_path: Path) -> None:
    run, found = first
    data = said(Path(found["report"]))
    front = [data["trials"][n - 1]["figures"] for n in data["front"]["trials"]]
    names = ("stored_bits", "cycles@stripes")
    assert [[one[name] for name in names] for one in front] == [[one[name] for name in names] for one in found["front"]]
    assert data["search"]["growth"][-1][1] == pytest.approx(found["hypervolume"])
    assert data["wanted_validation_accuracy"] == pytest.approx(found["validation_baseline"] - 0.02)
    assert data["memory"]["weights"] == 13584
    copy = Path(shutil.copytree(run, tmp_path / "copy"))
    (copy / "design.json").unlink(missing_ok=True)
    before = (copy / "report.html").read_bytes()
    assert adequate("report", copy, "--json").json == {"report": str(copy / "report.html")}
    assert (copy / "report.html").read_bytes() == before
    picked = adequate("pick", copy, "--max-drop", 100, "--json").json
    adequate("report", copy, "--json")
    again = said(copy / "report.html")
    assert again["digest"] == Design.load(picked["design"]).digest
    assert again["accuracy"]["measured"][-1]["label"] == "picked"
    assert again["accuracy"]["final"] == picked["accuracy"]


@dataclass
class Stops:
    """A trial function that is interrupted after so many trials."""

    left: int

    def patch(self, patched: pytest.MonkeyPatch) -> None:
        answered = Judge.trial

        def trial(judge: Judge, *asked: Any, **settings: Any) -> Any:
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt
            return answered(judge, *asked, **settings)

        patched.setattr(Judge, "trial", trial)


def test_an_interrupted_search_can_be_used(
    adequate: Command,
    digits: tuple[object, ...],
    first: tuple[Path, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = tmp_path / "run"
    with monkeypatch.context() as patched:
        Stops(6).patch(patched)
        stopped = adequate("search", *digits, *ASKED, "--margin", 2, "--run", run)
    assert stopped.code == 130
    assert stopped.complaint.startswith("interrupted; go on with: adequate search digits-cnn")
    assert stopped.complaint.endswith(f"--run {run}")
    assert "search; 6 tried of 10" in stopped.err
    adequate("report", run, "--json")
    data = said(run / "report.html")
    assert len(data["trials"]) == 6
    assert data["accuracy"]["split"] == "validation"
    assert data["accuracy"]["baseline"] == first[1]["validation_baseline"]
    picked = adequate("pick", run, "--max-drop", 100, "--json").json
    front = [data["trials"][n - 1]["figures"] for n in data["front"]["trials"]]
    assert picked["stored_bits"] == min(one["stored_bits"] for one in front)
    assert "accuracy" not in picked
    (run / "design.json").unlink()
    whole = adequate("search", *digits, *ASKED, "--margin", 2, "--run", run, "--json").json
    assert whole["reused"] == 6
    shown, expected = (
        [{**one, "design": Path(one["design"]).name} for one in each["front"]] for each in (whole, first[1])
    )
    assert shown == expected
    ours, theirs = said(run / "report.html"), said(first[0] / "report.html")
    assert {**ours, "commands": 0} == {**theirs, "commands": 0}


def test_what_no_design_was_tried_of_says_how_to_begin(
    adequate: Command, digits: tuple[object, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Bench, "ranges", interrupted)
    assert adequate("search", *digits, *ASKED, "--run", tmp_path / "run").code == 130
    for command in ("pick", "report"):
        assert "has tried no design yet; go on with: adequate search" in adequate(command, tmp_path / "run").complaint


def test_what_was_picked_can_be_exported(adequate: Command, first: tuple[Path, Any], tmp_path: Path) -> None:
    run = Path(shutil.copytree(first[0], tmp_path / "run"))
    adequate("pick", run, "--max-drop", 100)
    answer = adequate("export", run, "--to", "npz", "--out", tmp_path / "out", "--images", 2)
    assert answer.code == 0, answer.err
    assert "0 mismatches" in adequate("verify", tmp_path / "out").out


def test_pick_refuses_what_is_not_there(adequate: Command, first: tuple[Path, Any], tmp_path: Path) -> None:
    assert "is no folder of a search" in adequate("pick", tmp_path).complaint
    assert "no objective 'joy'" in adequate("pick", first[0], "--by", "joy").complaint
