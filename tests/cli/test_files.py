"""Networks from files on the command line: evaluated, condensed, resumed wherever they lie."""

import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch.export import Dim, export, save

import adequate as aq
from adequate.design import Design
from adequate.zoo import entry, load_weights

Command = Callable[..., Any]
"""Runs a command and gives its answer."""

DIGITS = ("--data", "digits", "--scale", 0.0625)
"""Grey levels 0..16, as digits-cnn reads them."""


@pytest.fixture(scope="module")
def program(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Digits-cnn as an exported program."""
    model = entry("digits-cnn").build()
    load_weights(model, weights)
    path = tmp_path_factory.mktemp("files") / "digits.pt2"
    save(export(model.eval(), (torch.zeros(2, 1, 8, 8),), dynamic_shapes=({0: Dim.AUTO},)), path)
    return path


def quantised(path: Path, shape: tuple[int, ...]) -> Path:
    """A linear classifier of 64 pixels whose input, 0 to 1, is quantised to steps of 1/4.

    Row c of the weight sums the pixels of the c-th training image less its mean: a matched filter.
    """
    train, _ = aq.load("digits").selection()
    first = torch.stack([train.images[train.labels == c].float().mean(0).flatten() for c in range(10)])
    matched = ((first - first.mean(1, keepdim=True)) / first.norm(dim=1, keepdim=True)).T.contiguous()
    constants = {"step": torch.tensor(1 / 4), "zero": torch.tensor(0, dtype=torch.uint8), "w": matched}
    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"], "flatten"),
        helper.make_node("QuantizeLinear", ["flat", "step", "zero"], ["codes"], "quantize"),
        helper.make_node("DequantizeLinear", ["codes", "step", "zero"], ["values"], "dequantize"),
        helper.make_node("MatMul", ["values", "w"], ["y"], "classify"),
    ]
    graph = helper.make_graph(
        nodes,
        "matched",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", *shape])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 10])],
        [numpy_helper.from_array(value.numpy(), name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=9), path)
    return path


def test_a_program_is_the_network_it_was_exported_from(
    adequate: Command, digits: tuple[object, ...], program: Path
) -> None:
    ours = adequate("evaluate", program, *DIGITS, "--json").json
    theirs = adequate("evaluate", *digits, "--json").json
    assert (ours["accuracy"], ours["loss"]) == (theirs["accuracy"], theirs["loss"])
    assert "design" not in ours
    listed, wanted = (adequate("trace", one, "--json").json for one in (program, "digits-cnn"))
    assert (listed["layers"], listed["macs"]) == (wanted["layers"], wanted["macs"])


def test_the_design_of_a_file_applies_unless_another_is_given(adequate: Command, tmp_path: Path) -> None:
    path = quantised(tmp_path / "matched.onnx", (1, 8, 8))
    network, design = aq.read(path)
    data = aq.load("digits").with_transform(lambda pixels: pixels / 16)
    answer = adequate("evaluate", path, *DIGITS, "--json").json
    assert answer["design"] == "of the file"
    assert answer["accuracy"] == aq.evaluate(aq.emulate(network, design), data.test)
    assert "design of the file" in adequate("evaluate", path, *DIGITS).out
    design.save(tmp_path / "same.json")
    Design().save(tmp_path / "float.json")
    given = [
        adequate("evaluate", path, *DIGITS, "--design", name, "--json").json for name in ("same.json", "float.json")
    ]
    assert [one["design"] for one in given] == ["same.json", "float.json"]
    assert given[0]["loss"] == answer["loss"] != given[1]["loss"]
    assert given[1]["loss"] == aq.evaluate(aq.emulate(network, Design()), data.test, aq.cross_entropy)
    assert adequate("evaluate", path, *DIGITS, "--bits", 8, "--json").json["bits"] == 8
    assert adequate("compare", path, *DIGITS, "--json").json["design"] == "of the file"
    listed = {one["name"]: one.get("formats", {}) for one in adequate("trace", path, "--json").json["layers"]}
    assert {name for name, slots in listed.items() if slots} == set(design)
    assert listed["classify"]["input"] == "fixed(8,2,unsigned)"


def test_images_have_their_channels_last_where_only_that_fits(adequate: Command, tmp_path: Path) -> None:
    first, last = (quantised(tmp_path / f"{len(s)}{s[0]}.onnx", s) for s in ((1, 8, 8), (8, 8, 1)))
    one, other = (adequate("evaluate", path, *DIGITS, "--json").json for path in (first, last))
    assert one["loss"] == other["loss"]
    assert "channels last" in adequate("evaluate", last, *DIGITS).out
    assert "channels last" not in adequate("evaluate", first, *DIGITS).out


def test_a_run_goes_on_wherever_its_file_lies(adequate: Command, program: Path, tmp_path: Path) -> None:
    run = ("--format", "static_fixed", "--run", "run", "--json")
    shutil.copy(program, tmp_path / "here.pt2")
    begun = adequate("condense", "here.pt2", *DIGITS, *run).json
    identity = json.loads((tmp_path / "run" / "run.json").read_text())["identity"]
    assert len(identity["sha256"]) == 64
    report = (tmp_path / "run" / "report.html").read_bytes()
    assert adequate("report", "run").code == 0
    assert (tmp_path / "run" / "report.html").read_bytes() == report
    (tmp_path / "below").mkdir()
    shutil.move("here.pt2", tmp_path / "below" / "here.pt2")
    again = adequate("condense", "below/here.pt2", *DIGITS, *run).json
    assert again["evaluations"] == 0
    assert again["accuracy"] == begun["accuracy"]
    tuned = adequate("evaluate", "below/here.pt2", "--weights", "run/weights.safetensors", *DIGITS, "--json").json
    assert 0.5 < tuned["accuracy"] <= 1
    (tmp_path / "below" / "here.pt2").write_bytes(b"another")
    assert "has changed since the run" in adequate("report", "run").complaint


def test_a_run_of_a_file_with_a_design(adequate: Command, tmp_path: Path) -> None:
    path = quantised(tmp_path / "matched.onnx", (1, 8, 8))
    condensed = adequate("condense", path, *DIGITS, "--margin", 5, "--run", "condensed", "--json").json
    assert condensed["design_of_file"] == "not used"
    tuned = adequate("finetune", path, *DIGITS, "--epochs", 1, "--run", "tuned", "--json").json
    assert Design.load(tmp_path / "tuned" / "design.json") == aq.read(path)[1]
    assert tuned["before"] == adequate("evaluate", path, *DIGITS, "--json").json["accuracy"]


def test_a_mean_image_is_subtracted_from_pixels_as_they_are(adequate: Command, program: Path, tmp_path: Path) -> None:
    """A mean of zeros leaves the pixels, one of all 4s takes 4 from each."""
    for name, value in (("zeros.binaryproto", 0.0), ("fours.binaryproto", 4.0)):
        sizes = b"".join(bytes([number << 3, size]) for number, size in ((1, 1), (2, 1), (3, 8), (4, 8)))
        numbers = struct.pack("<64f", *[value] * 64)
        (tmp_path / name).write_bytes(sizes + bytes([5 << 3 | 2, 0x80, 0x02]) + numbers)
    data = ("--data", "digits", "--json")
    plain = adequate("evaluate", program, *data, "--scale", 1).json["loss"]
    less = adequate("evaluate", program, *data, "--scale", 1, "--mean", 4).json["loss"]
    assert adequate("evaluate", program, *data, "--mean", "zeros.binaryproto").json["loss"] == plain
    assert adequate("evaluate", program, *data, "--mean", "fours.binaryproto").json["loss"] == less != plain
    combined = adequate("evaluate", program, *data, "--mean", "fours.binaryproto", "--scale", 2)
    assert "no --scale" in combined.complaint


COMPLAINTS: dict[str, tuple[tuple[object, ...], str]] = {
    "other images": (("evaluate", "digits.pt2", "--data", "NAME:rows"), "digits.pt2 reads images of 1 x 8 x 8, those"),
    "another shape": (("trace", "digits.pt2", "--shape", "3,8,8"), "was exported for inputs of shape (1, 8, 8)"),
    "weights of its own": (("trace", "digits.pt2", "--weights", "w.caffemodel"), "digits.pt2 has its own weights"),
    "other weights": (("trace", "digits.pt2", "--weights", "w.pth"), "takes a .caffemodel, or weights that a run left"),
    "no weights": (("evaluate", "net.prototxt", "--data", "digits"), "has no weights of its own: give --weights"),
    "not that kind": (("trace", "junk.pt2"), "junk.pt2 is no .pt2 archive, or truncated"),
    "no ONNX": (("trace", "junk.onnx"), "junk.onnx"),
    "no prototxt": (("trace", "junk.prototxt"), "junk.prototxt"),
    "two inputs": (("evaluate", "two.pt2", "--data", "digits"), "two.pt2 has 2 inputs (x, y), not one image"),
    "a fixed batch": (("evaluate", "fixed.pt2", "--data", "digits"), "takes batches of 3 alone"),
    "no design": (
        ("finetune", "digits.pt2", "--data", "digits", "--epochs", 1, "--run", "r"),
        "finetune needs a design: give --design FILE",
    ),
}


class Sum(torch.nn.Module):
    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return x + y


class Together(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x - x.mean(0)).sum(0).flatten()


@pytest.mark.parametrize(("arguments", "expected"), COMPLAINTS.values(), ids=COMPLAINTS)
def test_what_is_wrong_is_one_line(
    adequate: Command,
    program: Path,
    module: Callable[[str], str],
    tmp_path: Path,
    arguments: tuple[object, ...],
    expected: str,
) -> None:
    rows = module("import torch\ndef rows():\n    return torch.zeros(4, 1, 4, 4), torch.arange(4)\n")
    shutil.copy(program, "digits.pt2")
    for name in ("w.caffemodel", "w.pth", "junk.pt2", "junk.onnx", "junk.prototxt"):
        Path(name).write_bytes(b"\x12\x01junk {")
    Path("net.prototxt").write_text("name: 'net'")
    x = torch.zeros(3, 1, 8, 8)
    save(export(Sum(), (x, x)), "two.pt2")
    save(export(Together(), (x,)), "fixed.pt2")
    answer = adequate(*(str(one).replace("NAME", rows) for one in arguments))
    assert expected in answer.complaint
    assert answer.code in (1, 2)
