"""``adequate space``, and ``search`` in what it wrote."""

from pathlib import Path
from typing import Any

import pytest

from adequate.exploration import Space
from adequate.operators import catalog
from tests.cli.conftest import Command


def made(adequate: Command, digits: tuple[object, ...], file: Path, *arguments: object) -> Any:
    return adequate("space", *digits, *arguments, "--out", file, "--json").json


def test_the_file_is_the_space_that_is_told(adequate: Command, digits: tuple[object, ...], tmp_path: Path) -> None:
    file = tmp_path / "space.json"
    told = made(adequate, digits, file, "--bits", "2-4,8", "--family", "pow2(4)", "--accumulator", "fixed(20,10)")
    space = Space.load(file)
    assert told["size"] == space.size
    assert list(told["knobs"]) == [knob.name for knob in space.knobs]
    weight = next(choices for name, choices in told["knobs"].items() if name.endswith(".weight"))
    assert [choice.partition("(")[0] for choice in weight] == ["pow2", "fixed"] * 4
    assert any(name.endswith(".accumulator") for name in told["knobs"])
    assert told["left_out"] == []


def test_channels_and_multipliers(adequate: Command, digits: tuple[object, ...], tmp_path: Path) -> None:
    groups = made(adequate, digits, tmp_path / "groups.json", "--bits", "4,8", "--channel-groups", 2)
    runs = [name for name in groups["knobs"] if ".weight[" in name]
    assert len(runs) == 2 * len({name.partition("[")[0] for name in runs}) > 2
    whole = made(adequate, digits, tmp_path / "all.json", "--multiplier", "catalog", "--multiplier", "drum(8,8,2)")
    assert {len(choices) for name, choices in whole["knobs"].items() if name.endswith(".multiplier")} == {
        len(catalog(8)) + 2  # one more, and none
    }


def test_search_leaves_out_what_the_machine_cannot_run(
    adequate: Command, digits: tuple[object, ...], tmp_path: Path
) -> None:
    file = tmp_path / "space.json"
    whole = made(adequate, digits, file, "--bits", "4,8", "--family", "float(3,4)")
    limited = made(
        adequate,
        digits,
        tmp_path / "limited.json",
        "--bits",
        "4,8",
        "--family",
        "float(3,4)",
        "--accelerator",
        "stripes",
    )
    assert limited["size"] < whole["size"]
    assert {one["choice"].partition("(")[0] for one in limited["left_out"]} == {"float"}
    asked = ("--space", file, "--strategy", "random_points", "--trials", 3, "--objective", "cycles@stripes")
    found = adequate("search", *digits, *asked, "--run", tmp_path / "run", "--json").json
    assert found["space"] == limited["size"]
    assert found["left_out"] == limited["left_out"]
    page = adequate("search", *digits, *asked, "--run", tmp_path / "run").out
    assert "left out" in page
    assert "stripes multiplies integers" in page


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--bits", "8-2"), "--bits takes word lengths from 1 to 64, as in 2-8 or 4,8,16, not '8-2'"),
        (("--bits", "2-99999999999999"), "--bits takes word lengths"),
        pytest.param(("--bits", "2-3-4"), "--bits takes word lengths", marks=pytest.mark.slow),
        pytest.param(("--bits", "two"), "--bits takes word lengths", marks=pytest.mark.slow),
        (("--bits", "0-65"), "--bits takes word lengths"),
        (("--family", "float"), "'float': float lacks exp, man"),
        (("--family", "binary"), "a family is given by one of its members, fixed, float or pow2, not by binary"),
        (("--multiplier", "ripple(8)"), "--multiplier takes a multiplier"),
        (("--multiplier", "drum"), "'drum'"),
        (("--accelerator", "abacus"), "no such accelerator 'abacus'"),
        (("--channel-groups", "2", "--multiplier", "catalog"), "no layer's formats fit"),
    ],
)
def test_nonsense_is_refused(
    adequate: Command, digits: tuple[object, ...], tmp_path: Path, arguments: tuple[object, ...], complaint: str
) -> None:
    answer = adequate("space", *digits, *arguments, "--out", tmp_path / "space.json")
    assert answer.code != 0
    assert complaint in answer.complaint
    assert not (tmp_path / "space.json").exists()
