"""``adequate condense --trials-from``: what another run knows is not run again, and the same comes out."""

from pathlib import Path

import pytest

from adequate.run import Run
from tests.cli.conftest import Answer, Command

ASKED = ("--format", "static_fixed", "--finetune", 1)


def test_no_trial_is_run_again(
    adequate: Command, digits: tuple[object, ...], condensed: tuple[Path, Answer], tmp_path: Path
) -> None:
    known, answer = condensed
    aided = adequate("condense", *digits, *ASKED, "--trials-from", known, "--run", "aided", "--json").json
    assert (aided["evaluations"], aided["reused"]) == (0, answer.json["evaluations"] + answer.json["reused"])
    assert aided["accuracy"] == answer.json["accuracy"]
    assert Run(Path("aided")).design_file.read_bytes() == Run(known).design_file.read_bytes()
    assert Run(Path("aided")).weights_file.read_bytes() == Run(known).weights_file.read_bytes()


@pytest.mark.slow
def test_another_margin_runs_what_is_not_known(
    adequate: Command, digits: tuple[object, ...], condensed: tuple[Path, Answer], tmp_path: Path
) -> None:
    known, _ = condensed
    asked = (*ASKED, "--margin", 0.2, "--json")
    alone = adequate("condense", *digits, *asked, "--run", "alone").json
    aided = adequate("condense", *digits, *asked, "--trials-from", known, "--run", "aided").json
    assert 0 < aided["evaluations"] < alone["evaluations"]
    files = ("design", "weights_file", "report", "evaluations", "reused")
    assert {**aided, **dict.fromkeys(files)} == {**alone, **dict.fromkeys(files)}


@pytest.mark.slow
def test_another_seed_takes_nothing(
    adequate: Command, digits: tuple[object, ...], condensed: tuple[Path, Answer], tmp_path: Path
) -> None:
    known, _ = condensed
    asked = (*ASKED, "--seed", 1, "--trials-from", known, "--run", "aided", "--json")
    assert adequate("condense", *digits, *asked).json["reused"] == 0
