"""What mutated files have found, once each: every one is now refused in one line that names the file."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from onnx import ModelProto, TensorProto, parser
from safetensors.torch import save
from torch import nn
from torch.export import export
from torch.export import save as save_program

from adequate.network.reading import read
from adequate.run import Run
from adequate.storage import load_tensors


def refused(door: Callable[[Path], object], path: Path, content: bytes) -> str:
    """The line that refuses a file."""
    path.write_bytes(content)
    with pytest.raises(ValueError, match=".") as caught:
        door(path)
    message = str(caught.value)
    assert str(path) in message
    assert message.isprintable()
    return message


def model(body: str, inputs: str = "float[N,4] x", constants: str = "") -> ModelProto:
    return parser.parse_model(
        f'<ir_version: 8, opset_import: ["" : 17]> net ({inputs}) => (float[A] y) {constants} {body}'
    )


def test_names_that_are_not_text(tmp_path: Path) -> None:
    content = model("{ [named] y = Relu (x) }").SerializeToString().replace(b"named", b"\xff\xfe\xfd\xfc\xfb")
    assert "is not UTF-8 text" in refused(read, tmp_path / "model.onnx", content)


def test_operators_that_are_not_printable(tmp_path: Path) -> None:
    content = model("{ [relu] y = Relu (x) }").SerializeToString().replace(b"Relu", b"R\x1b[2")
    assert r"'R\x1b[2' 'relu' is not supported" in refused(read, tmp_path / "model.onnx", content)
    text = 'input: "x" input_dim: [1, 1, 2, 2] layer { name: "a" type: "\x1b[2J" bottom: "x" top: "a" }'
    assert r"'\x1b[2J' ('a')" in refused(read, tmp_path / "net.prototxt", text.encode())


@pytest.mark.parametrize("inputs", ["float[1,268435456] x", "double[4096,8193] x", f"float[{','.join('1' * 40)}] x"])
def test_inputs_that_no_machine_should_make(tmp_path: Path, inputs: str) -> None:
    content = model("{ y = Relu (x) }", inputs).SerializeToString()
    assert "input 'x': " in refused(read, tmp_path / "model.onnx", content)


def test_inputs_that_are_large_together(tmp_path: Path) -> None:
    names = [f"x{i}" for i in range(3)]
    proto = model(f"{{ y = Sum ({', '.join(names)}) }}", ", ".join(f"float[1,30000000] {name}" for name in names))
    assert "343 MiB are too many" in refused(read, tmp_path / "model.onnx", proto.SerializeToString())


def test_shapes_beyond_any_address(tmp_path: Path) -> None:
    proto = model("{ y = Add (x, w) }", constants="<float[1] w = {1.0}>")
    proto.graph.initializer[0].CopyFrom(TensorProto(name="w", data_type=1, dims=[0, 2**40, 2**40]))
    assert "a tensor of shape (0, 1" in refused(read, tmp_path / "model.onnx", proto.SerializeToString())


def test_sequences_without_end(tmp_path: Path) -> None:
    """Traced step by step, this one took minutes."""
    weights = "<float[1,4,1] w = {1.0, 1.0, 1.0, 1.0}, float[1,4,1] r = {1.0, 1.0, 1.0, 1.0}>"
    proto = model("{ [lstm] y = LSTM <hidden_size = 1> (x, w, r) }", "float[1048576,N,1] x", weights)
    assert "a sequence of more than 2048 steps" in refused(read, tmp_path / "model.onnx", proto.SerializeToString())


def test_torch_does_not_print_what_it_raises(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    proto = model("{ y = LayerNormalization (x, w) }", constants="<float[3] w = {1.0, 1.0, 1.0}>")
    refused(read, tmp_path / "model.onnx", proto.SerializeToString())
    assert capfd.readouterr() == ("", "")


def test_programs_whose_members_lie_before_the_file(tmp_path: Path) -> None:
    path = tmp_path / "program.pt2"
    save_program(export(nn.ReLU(), (torch.zeros(2),)), path)
    assert refused(read, path, path.read_bytes()[100:])


@pytest.mark.parametrize(
    ("sizes", "layer"),
    [
        ("1, 256, 1024, 1024", 'type: "ReLU"'),
        ("1, 16384", 'type: "InnerProduct" inner_product_param { num_output: 16384 }'),
    ],
)
def test_nets_that_no_machine_should_make(tmp_path: Path, sizes: str, layer: str) -> None:
    """These took three GiB."""
    text = f'input: "x" input_shape {{ dim: [{sizes}] }} layer {{ name: "a" bottom: "x" top: "a" {layer} }}'
    assert "brings the net beyond" in refused(read, tmp_path / "net.prototxt", text.encode())


def test_json_that_is_too_deep(tmp_path: Path) -> None:
    deep = b"[" * 50_000 + b"]" * 50_000
    assert refused(lambda path: Run(path.parent).ranges(), tmp_path / "ranges.json", deep)
    assert refused(lambda path: Run(path.parent).facts(), tmp_path / "run.json", deep)


def test_texts_that_are_quoted(tmp_path: Path) -> None:
    record = json.dumps({"identity": {}, "adequate_run": "\x1b[2J\n"}).encode()
    assert refused(lambda path: Run(path.parent).facts(), tmp_path / "run.json", record)
    stored = save({"w": torch.zeros(1)}).replace(b'"F32"', b'"\\n1"')
    assert refused(load_tensors, tmp_path / "w.safetensors", stored)
