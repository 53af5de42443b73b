"""Exports of a run, and their verification, from the command line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.accelerators.installed import require_yosys

Command = Callable[..., Any]

KINDS = ["npz", "qonnx", "onnx"]


@pytest.mark.parametrize("kind", [*KINDS, "hls", pytest.param("verilog", marks=pytest.mark.slow)])
def test_export_and_verify(kind: str, adequate: Command, run_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out" / kind
    answer = adequate("export", run_folder, "--to", kind, "--out", out, "--images", 3, "--json")
    assert answer.code == 0, answer.err
    assert (answer.json["kind"], answer.json["images"]) == (kind, 3)
    verified = adequate("verify", out)
    assert verified.code == 0, verified.err
    assert verified.out.startswith("0 mismatches of ")
    found = adequate("verify", out, "--json").json
    assert found["mismatch"] is None
    assert found["values"] >= 3 * 10
    assert ("second" in found) == (kind in ("qonnx", "onnx"))


def test_another_tool_is_asked_about_a_graph(adequate: Command, run_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "onnx"
    adequate("export", run_folder, "--to", "onnx", "--out", out, "--images", 2)
    first, second = adequate("verify", out).out.splitlines()
    assert first == "0 mismatches of 20 values, read again and emulated"
    assert second.startswith("0 mismatches of 20 values in onnxruntime ")
    assert adequate("verify", out, "--json").json["second"] == {"agrees": True, "said": second}


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_bytes_twice(kind: str, adequate: Command, run_folder: Path, tmp_path: Path) -> None:
    for name in ("once", "twice"):
        assert adequate("export", run_folder, "--to", kind, "--out", tmp_path / name, "--images", 2).code == 0
    files = sorted(path.relative_to(tmp_path / "once") for path in (tmp_path / "once").rglob("*") if path.is_file())
    assert files == sorted(p.relative_to(tmp_path / "twice") for p in (tmp_path / "twice").rglob("*") if p.is_file())
    for file in files:
        assert (tmp_path / "once" / file).read_bytes() == (tmp_path / "twice" / file).read_bytes(), file


def test_a_wrong_number_is_found(adequate: Command, run_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "npz"
    adequate("export", run_folder, "--to", "npz", "--out", out, "--images", 2)
    program = out / "program.json"
    text = json.loads(program.read_text())
    step = next(one for one in text["steps"] if one["step"] == "Round")
    step["factor"] = [{"fraction": "1/2"}]
    program.write_text(json.dumps(text))
    verified = adequate("verify", out)
    assert verified.code == 1
    assert verified.out.startswith("layer '")
    assert "expected" in verified.out


def test_what_is_no_export(adequate: Command, run_folder: Path, tmp_path: Path) -> None:
    assert adequate("verify", run_folder).code == 2
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "thesis.txt").write_text("mine")
    answer = adequate("export", run_folder, "--to", "npz", "--out", taken)
    assert answer.code != 0
    assert "holds something else than an export" in answer.err
    assert (taken / "thesis.txt").read_text() == "mine"
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "is no" in adequate("export", empty, "--to", "npz", "--out", tmp_path / "x").err


def test_areas_are_of_verilog(adequate: Command, run_folder: Path, tmp_path: Path) -> None:
    answer = adequate("export", run_folder, "--to", "hls", "--out", tmp_path / "hls", "--area")
    assert answer.code == 2
    assert "--area goes with --to verilog" in answer.err
    assert not (tmp_path / "hls").exists()


@pytest.mark.slow
def test_the_area_of_a_processing_element(adequate: Command, run_folder: Path, tmp_path: Path) -> None:
    tool = require_yosys().version
    options = ("--to", "verilog", "--out", tmp_path / "verilog", "--images", 1, "--area", "--json")
    found = adequate("export", run_folder, *options).json["element"]
    assert found["synthesized_by"] == tool
    assert found["transistors"] > 16 * found["flip_flops"] > 0
    assert found["luts"] > 0
    assert found["gates"] > 0
