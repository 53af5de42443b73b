"""``adequate cost``: its figures are those of the library, and impossible asks are refused in words."""

import json
import re
from pathlib import Path

import pytest
import torch

from adequate import approximate, cost, dynamic_fixed, fold_batchnorm, operands, profile, trace
from adequate.accelerators import ACCELERATORS, Dadiannao
from adequate.accelerators.cost import FIGURES
from adequate.data import load
from adequate.network import Network
from adequate.operators import Drum, SignMagnitude
from adequate.zoo import entry
from tests.accelerators.installed import require_yosys
from tests.cli.conftest import Command


@pytest.fixture(scope="module")
def network(weights: Path) -> Network:
    chosen = entry("digits-cnn")
    module = chosen.build()
    chosen.load(module, weights)
    return fold_batchnorm(trace(module, torch.zeros(2, 1, 8, 8)))


def test_the_figures_are_those_of_the_library(
    adequate: Command, digits: tuple[object, ...], network: Network, tmp_path: Path
) -> None:
    data = entry("digits-cnn").prepare(load("digits"))
    calibration = data.calibration(torch.Generator().manual_seed(0))
    design = dynamic_fixed(profile(network, calibration), 6)
    images, _ = next(iter(calibration.first(3)))
    sample = operands(network, design, images)
    asked = ("cost", *digits, "--bits", 6, "--images", 3, "--accelerator", "all")
    answer = adequate(*asked, "--json", "--plot", tmp_path / "page.html").json
    assert answer["images"] == 3
    assert answer["accelerators"]
    for machine in ACCELERATORS:
        if machine.name() in answer["accelerators"]:
            expected = cost(network, design, machine(), sample)
            assert answer["accelerators"][machine.name()] == {
                **{name: getattr(expected, name) for name in FIGURES},
                "traffic_bytes": dict(expected.traffic_bytes),
                "energy_parts_pj": dict(expected.energy_parts_pj),
                "area_mm2": None if (area := machine().area) is None else area.value,
            }
    page = (tmp_path / "page.html").read_text()
    content = re.search(r'id="adequate-data">(.*?)</script>', page, re.DOTALL)
    assert content is not None
    assert set(json.loads(content[1])["accelerators"]) == set(answer["accelerators"])


def test_an_area_is_known_or_said_to_be_unknown(adequate: Command, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    out = adequate("cost", "lenet", "--bits", 8, "--accelerator", "dadiannao,bitfusion", "--plot", page).out
    assert re.search(r"dadiannao .* unknown\s", out)
    assert re.search(r"bitfusion .* 0\.222\s", out)
    assert "area of bitfusion" in out
    assert "area of dadiannao" not in out
    content = re.search(r'id="adequate-data">(.*?)</script>', page.read_text(), re.DOTALL)
    assert content is not None
    assert json.loads(content[1])["area_mm2"] == {"dadiannao": None, "bitfusion": pytest.approx(8 * 27752.8e-6)}


def test_layers_add_up(adequate: Command, digits: tuple[object, ...]) -> None:
    asked = ("cost", *digits, "--bits", 8, "--accelerator", "dadiannao", "--layers", "--json")
    [found] = adequate(*asked).json["accelerators"].values()
    for name in ("macs", "cycles", "energy_pj", "dram_bytes"):
        assert sum(one[name] for one in found["layers"].values()) == pytest.approx(found[name], rel=1e-12)


@pytest.mark.parametrize("name", ["lenet", pytest.param("resnet50", marks=pytest.mark.slow)])
def test_shapes_and_word_lengths_are_enough_for_a_machine_that_does_not_read_values(
    adequate: Command, name: str
) -> None:
    found = adequate("cost", name, "--bits", 8, "--accelerator", "DaDianNao", "--json").json
    network = trace(entry(name).skeleton(), torch.zeros(entry(name).example_shape, device="meta"))
    [figures] = found["accelerators"].values()
    assert figures["macs"] == network.macs
    assert "images" not in found


def test_constants_are_told_with_their_sources(adequate: Command) -> None:
    answer = adequate("cost", "lenet", "--bits", 8, "--accelerator", "dadiannao", "--explain")
    text = " ".join(answer.out.split())
    for one in Dadiannao().constants().values():
        assert " ".join(one.source.split())[:30] in text
    assert "(not verified)" in text


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--bits", 8, "--accelerator", "cray"), "no such accelerator 'cray'; there are .*all"),
        (("--bits", 8, "--accelerator", "dadiannao", "--technology", "3nm"), "no such technology '3nm'; there are "),
        (("--accelerator", "dadiannao"), "cost is that of a design: give --design FILE or --bits B"),
        (("--bits", 20, "--accelerator", "dadiannao"), "'conv1'.* integers of 20 bits; .* holds at most 16"),
    ],
)
def test_impossible_asks_are_refused_in_words(adequate: Command, options: tuple[object, ...], complaint: str) -> None:
    answer = adequate("cost", "lenet", *options)
    assert answer.code != 0
    assert re.search(complaint, answer.complaint)


def test_a_multiplier_changes_the_energy_of_machines_that_have_some(
    adequate: Command, digits: tuple[object, ...], network: Network, tmp_path: Path
) -> None:
    calibration = entry("digits-cnn").prepare(load("digits")).calibration(torch.Generator().manual_seed(0))
    ranges = profile(network, calibration)
    plain = dynamic_fixed(ranges, 8)
    plain.save(tmp_path / "plain.json")
    approximate(plain, SignMagnitude(Drum(8, 8, 4)), ranges).save(tmp_path / "drum.json")
    asked = ("cost", *digits, "--accelerator", "systolic,laconic", "--json", "--design")
    before = adequate(*asked, tmp_path / "plain.json").json["accelerators"]
    answer = adequate(*asked, tmp_path / "drum.json").json
    assert "does not multiply word by word" in answer["refused"]["laconic"]
    assert answer["accelerators"]["systolic"] == before["systolic"]
    require_yosys()
    found = adequate(*asked, tmp_path / "drum.json", "--synthesis").json
    [factor] = found["relative_energies"].values()
    assert 0 < factor < 1
    parts = before["systolic"]["energy_parts_pj"]
    assert found["accelerators"]["systolic"]["energy_parts_pj"] == {**parts, "compute": factor * parts["compute"]}


def test_the_workload_is_a_folder_of_its_own(adequate: Command, tmp_path: Path) -> None:
    asked = ("cost", "lenet", "--bits", 8, "--accelerator", "roofline", "--workload", tmp_path / "work")
    assert str(tmp_path / "work") in adequate(*asked).out.replace("\n", "")
    assert {one.name for one in (tmp_path / "work").iterdir()} == {
        "bits.json",
        "convolutions.csv",
        "manifest.json",
        "products.csv",
        "timeloop",
        "zigzag.yaml",
    }
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "kept").touch()
    refused = adequate(*asked[:-1], tmp_path / "mine")
    assert "holds something else than an export" in refused.complaint
    assert (tmp_path / "mine" / "kept").exists()
