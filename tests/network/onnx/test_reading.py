"""Files that are not what they say: one line, and nothing outside their folder."""

import random
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from adequate.network.onnx import read_graph, read_onnx
from tests.network.onnx.models import model_of, normal, saved


def external(folder: Path, location: str, **fields: str) -> Path:
    """A model whose one constant is kept in another file."""
    node = helper.make_node("Add", ["x", "c"], ["y"])
    model = model_of([node], {"x": normal(4)}, {"c": np.zeros(4, np.float32)})
    stored = model.graph.initializer[0]
    stored.ClearField("raw_data")
    stored.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **fields}.items():
        stored.external_data.add(key=key, value=value)
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def test_tensors_beside_the_file_are_read(tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights/c.bin").write_bytes(b"1234" + np.arange(4, dtype="<f4").tobytes())
    graph = read_graph(external(tmp_path, "weights/c.bin", offset="4", length="16"))
    assert graph.constants["c"].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("location", ["../c.bin", "/etc/passwd", "", "link", "a/../../c.bin", "C:\\c.bin", "folder"])
def test_tensors_elsewhere_are_refused(location: str, tmp_path: Path) -> None:
    (tmp_path / "c.bin").write_bytes(bytes(16))
    folder = tmp_path / "models"
    (folder / "folder").mkdir(parents=True)
    (folder / "link").symlink_to(tmp_path / "c.bin")
    with pytest.raises(ValueError, match="model's folder"):
        read_graph(external(folder, location))


@pytest.mark.parametrize("fields", [{"offset": "-1"}, {"offset": "8"}, {"length": "12"}, {"offset": "9" * 30}])
def test_offsets_and_lengths_are_checked(fields: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "c.bin").write_bytes(bytes(16))
    with pytest.raises(ValueError, match="'c'"):
        read_graph(external(tmp_path, "c.bin", **fields))


def test_packed_integers_are_unpacked(tmp_path: Path) -> None:
    """-8, 7, -1: two to a byte, the first in the low bits."""
    model = model_of([helper.make_node("Identity", ["c"], ["y"])], {"x": normal(1)}, opset=21)
    model.graph.initializer.append(TensorProto(name="c", data_type=TensorProto.INT4, dims=[3], raw_data=b"\x78\x0f"))
    graph = read_graph(saved(model, tmp_path))
    assert graph.constants["c"].tolist() == [-8, 7, -1]
    assert graph.narrow == {"c": "int4"}


def test_functions_are_inlined_and_may_not_explode(tmp_path: Path) -> None:
    model = model_of([helper.make_node("f0", ["x"], ["y"], domain="mine")], {"x": normal(3)})
    model.opset_import.append(helper.make_opsetid("mine", 1))
    opsets = list(model.opset_import)
    for level in range(20):
        inner = helper.make_node(f"f{level + 1}", ["t"], ["u"], domain="mine")
        again = helper.make_node(f"f{level + 1}", ["u"], ["v"], domain="mine")
        model.functions.append(helper.make_function("mine", f"f{level}", ["t"], ["v"], [inner, again], opsets))
    relu = helper.make_node("Relu", ["t"], ["v"])
    model.functions.append(helper.make_function("mine", "f20", ["t"], ["v"], [relu], opsets))
    with pytest.raises(ValueError, match="more than 50000 nodes"):
        read_graph(saved(model, tmp_path))
    del model.functions[1:20]
    model.functions[0].node[0].op_type = model.functions[0].node[1].op_type = "f20"
    module, _ = read_onnx(saved(model, tmp_path))
    assert module(torch.tensor([-1.0, 0, 2])).tolist() == [0, 0, 2]


def test_a_mutated_file_is_read_or_refused_in_one_line(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["a"], pads=[1, 0, 1, 1]),
        helper.make_node("Relu", ["a"], ["c"]),
        helper.make_node("AveragePool", ["c"], ["d"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Reshape", ["d", "shape"], ["e"]),
        helper.make_node("Gemm", ["e", "v"], ["y"]),
    ]
    constants = {"w": normal(2, 1, 3, 3), "b": normal(2), "shape": np.array([1, -1]), "v": normal(18, 3)}
    content = model_of(nodes, {"x": normal(1, 1, 6, 7)}, constants).SerializeToString()
    generator, path = random.Random(0), tmp_path / "model.onnx"
    refusals = []
    for _ in range(300):
        broken = bytearray(content)
        for _ in range(generator.randint(1, 8)):
            broken[generator.randrange(len(broken))] = generator.randrange(256)
        path.write_bytes(broken[: generator.choice([len(broken), generator.randrange(len(broken))])])
        try:
            module, example = read_onnx(path)
            with torch.no_grad():
                module(*example)
        except (ValueError, OSError) as error:
            refusals.append(str(error))
    assert len(refusals) > 100  # most mutations hit something
    assert not any("\n" in refusal for refusal in refusals)


@pytest.mark.parametrize("content", [b"", b"no model", b"\x08\x08"])
def test_what_is_no_model_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.onnx"):
        read_graph(path)
    with pytest.raises(OSError, match="absent"):
        read_graph(tmp_path / "absent.onnx")


def test_old_opsets_are_refused(tmp_path: Path) -> None:
    model = model_of([helper.make_node("Relu", ["x"], ["y"])], {"x": normal(1)}, opset=6)
    with pytest.raises(ValueError, match="opset 6 is not supported; 7 to"):
        read_graph(saved(model, tmp_path))
    assert onnx.defs.onnx_opset_version() <= 28
