"""Bad input: one clear line, exit code 1 (failed) or 2 (wrong use), and nothing left broken."""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from adequate.cli import main
from adequate.design import Design
from adequate.formats import Fixed

Command = Callable[..., Any]
"""Runs a command and gives its answer."""

Options = tuple[object, ...]
"""Part of a command."""

Finished = tuple[Path, Any]
"""The folder of a run and the answer of its command."""


FAILED, MISUSED = 1, 2


class Bomb:
    """Unpickling this would leave a file behind."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("exploded"),)


Tensors = dict[str, torch.Tensor]


def _truncated(source: Path, target: Path) -> None:
    target.write_bytes(source.read_bytes()[:-100])


def _garbage(_: Path, target: Path) -> None:
    target.write_bytes(bytes(range(255, -1, -1)) * 40)


def _empty(_: Path, target: Path) -> None:
    target.touch()


def _truncated_checkpoint(source: Path, target: Path) -> None:
    torch.save(load_file(source), target)
    target.write_bytes(target.read_bytes()[:3000])


def _bomb(_: Path, target: Path) -> None:
    torch.save({"state_dict": Bomb()}, target)


def _changed(change: Callable[[Tensors], object]) -> Callable[[Path, Path], None]:
    def write(source: Path, target: Path) -> None:
        tensors = load_file(source)
        change(tensors)
        save_file(tensors, target)

    return write


WEIGHTS: dict[str, tuple[str, Callable[[Path, Path], None], str]] = {
    "truncated": ("w.safetensors", _truncated, "not a whole safetensors file"),
    "corrupt": ("w.safetensors", _garbage, "not a whole safetensors file"),
    "empty": ("w.pt", _empty, "no torch checkpoint"),
    "truncated checkpoint": ("w.pt", _truncated_checkpoint, "no torch checkpoint"),
    "corrupt checkpoint": ("w.pt", _garbage, "no torch checkpoint"),
    "corrupt caffemodel": ("w.caffemodel", _garbage, "w.caffemodel"),
    "wrong shape": (
        "w.safetensors",
        _changed(lambda found: found.update({"fc2.bias": torch.zeros(11)})),
        "'fc2.bias' has shape (11,)",
    ),
    "missing key": ("w.safetensors", _changed(lambda found: found.pop("fc1.weight")), "1 missing ('fc1.weight')"),
    "nan": ("w.safetensors", _changed(lambda found: found["conv1.bias"].fill_(float("nan"))), "'conv1.bias'"),
    "pickle bomb": ("w.pt", _bomb, "holds more than tensors"),
}


@pytest.mark.parametrize("kind", WEIGHTS)
def test_weights(adequate: Command, weights: Path, kind: str, tmp_path: Path) -> None:
    name, make, expected = WEIGHTS[kind]
    make(weights, tmp_path / name)
    answer = adequate("evaluate", "digits-cnn", "--weights", tmp_path / name, "--data", "digits")
    assert answer.code == FAILED
    assert expected in answer.complaint
    assert not Path("exploded").exists()


def test_a_bomb_would_have_exploded(tmp_path: Path) -> None:
    _bomb(tmp_path, tmp_path / "w.pt")
    torch.load(tmp_path / "w.pt", weights_only=False)
    assert Path("exploded").exists()


def test_condensed_weights_of_another_network(adequate: Command, run_folder: Path, tmp_path: Path) -> None:
    from adequate.storage import load_tensors, save_tensors

    tensors, metadata = load_tensors(run_folder / "weights.safetensors")
    save_tensors(tmp_path / "w.safetensors", {f"x.{name}": one for name, one in tensors.items()}, metadata)
    answer = adequate("evaluate", "digits-cnn", "--weights", "w.safetensors", "--data", "digits")
    assert answer.code == FAILED
    assert "w.safetensors" in answer.complaint


MISUSES = {
    "no such network": (("evaluate", "lenet5", "--data", "digits"), "no such network 'lenet5'; there are lenet,"),
    "no such data": (("evaluate", "digits-cnn", "--data", "digit"), "no data set 'digit'"),
    "no such folder": (("evaluate", "digits-cnn", "--data", "./nowhere"), "no data set './nowhere'"),
    "no such weights": (("evaluate", "digits-cnn", "--data", "digits", "--weights", "x.pt"), "'x.pt' does not exist"),
    "no such design": (("evaluate", "digits-cnn", "--data", "digits", "--design", "x.json"), "'x.json' does not exist"),
    "no such format": (("condense", "digits-cnn", "--data", "digits", "--run", "r", "--format", "fp8"), "'fp8'"),
    "no such option": (("trace", "lenet", "--weight", "x"), "--weight"),
    "no such command": (("traces",), "'traces'"),
    "no such study": (
        ("study", "gysel"),
        "no such study 'gysel'; there are dataflows, elements, eyeriss, exploration, laconic, proxsim",
    ),
    "no such table": (("study", "ristretto", "--table", "9.9"), "no such table '9.9'"),
    "no such run": (("report", "nowhere"), "'nowhere' does not exist"),
    "no model": (("trace",), "MODEL"),
    "no data": (("evaluate", "digits-cnn"), "--data"),
    "no weights of its own": (("evaluate", "lenet", "--data", "digits"), "lenet has no weights of its own"),
    "no such file of a network": (("trace", "net.onnx"), "'net.onnx' does not exist"),
    "another kind of file": (("trace", "net.tflite"), "files (.onnx, .pt2, .prototxt)"),
    "another image shape": (
        ("condense", "resnet20", "--data", "digits", "--run", "r", "--weights", "W"),
        "3 x 32 x 32",
    ),
    "own preprocessing": (("evaluate", "digits-cnn", "--data", "digits", "--scale", "2"), "--scale"),
    "design and bits": (
        ("evaluate", "digits-cnn", "--weights", "W", "--data", "digits", "--design", "D", "--bits", "8"),
        "not both",
    ),
    "no design": (("compare", "digits-cnn", "--weights", "W", "--data", "digits"), "--design FILE or --bits B"),
    "margin is no number": (
        ("condense", "digits-cnn", "--data", "digits", "--run", "r", "--margin", "nan"),
        "--margin",
    ),
    "margin below zero": (("condense", "digits-cnn", "--data", "digits", "--run", "r", "--margin", "-1"), "--margin"),
    "shape": (("trace", "torch.nn:ReLU", "--shape", "3x3"), "--shape takes"),
    "shape of the wrong length": (("trace", "torch.nn:ReLU", "--shape", "3,3"), "--shape takes"),
    "no design in the folder": (("diff", ".", "."), "no design in ."),
}


@pytest.mark.parametrize("kind", MISUSES)
def test_wrong_use(adequate: Command, kind: str, weights: Path, run_folder: Path) -> None:
    arguments, expected = MISUSES[kind]
    files = {"W": weights, "D": run_folder / "design.json"}
    answer = adequate(*(files.get(one, one) for one in arguments))
    assert answer.code == MISUSED
    assert expected in answer.complaint
    assert not Path("r").exists()


DATA = {
    "labels out of range": (
        "import torch\ndef made():\n    return torch.zeros(20, 1, 8, 8), torch.arange(20)\n",
        "label 10 of image 10 is none of the network's 10 classes",
    ),
    "negative labels": (
        "import torch\ndef made():\n    return torch.zeros(20, 1, 8, 8), torch.arange(20) - 3\n",
        "negative label",
    ),
    "empty": ("import torch\ndef made():\n    return torch.zeros(0, 1, 8, 8), torch.zeros(0).long()\n", "is empty"),
    "nan": (
        "import torch\ndef made():\n    return torch.full((2, 1, 8, 8), float('nan')), torch.tensor([0, 1])\n",
        "NaN",
    ),
    "no images": ("def made():\n    return 3\n", "must return"),
    "broken module": ("def made(:\n", "cannot import"),
    "no such function": ("", "has no 'made'"),
}


@pytest.mark.parametrize("kind", DATA)
def test_data(adequate: Command, weights: Path, module: Callable[[str], str], kind: str) -> None:
    source, expected = DATA[kind]
    answer = adequate("evaluate", "digits-cnn", "--weights", weights, "--data", f"{module(source)}:made")
    assert answer.code == FAILED
    assert expected in answer.complaint


def test_a_folder_without_images(adequate: Command, weights: Path) -> None:
    Path("images").mkdir()
    answer = adequate("evaluate", "digits-cnn", "--weights", weights, "--data", "images")
    assert answer.code == MISUSED
    assert "no images in images" in answer.complaint


def test_a_model_that_is_none(adequate: Command, module: Callable[[str], str]) -> None:
    name = module("def made():\n    return 3\n")
    answer = adequate("evaluate", f"{name}:made", "--data", "digits")
    assert answer.code == FAILED
    assert "must return a torch.nn.Module, not int" in answer.complaint


DESIGNS = {
    "of another network": (
        '{"adequate_design": 1, "layers": {"ip1": {"weight": "fixed(8,7)"}}}',
        "design.json does not fit the network: no such layer 'ip1'",
    ),
    "slot a layer has not": (
        '{"adequate_design": 1, "layers": {"relu1": {"weight": "fixed(8,7)"}}}',
        "layer 'relu1' (relu) has no weight",
    ),
    "unknown slot": ('{"adequate_design": 1, "layers": {"conv1": {"wait": "fixed(8,7)"}}}', "'wait'"),
    "unknown format": ('{"adequate_design": 1, "layers": {"conv1": {"weight": "fixed8"}}}', "fixed8"),
    "newer": ('{"adequate_design": 99, "layers": {}}', "version 99 is newer"),
    "no JSON": ("{", "not JSON"),
    "no design": ("[1, 2]", "not a design"),
    "deeply nested": ("[" * 100_000, "not JSON"),
}


OTHERS = [
    pytest.param(command, kind, marks=() if kind == "newer" else pytest.mark.slow)
    for command in ("compare", "finetune")
    for kind in DESIGNS
]


@pytest.mark.parametrize(("command", "kind"), [*(("evaluate", kind) for kind in DESIGNS), *OTHERS])
def test_designs(adequate: Command, digits: Options, kind: str, command: str) -> None:
    text, expected = DESIGNS[kind]
    Path("design.json").write_text(text)
    more = ("--epochs", 1, "--run", "run") if command == "finetune" else ()
    answer = adequate(command, *digits, "--design", "design.json", *more)
    assert answer.code == FAILED
    assert expected in answer.complaint
    assert not Path("run").exists()


def test_a_design_that_is_no_text(adequate: Command) -> None:
    Path("design.json").write_bytes(b"\xff\xfe\x00")
    assert "not text" in adequate("diff", "design.json", "design.json").complaint


def test_nothing_keeps_the_margin(adequate: Command, digits: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    from adequate import condensing

    def nothing(*_: object):
        yield [Design()]

    monkeypatch.setitem(condensing.FORMATS, "minifloat", nothing)
    answer = adequate("condense", *digits, "--format", "minifloat", "--run", "run")
    assert answer.code == FAILED
    assert answer.complaint.startswith("no minifloat design keeps digits-cnn within 1 points")


CORRUPT = {
    "run.json": b"{",
    "trials.db": b"this is no database" * 100,
    "ranges.json": b"{}",
}


@pytest.mark.parametrize("name", CORRUPT)
def test_a_corrupt_run(adequate: Command, digits: Options, run_folder: Path, name: str) -> None:
    (run_folder / name).write_bytes(CORRUPT[name])
    answer = adequate("condense", *digits, "--format", "static_fixed", "--finetune", 1, "--run", run_folder)
    assert answer.code == FAILED
    assert name in answer.complaint
    assert (run_folder / name).read_bytes() == CORRUPT[name]


def test_a_newer_run(adequate: Command, run_folder: Path) -> None:
    facts = json.loads((run_folder / "run.json").read_text())
    (run_folder / "run.json").write_text(json.dumps({**facts, "adequate_run": 99}))
    assert "version 99" in adequate("report", run_folder).complaint


def test_a_folder_that_is_no_run(adequate: Command) -> None:
    Path("folder").mkdir()
    assert "no folder of a run" in adequate("report", "folder").complaint


@pytest.fixture
def unprivileged(weights: Path) -> Iterator[Path]:
    """A folder with weights and a read-only folder in it, and for its time no privileges that override permissions."""
    folder = Path(tempfile.mkdtemp())
    shutil.copy(weights, folder / "w.safetensors")
    (folder / "locked").mkdir(mode=0o555)
    folder.chmod(0o755)
    os.chdir(folder)
    privileged = os.geteuid() == 0
    try:
        if privileged:
            os.seteuid(65534)
        yield folder
    finally:
        if privileged:
            os.seteuid(0)
        (folder / "locked").chmod(0o755)
        shutil.rmtree(folder)


def test_a_read_only_run_folder(adequate: Command, unprivileged: Path) -> None:
    answer = adequate("condense", "digits-cnn", "--weights", "w.safetensors", "--data", "digits", "--run", "locked/run")
    assert answer.code == FAILED
    assert answer.complaint == "locked/run: Permission denied"
    assert not (unprivileged / "locked" / "run").exists()


def test_a_run_folder_that_is_a_file(adequate: Command, digits: Options) -> None:
    Path("run").touch()
    answer = adequate("condense", *digits, "--run", "run/deeper")
    assert answer.code == FAILED
    assert "Not a directory" in answer.complaint


@pytest.mark.parametrize(
    "size", [pytest.param(100, marks=pytest.mark.slow), 20_000, pytest.param(40_000, marks=pytest.mark.slow)]
)
def test_a_full_disk(adequate: Command, digits: Options, condensed: Finished, size: int) -> None:
    """No file may grow beyond ``size`` bytes, which fails like a full disk, at the record, the trials, the weights."""
    options = ("condense", *digits, "--format", "static_fixed", "--finetune", 1, "--run", "run")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        answer = adequate(*options)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert answer.code == FAILED
    assert "run/" in answer.complaint
    assert not list(Path("run").rglob(".*"))
    assert adequate(*options).code == 0
    for name in ("design.json", "weights.safetensors"):
        assert (Path("run") / name).read_bytes() == (condensed[0] / name).read_bytes()


def test_debug_shows_the_traceback() -> None:
    Path("design.json").write_text("{")
    command = [sys.executable, "-m", "adequate.cli", "diff", "design.json", "design.json", "--debug"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == FAILED
    assert "Traceback" in done.stderr
    assert done.stdout == ""


def test_a_closed_pipe_is_quiet() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    Design().save("design.json")
    command = [sys.executable, "-m", "adequate.cli", "diff", "design.json", "design.json", "--json"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (FAILED, "")


def test_a_defect_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only expected errors become one line: the negative control of everything above."""

    def broken(*_: object) -> str:
        raise AssertionError("a defect")

    monkeypatch.setattr("adequate.design.difference", broken)
    Design().with_layers("conv1", weight=Fixed(8, 4)).save("design.json")
    with pytest.raises(AssertionError, match="a defect"):
        main(["diff", "design.json", "design.json"])
