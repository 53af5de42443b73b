"""``adequate search`` and ``adequate pick``: a front chosen on validation, told on test images, and gone on with."""

from pathlib import Path
from typing import Any

import pytest
import torch

from adequate import Design, emulate, evaluate, fold_batchnorm, load, trace
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


def test_the_report_is_there_and_is_the_searchs_own(adequate: Command, first: tuple[Path, Any]) -> None:
    page = Path(first[1]["report"]).read_text()
    for one in first[1]["front"]:
        assert f"{one['stored_bits']:.6g}" in page
    assert "is a search, which writes its report itself" in adequate("report", first[0]).complaint


def test_pick_refuses_what_is_not_there(adequate: Command, first: tuple[Path, Any], tmp_path: Path) -> None:
    assert "no folder of a finished search" in adequate("pick", tmp_path).complaint
    assert "no objective 'joy'" in adequate("pick", first[0], "--by", "joy").complaint
