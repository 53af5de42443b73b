"""Exported graphs run by onnxruntime and by qonnx, where ``verify`` asks them."""

import sys
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
import torch
from torch import Tensor

import adequate as aq
from adequate.design import Design
from adequate.exporters import export_graph, export_onnx, export_qonnx, second_opinion
from adequate.exporters.graph_folder import GRAPH, VECTORS
from adequate.network import Network, trace
from adequate.storage import load_tensors, save_tensors
from tests.needed import needed_module

Writer = Callable[[Network, Design, Path], None]

TOOLS: list[tuple[str, Writer]] = [("qonnx", export_qonnx), ("onnxruntime", export_onnx)]
IMAGES = 5


@pytest.fixture(params=TOOLS, ids=lambda one: one[0])
def tool(request: pytest.FixtureRequest) -> tuple[str, Writer]:
    """A tool's name, and what writes graphs for it."""
    name: str = request.param[0]
    if name == "qonnx":
        needed_module("qonnx")
    return request.param


def written(tool: tuple[str, Writer], folder: Path, rule: Callable[..., Design]) -> Path:
    """A small network with the rule's 8-bit design, as a graph for the tool."""
    torch.manual_seed(0)
    network, images = trace(aq.entry("digits-cnn").build().eval(), torch.zeros(1, 1, 8, 8)), torch.rand(20, 1, 8, 8)
    design = rule(aq.profile(network, [(images, torch.zeros(20))]), 8)
    name, writer = tool
    export_graph(network, design, folder, "qonnx" if name == "qonnx" else "onnx", writer, images=images[:IMAGES])
    return folder


def changed(folder: Path, change: Callable[[Tensor], Tensor]) -> None:
    """Another expected output."""
    vectors, facts = load_tensors(folder / VECTORS)
    save_tensors(folder / VECTORS, {**vectors, "output 0": change(vectors["output 0"])}, facts)


def first_larger(outputs: Tensor) -> Tensor:
    outputs = outputs.clone()
    outputs[0, 0] += 0.5
    return outputs


def test_powers_of_two_give_the_same_numbers_and_a_wrong_one_is_told(tool: tuple[str, Writer], tmp_path: Path) -> None:
    folder = written(tool, tmp_path / "out", aq.dynamic_fixed)
    found = second_opinion(folder)
    assert found, found
    assert str(found).startswith(f"0 mismatches of {IMAGES * 10} values in {tool[0]} ")
    changed(folder, first_larger)
    found = second_opinion(folder)
    assert not found
    assert str(found).startswith(f"1 of {IMAGES * 10} values differ in {tool[0]} ")
    assert str(found).endswith("by at most 0.5")


def test_a_wrong_weight_is_told(tool: tuple[str, Writer], tmp_path: Path) -> None:
    folder = written(tool, tmp_path / "out", aq.dynamic_fixed)
    model = onnx.load(folder / GRAPH)
    weights = next(one for one in model.graph.initializer if one.name.startswith("fc2.weight"))
    weights.raw_data = bytes(reversed(weights.raw_data)) if tool[0] == "onnxruntime" else bytes(len(weights.raw_data))
    onnx.save(model, folder / GRAPH)
    assert not second_opinion(folder)


def test_where_float32_rounds_a_difference_is_said_and_no_contradiction(tmp_path: Path) -> None:
    folder = written(TOOLS[1], tmp_path / "out", aq.affine)
    before = second_opinion(folder)
    changed(folder, first_larger)
    found = second_opinion(folder)
    assert before
    assert found
    assert "of 50 values differ in onnxruntime" in str(found)
    assert str(found).endswith("it computes in float32, which rounds this design's sums")


def test_a_tool_that_is_missing_or_refuses_the_graph_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = written(TOOLS[1], tmp_path / "out", aq.dynamic_fixed)
    model = onnx.load(folder / GRAPH)
    model.graph.node[0].domain = "elsewhere"
    onnx.save(model, folder / GRAPH)
    assert str(second_opinion(folder)).startswith("not run by onnxruntime ")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert str(second_opinion(folder)) == "onnxruntime is not installed: it could run the graph too"
