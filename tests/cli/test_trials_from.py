"""``adequate search --trials-from``: what another run knows is not run again, and nothing else changes."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from adequate.design import Design
from adequate.exploration import Store
from adequate.exploring.judge import Judge
from adequate.run import Run
from tests.cli.conftest import Command

TWO = ("--objective", "stored_bits,cycles@stripes")
RANDOM = ("--strategy", "random_points", "--trials", 8, *TWO, "--margin", 2)
EVOLUTIONARY = ("--strategy", "evolutionary", "--trials", 12, *TWO, "--margin", 2)


@pytest.fixture(scope="module")
def known(adequate: Command, digits: tuple[object, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("known") / "run"
    assert adequate("search", *digits, *RANDOM, "--run", run).code == 0
    return run


def questions(run: Path) -> set[tuple[str, int, str]]:
    with Store(Run(run).trials_file) as store:
        return {(one.digest, one.epochs, one.split) for one in store.records()}


def found(answer: dict[str, Any]) -> dict[str, Any]:
    """What a search found, wherever its files lie and whatever it took."""
    front = [{**one, "design": Path(one["design"]).name} for one in answer["front"]]
    return {**answer, "front": front, "report": "", "evaluations": 0, "reused": 0}


@pytest.fixture
def races(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """The designs that images are run through."""
    counted: Counter[str] = Counter()
    raced = Judge._raced

    def counting(judge: Judge, design: Design) -> dict[str, float]:
        counted[design.digest] += 1
        return raced(judge, design)

    monkeypatch.setattr(Judge, "_raced", counting)
    return counted


def test_another_strategy_and_number_of_trials(
    adequate: Command, digits: tuple[object, ...], known: Path, races: Counter[str]
) -> None:
    alone = adequate("search", *digits, *EVOLUTIONARY, "--run", "alone", "--json").json
    assert sum(races.values()) == 12
    races.clear()
    before = (known / "trials.db").read_bytes()
    aided = adequate("search", *digits, *EVOLUTIONARY, "--trials-from", known, "--run", "aided", "--json").json
    assert found(aided) == found(alone)
    assert questions(Path("aided")) == questions(Path("alone"))
    shared = {digest for digest, _, split in questions(known) & questions(Path("alone")) if split == "validation"}
    assert 0 < len(shared) < 8
    assert set(races) == {one for one, _, split in questions(Path("alone")) if split == "validation"} - shared
    assert (known / "trials.db").read_bytes() == before


def test_another_objective_runs_no_image_again(
    adequate: Command, digits: tuple[object, ...], known: Path, races: Counter[str]
) -> None:
    """What is known lacks a figure: that alone is found."""
    asked = (*RANDOM[:4], "--objective", "stored_bits,cycles@stripes,energy_pj@laconic", "--margin", 2)
    aided = adequate("search", *digits, *asked, "--trials-from", known, "--run", "aided", "--json").json
    assert not races
    alone = adequate("search", *digits, *asked, "--run", "alone", "--json").json
    assert found(aided) == found(alone)
    assert all(one["energy_pj@laconic"] > 0 for one in aided["front"])


OTHER = (("--margin", 1), ("--no-race",), ("--seed", 1), ("--images", 2))


@pytest.mark.parametrize("other", [OTHER[0], *(pytest.param(one, marks=pytest.mark.slow) for one in OTHER[1:])])
def test_other_answers_are_not_taken_for_these(
    adequate: Command, digits: tuple[object, ...], known: Path, races: Counter[str], other: tuple[object, ...]
) -> None:
    assert adequate("search", *digits, *RANDOM, *other, "--trials-from", known, "--run", "aided").code == 0
    assert sum(races.values()) == 8


def test_what_is_named_has_to_be_there(adequate: Command, digits: tuple[object, ...], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    answer = adequate("search", *digits, *RANDOM, "--trials-from", "empty", "--run", "run")
    assert "empty/trials.db: cannot use this file of trials: there is no such file" in answer.complaint
