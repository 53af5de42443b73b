"""Designs with multipliers at the command line: their tables are found beside the design, their names are shown."""

import shutil
from pathlib import Path

import pytest
import torch

from adequate import approximate, dynamic_fixed, fold_batchnorm, profile, trace
from adequate.data import load
from adequate.design import Design
from adequate.operators import Exact, tabulate
from adequate.zoo import entry
from tests.cli.conftest import Answer, Command

TABLE = tabulate("[low]", lambda a, b: (a & ~7) * b)
"""A label that rich would read as markup."""


@pytest.fixture(scope="module")
def design(weights: Path) -> Design:
    network = fold_batchnorm(trace(entry("digits-cnn").build(), torch.zeros(2, 1, 8, 8)))
    ranges = profile(network, load("digits").calibration(torch.Generator().manual_seed(0)))
    return approximate(dynamic_fixed(ranges, 8), TABLE, ranges)


def test_a_design_with_tables_is_read_from_its_folder(
    adequate: Command, digits: tuple[object, ...], weights: Path, design: Design, tmp_path: Path
) -> None:
    folder = tmp_path / "designs"
    folder.mkdir()
    design.save(folder / "one.json")
    answer = adequate("evaluate", *digits, "--design", folder / "one.json", "--json").json
    names = {name: str(one.multiplier) for name, one in design.items()}
    assert answer["multipliers"] == names
    assert set(names) == {"conv1", "conv2", "fc1", "fc2"}
    printed = adequate("evaluate", *digits, "--design", folder / "one.json")
    assert f"{next(iter(names.values()))} in" in printed.out.replace("\n", " ")
    compared = adequate("compare", *digits, "--design", folder / "one.json", "--images", 20, "--json").json
    assert {one["name"]: one["multiplier"] for one in compared["layers"] if "multiplier" in one} == names

    shutil.rmtree(folder / "tables")
    complaint = adequate("evaluate", *digits, "--design", folder / "one.json").complaint
    assert f"the table '[low]' should lie beside it as tables/{TABLE.sha256}.bin" in complaint


def test_diff_shows_multipliers(adequate: Command, design: Design, tmp_path: Path) -> None:
    design.save(tmp_path / "a.json")
    design.with_layers("fc1", multiplier=None).save(tmp_path / "b.json")
    found: Answer = adequate("diff", "a.json", "b.json", "--json")
    assert found.json["differences"] == {"fc1": {"multiplier": [str(design["fc1"].multiplier), None]}}
    printed = adequate("diff", "a.json", "b.json").out
    assert "exact" in printed
    assert "'[low]'" in printed


def test_a_multiplier_that_does_not_fit_is_named(
    adequate: Command, digits: tuple[object, ...], design: Design, tmp_path: Path
) -> None:
    design.with_layers("fc1", multiplier=Exact(8, 8)).save(tmp_path / "one.json")
    complaint = adequate("evaluate", *digits, "--design", "one.json").complaint
    assert (
        "weight of layer 'fc1': exact(8,8) takes unsigned fixed point of at most 8 bits here, not fixed(8," in complaint
    )


def test_a_finetuned_run_keeps_design_and_tables(
    adequate: Command, digits: tuple[object, ...], design: Design, tmp_path: Path
) -> None:
    design.save(tmp_path / "one.json")
    answer = adequate(
        "finetune", *digits, "--design", "one.json", "--epochs", 1, "--run", tmp_path / "run", "--json"
    ).json
    assert Design.load(tmp_path / "run" / "design.json") == design
    assert 0 <= answer["accuracy"] <= 1
    assert (tmp_path / "run" / "tables" / f"{TABLE.sha256}.bin").is_file()
    report = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert TABLE.sha256 in report
