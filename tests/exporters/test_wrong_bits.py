"""One wrong number in an export is found by its verification: graphs, and programs as files of integers.

C++ and Verilog have the same tests beside their own.
"""

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from torch import nn

from adequate import dynamic_fixed, profile, trace
from adequate.exporters import export_graph, export_integers, export_onnx, export_qonnx, verify_graph, verify_integers
from adequate.exporters.graph_folder import GRAPH
from adequate.exporters.program_file import ARRAYS, PROGRAM
from adequate.program import ToFixed
from tests.exporters.sketch import Sketch, images


@pytest.fixture
def integers(tmp_path: Path) -> Path:
    """A convolution, its rounding and a table of all numbers that it leaves."""
    sketch, random = Sketch(), np.random.default_rng(0)
    x = sketch.input("x", (1, 2, 4, 4), -8, 7)
    sums = sketch.convolve("conv", x, sketch.constant("w", random.integers(-8, 8, (3, 2, 3, 3))))
    y = sketch.round("round", sums, [Fraction(1, 64)], ToFixed(-4, 3))
    program = sketch.program(sketch.table("table", y, random.integers(-99, 99, 8).tolist()))
    export_integers(program, tmp_path / "npz", images=images(program, 20))
    assert verify_integers(tmp_path / "npz")
    return tmp_path / "npz"


def flip(arrays: dict[str, Any], name: str) -> None:
    arrays[name].reshape(-1)[arrays[name].size // 2] ^= 1


@pytest.mark.parametrize(("field", "layer"), [("integers", "conv"), ("entries", "table")], ids=["weight", "table"])
def test_a_wrong_weight_or_entry_of_a_program_is_found(field: str, layer: str, integers: Path) -> None:
    file = integers / ARRAYS
    with np.load(file) as stored:
        arrays = {name: stored[name] for name in stored.files}
    (name,) = [one for one in arrays if one.endswith(field)]
    flip(arrays, name)
    np.savez(file, **arrays)
    found = verify_integers(integers)
    assert found.mismatch is not None
    assert found.mismatch.layer == layer


def test_a_wrong_shift_of_a_program_is_found(integers: Path) -> None:
    file = integers / PROGRAM
    text = json.loads(file.read_text())
    (step,) = [one for one in text["steps"] if one["step"] == "Round"]
    assert step["factor"] == [{"fraction": "1/64"}]
    step["factor"] = [{"fraction": "1/32"}]
    file.write_text(json.dumps(text))
    found = verify_integers(integers)
    assert found.mismatch is not None
    assert found.mismatch.layer == "round"


Change = Callable[[Any], Any]


def is_weight(array: Any) -> bool:
    return array.ndim == 4


def is_scale(array: Any) -> bool:
    return array.ndim == 0 and array.dtype == np.float32 and 0 < array < 1


def another(array: Any) -> Any:
    """One weight with its lowest bit the other way: of an integer, or of a multiple of the smallest one there is."""
    flat = array.reshape(-1).copy()
    flat[3] += 1 if flat.dtype.kind in "iu" else np.abs(flat[flat != 0]).min()
    return flat.reshape(array.shape)


@pytest.mark.parametrize("kind", ["qonnx", "onnx"])
@pytest.mark.parametrize(
    ("wanted", "change"), [(is_weight, another), (is_scale, lambda one: one * 2)], ids=["weight", "shift"]
)
def test_a_wrong_number_of_a_graph_is_found(kind: str, wanted: Change, change: Change, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model, batch = nn.Sequential(nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(12, 4)).eval(), torch.randn(20, 2, 4, 4)
    network = trace(model, batch)
    design = dynamic_fixed(profile(network, [(batch, torch.zeros(20))]), 8)
    export_graph(
        network, design, tmp_path / kind, kind, {"qonnx": export_qonnx, "onnx": export_onnx}[kind], images=batch
    )
    assert verify_graph(tmp_path / kind)
    graph = onnx.load(tmp_path / kind / GRAPH)
    chosen = next(one for one in graph.graph.initializer if wanted(numpy_helper.to_array(one)))
    array = change(numpy_helper.to_array(chosen))
    chosen.CopyFrom(numpy_helper.from_array(np.asarray(array), chosen.name))
    onnx.save(graph, tmp_path / kind / GRAPH)
    assert not verify_graph(tmp_path / kind)
