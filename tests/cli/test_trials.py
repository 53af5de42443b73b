"""``adequate trials``: what is stored is listed, filtered and exported as it is."""

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adequate.design import Design
from adequate.exploration import Context, Store, Trial
from adequate.formats import Fixed
from tests.cli.conftest import Command
from tests.needed import needed_module

SEARCH = Context("a" * 64, "b" * 64, 2**64 - 1, '{"margin": 1.0}')
OTHER = Context("a" * 64, "b" * 64, 3, '{"margin": 2.0}')

HOSTILE = "=cmd|' /C calc'!A0,\"\n\x1b[31m[red]energy[/red]"
"""A figure's name that is a formula, a cell of its own, a line break, a colour of terminals and of rich."""


def design(bits: int) -> Design:
    return Design().with_layers("conv1", weight=Fixed(bits, 3))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "trials.db"
    with Store(path) as store:
        for bits in range(2, 10):
            store.put(SEARCH, Trial(design(bits), {"accuracy": bits / 10, "stored_bits": 100 * bits}), seconds=bits)
        store.put(SEARCH, Trial(design(9), {"accuracy": 0.85}, split="test"), seconds=0.5)
        store.put(OTHER, Trial(design(2), {"accuracy": 0.1 + 0.2, "energy_pj@laconic": math.inf}, 2), seconds=1)
    return path


def listed(adequate: Command, file: Path, *options: object) -> list[dict[str, Any]]:
    return adequate("trials", file, *options, "--json").json["trials"]


def accuracies(adequate: Command, file: Path, *options: object) -> list[float]:
    return [one["figures"]["accuracy"] for one in listed(adequate, file, *options)]


def test_every_trial_is_told_whole(adequate: Command, file: Path) -> None:
    answer = adequate("trials", file, "--json").json
    assert answer["of"] == len(answer["trials"]) == 10
    with Store(file) as store:
        for told, record in zip(answer["trials"], store.records(), strict=True):
            context = record.context
            assert (told["network"], told["data"], told["seed"]) == (context.network, context.data, context.seed)
            assert (told["settings"], told["versions"]) == (context.settings, context.versions)
            assert (told["design"], told["epochs"], told["split"]) == (record.digest, record.epochs, record.split)
            assert (told["seconds"], told["created"]) == (record.seconds, record.created)
            finite = {name: value if math.isfinite(value) else None for name, value in record.figures.items()}
            assert told["figures"] == finite


def test_a_run_is_its_file(adequate: Command, file: Path) -> None:
    assert adequate("trials", file.parent).out == adequate("trials", file).out


def test_filters_go_together(adequate: Command, file: Path) -> None:
    assert accuracies(adequate, file, "--split", "test") == [0.85]
    assert accuracies(adequate, file, "--min-accuracy", 0.8) == [0.8, 0.9, 0.85]
    assert accuracies(adequate, file, "--min-accuracy", 0.8, "--split", "validation") == [0.8, 0.9]
    assert accuracies(adequate, file, "--where", "stored_bits<400") == [0.2, 0.3]
    assert accuracies(adequate, file, "--where", "stored_bits <= 400", "--where", "accuracy>0.2") == [0.3, 0.4]
    assert accuracies(adequate, file, "--where", "seconds=1") == accuracies(adequate, file, "--where", "epochs>0")
    assert accuracies(adequate, file, "--where", "energy_pj@laconic>1e300") == [0.1 + 0.2]
    assert accuracies(adequate, file, "--design", design(9).digest[:20]) == [0.9, 0.85]
    assert accuracies(adequate, file, "--where", "stored_bits<0") == []


def test_sorting_keeps_those_without_the_figure_for_the_end(adequate: Command, file: Path) -> None:
    assert accuracies(adequate, file, "--sort", "accuracy") == sorted(accuracies(adequate, file))
    falling = accuracies(adequate, file, "--sort", "stored_bits", "--descending")
    assert falling == [bits / 10 for bits in range(9, 1, -1)] + [0.85, 0.1 + 0.2]
    assert accuracies(adequate, file, "--sort", "accuracy", "--descending", "--limit", 2) == [0.9, 0.85]


def test_a_table_shows_what_tells_trials_apart(adequate: Command, file: Path) -> None:
    everything = adequate("trials", file).out
    assert "10 of 10 trials" in everything
    assert all(name in everything for name in ("epochs", "split", "seed", "context", "energy_pj@laconic"))
    some = adequate("trials", file, "--where", "stored_bits<400").out
    assert "2 of 10 trials" in some
    assert not any(name in some for name in ("epochs", "split", "seed", "context", "laconic"))
    assert design(2).digest[:12] in some
    assert adequate("trials", file, "--where", "stored_bits<0").out == "0 of 10 trials\n"


def test_csv_reads_back_as_it_was(adequate: Command, file: Path, tmp_path: Path) -> None:
    answer = adequate("trials", file, "--to", "trials.csv", "--json")
    assert answer.json["table"] == "trials.csv"
    assert answer.err == ""
    with Path("trials.csv").open(newline="", encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    with Store(file) as store:
        for row, record in zip(rows, store.records(), strict=True):
            assert (row["design"], row["split"]) == (record.digest, record.split)
            assert (row["settings"], int(row["seed"])) == (record.context.settings, record.context.seed)
            for name in ("accuracy", "stored_bits", "energy_pj@laconic"):
                assert row[name] == "" if name not in record.figures else float(row[name]) == record.figures[name]


def test_parquet_reads_back_as_it_was(adequate: Command, file: Path) -> None:
    parquet = needed_module("pyarrow.parquet")
    adequate("trials", file, "--split", "validation", "--to", "trials.parquet", "--json")
    rows = parquet.read_table("trials.parquet").to_pylist()
    with Store(file) as store:
        records = [one for one in store.records() if one.split == "validation"]
    for row, record in zip(rows, records, strict=True):
        assert (row["design"], row["epochs"], row["seed"]) == (record.digest, record.epochs, record.context.seed)
        assert (row["seconds"], row["versions"]) == (record.seconds, record.context.versions)
        for name in ("accuracy", "stored_bits", "energy_pj@laconic"):
            assert row[name] == record.figures.get(name)


def test_parquet_without_pyarrow_says_how(adequate: Command, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    complaint = adequate("trials", file, "--to", "trials.parquet").complaint
    assert complaint == "Parquet needs pyarrow: pip install 'adequate[parquet]'"
    assert not Path("trials.parquet").exists()


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    path = tmp_path / "hostile.db"
    with Store(path) as store:
        figures = {"accuracy": 0.5, HOSTILE: 1.0, "seconds": 7.0, "figures.seconds": 8.0}
        store.put(Context(settings="+x"), Trial(design(3), figures), seconds=2)
    return path


def test_names_are_data(adequate: Command, hostile: Path) -> None:
    """Exact in files, harmless on a terminal; a figure is never mistaken for a column."""
    answer = adequate("trials", hostile, "--to", "trials.csv")
    assert answer.err == "trials.csv: spreadsheets take some of its texts for formulas; import it as text\n"
    with Path("trials.csv").open(newline="", encoding="utf-8") as table:
        [row] = csv.DictReader(table)
    assert (row[HOSTILE], row["seconds"], row["settings"]) == ("1.0", "2.0", "+x")
    assert (row["figures.seconds"], row["figures.figures.seconds"]) == ("7.0", "8.0")
    assert "\x1b" not in answer.out
    assert "[red]energy[/red]" in "".join(answer.out.split())
    assert listed(adequate, hostile, "--where", f"{HOSTILE}=1")[0]["figures"][HOSTILE] == 1.0
    assert listed(adequate, hostile, "--where", "figures.seconds=7", "--where", "seconds=2")


def test_a_hash_opens_its_design(adequate: Command, file: Path) -> None:
    answer = adequate("trials", file, "--design", design(5).digest[:12], "--out", "one.json", "--json").json
    assert Design.load(answer["design"]) == design(5)
    assert len(answer["trials"]) == 1


REFUSED: dict[str, tuple[tuple[object, ...], str]] = {
    "a condition": (("--where", "small"), "'small' is no condition; put it as FIGURE<NUMBER"),
    "a number": (("--where", "accuracy<many"), "'accuracy<many' is no condition"),
    "a figure": (("--where", "joy>1"), "no trial has a figure 'joy'; there are 'epochs', 'accuracy', 'stored_bits', "),
    "a text": (("--sort", "settings"), "no trial has a figure 'settings'"),
    "an ending": (("--to", "trials.xlsx"), "trials.xlsx ends in .xlsx; tables are written as .csv and .parquet"),
    "no prefix": (("--out", "one.json"), "--out is for the design of --design"),
    "no order": (("--descending",), "--descending is for --sort"),
    "no design": (("--design", "xyz", "--out", "one.json"), "should begin with 'xyz'; no design does"),
    "two designs": (("--design", "", "--out", "one.json"), "should begin with ''; 8 designs do: "),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_answered_is_one_line(adequate: Command, file: Path, kind: str) -> None:
    options, expected = REFUSED[kind]
    answer = adequate("trials", file, *options)
    assert answer.code != 0
    assert expected in answer.complaint
    assert sorted(path.name for path in Path().iterdir()) == ["trials.db"]


def harm_version(file: Path) -> None:
    import sqlite3

    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


HARMED: dict[str, tuple[Callable[[Path], object], str]] = {
    "no file": (Path.unlink, "trials.db: cannot use this file of trials: there is no such file"),
    "no store": (lambda file: file.write_text("x" * 1000), "it is not a file of trials"),
    "newer": (harm_version, "its version is 99; this adequate reads version 2"),
}


@pytest.mark.parametrize("kind", HARMED)
def test_a_file_that_cannot_be_read_is_one_line_and_stays(adequate: Command, file: Path, kind: str) -> None:
    harm, expected = HARMED[kind]
    harm(file)
    before = file.read_bytes() if file.exists() else None
    assert expected in adequate("trials", file.parent).complaint
    assert (file.read_bytes() if file.exists() else None) == before


def test_listing_a_run_that_was_condensed(adequate: Command, condensed: tuple[Path, Any]) -> None:
    before = (condensed[0] / "trials.db").read_bytes()
    rows = listed(adequate, condensed[0])
    assert len(rows) == condensed[1].json["evaluations"]
    assert {row["seed"] for row in rows} == {0}
    assert json.loads(rows[0]["settings"])["threads"] >= 1
    assert (condensed[0] / "trials.db").read_bytes() == before
