"""Small files that ask for much: refused before anything is computed, or left to the model."""

from pathlib import Path

import numpy as np
import pytest
from onnx import NodeProto, helper

from adequate.network.onnx import module_of, read_graph, read_onnx
from tests.network.onnx.models import model_of, normal, saved


def test_folding_stays_within_its_budget(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["c"], name="huge"),
        helper.make_node("Add", ["x", "c"], ["y"]),
    ]
    path = saved(model_of(nodes, {"x": normal(1)}, {"shape": np.array([1 << 20, 1 << 20])}), tmp_path)
    with pytest.raises(ValueError, match="'huge' would make constants of 4194304 MiB"):
        read_onnx(path)


def fill(name: str = "big") -> NodeProto:
    return helper.make_node("ConstantOfShape", ["shape"], [name])


def doubled(operator: str, times: int, **attributes: int) -> list[NodeProto]:
    """A size, again and again with itself."""
    pairs = [helper.make_node(operator, [f"v{i}"] * 2, [f"v{i + 1}"], **attributes) for i in range(times)]
    return [
        helper.make_node("Shape", ["x"], ["v0"]),
        *pairs,
        helper.make_node("Reshape", ["x", f"v{times}"], ["y"], name="end"),
    ]


def repeated(count: int) -> list[NodeProto]:
    """One large constant, read many times."""
    sums = [helper.make_node("ReduceMax", ["big"], [f"m{i}"], keepdims=0) for i in range(count)]
    return [fill(), *sums, helper.make_node("Sum", ["x", *(f"m{i}" for i in range(count))], ["y"])]


def scaled(count: int) -> list[NodeProto]:
    """One matrix, many times with another factor."""
    nodes = [helper.make_node("Gemm", ["x", "w"], [f"y{i}"], alpha=1 + i / count) for i in range(count)]
    return [*nodes, helper.make_node("Sum", [f"y{i}" for i in range(count)], ["y"])]


@pytest.mark.parametrize(
    ("nodes", "shape", "message"),
    [
        (
            [fill(), helper.make_node("MatMul", ["big", "big"], ["y"], name="b")],
            [5000, 5000],
            "'b' would take 2.5e.11 steps",
        ),
        (repeated(100), [1 << 25], "would take .* steps"),
        (scaled(200), [1], "Gemm .* would make constants of 4 MiB"),
    ],
    ids=["products", "reductions", "factors"],
)
def test_work_on_constants_is_bounded(nodes: list[NodeProto], shape: list[int], message: str, tmp_path: Path) -> None:
    constants = {"shape": np.array(shape), "w": normal(1000, 1000)}
    path = saved(model_of(nodes, {"x": normal(1, 1000)}, constants), tmp_path)
    with pytest.raises(ValueError, match=message):
        read_onnx(path)


@pytest.mark.parametrize(("operator", "attributes"), [("Mul", {}), ("Concat", {"axis": 0})])
def test_numbers_computed_from_sizes_are_bounded(operator: str, attributes: dict[str, int], tmp_path: Path) -> None:
    """3 squared 80 times has some 10^24 bits; a vector doubled 60 times some 10^18 numbers."""
    times = 80 if operator == "Mul" else 60
    path = saved(model_of(doubled(operator, times, **attributes), {"x": normal(3)}), tmp_path)
    module, example = read_onnx(path)
    with pytest.raises(ValueError, match="64 bits|numbers computed from sizes"):
        module(*example)


def test_windows_over_constants_are_left_to_the_model(tmp_path: Path) -> None:
    """Here 10^15 comparisons."""
    nodes = [
        fill(),
        helper.make_node("MaxPool", ["big"], ["m"], name="pool", kernel_shape=[5000, 5000]),
        helper.make_node("Add", ["x", "m"], ["y"]),
    ]
    path = saved(model_of(nodes, {"x": normal(1)}, {"shape": np.array([1, 1, 8000, 8000])}), tmp_path)
    assert "pool" in dict(module_of(read_graph(path)).named_modules())


def test_outputs_that_nobody_names_are_not_made(tmp_path: Path) -> None:
    node = helper.make_node("Split", ["x"], ["y"], name="parts", num_outputs=2**40)
    path = saved(model_of([node], {"x": normal(4)}, opset=18), tmp_path)
    with pytest.raises(ValueError, match="'parts' has num_outputs = 1099511627776 and 1 outputs"):
        read_onnx(path)
