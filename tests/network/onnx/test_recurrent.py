"""LSTM, GRU and RNN: equal to onnxruntime's, and refused where operands do not fit: torch would read beyond them."""

from pathlib import Path

import numpy as np
import pytest
from onnx import helper

from adequate.network.onnx import read_onnx
from tests.network.onnx.models import by_onnxruntime, model_of, normal, saved, tensors

FAMILIES = [("LSTM", 4), ("GRU", 3), ("RNN", 1)]


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize(("operator", "gates"), FAMILIES)
def test_recurrent_layers_compute_what_onnxruntime_computes(
    operator: str, gates: int, direction: str, tmp_path: Path
) -> None:
    count, hidden = 2 if direction == "bidirectional" else 1, 5
    constants = {
        "w": normal(count, gates * hidden, 3),
        "r": normal(count, gates * hidden, hidden, seed=1),
        "b": normal(count, 2 * gates * hidden, seed=2),
    }
    attributes = {"linear_before_reset": 1} if operator == "GRU" else {}
    outputs = ["y", "h", "c"][: 3 if operator == "LSTM" else 2]
    node = helper.make_node(
        operator, ["x", "w", "r", "b"], outputs, hidden_size=hidden, direction=direction, **attributes
    )
    inputs = {"x": normal(7, 2, 3)}
    path = saved(model_of([node], inputs, constants, outputs), tmp_path)
    results = read_onnx(path)[0](*tensors(inputs))
    for result, wanted in zip(results, by_onnxruntime(path, inputs), strict=True):
        np.testing.assert_allclose(result.detach().numpy(), wanted, rtol=1e-4, atol=1e-6)  # float32, other sums


@pytest.mark.parametrize(
    ("operand", "shape"),
    [
        ("x", (7, 2, 4)),
        ("x", (7, 2)),
        ("x", (0, 2, 3)),
        ("w", (1, 0, 3)),
        ("w", (1, 12, 4)),
        ("w", (0, 12, 3)),
        ("w", (12,)),
        ("r", (1, 24, 1)),
        ("r", (1, 12, 0)),
        ("b", (1, 6)),
        ("b", ()),
        ("h", (1, 5, 1)),
        ("h", (2, 2, 1)),
        ("h", (1, 2, 9)),
    ],
)
@pytest.mark.parametrize(("operator", "gates"), FAMILIES)
def test_recurrent_operands_that_do_not_fit_are_refused(
    operator: str, gates: int, operand: str, shape: tuple[int, ...], tmp_path: Path
) -> None:
    """Sizes around those that fit: 12 rows, of one, of three or of four gates."""
    hidden = 12 // gates
    shapes = {"x": (7, 2, 3), "w": (1, 12, 3), "r": (1, 12, hidden), "b": (1, 24), "h": (1, 2, hidden)}
    arrays = {name: normal(*fits) for name, fits in (shapes | {operand: shape}).items()}
    attributes = {"linear_before_reset": 1} if operator == "GRU" else {}
    node = helper.make_node(operator, ["x", "w", "r", "b", "", "h"], ["y"], name="node", **attributes)
    inputs = {name: arrays.pop(name) for name in ("x", "h")}
    path = saved(model_of([node], inputs, arrays), tmp_path)
    with pytest.raises(ValueError, match="'node'"):
        read_onnx(path)[0](*tensors(inputs))


@pytest.mark.parametrize("kind", [np.float64, np.int64, np.float16])
@pytest.mark.parametrize(("operator", "gates"), FAMILIES)
def test_recurrent_weights_of_another_type_are_refused(operator: str, gates: int, kind: type, tmp_path: Path) -> None:
    constants = {"w": normal(1, gates * 2, 3).astype(kind), "r": normal(1, gates * 2, 2)}
    attributes = {"linear_before_reset": 1} if operator == "GRU" else {}
    node = helper.make_node(operator, ["x", "w", "r"], ["y"], name="node", **attributes)
    inputs = {"x": normal(7, 2, 3)}
    path = saved(model_of([node], inputs, constants), tmp_path)
    with pytest.raises(ValueError, match="'node'"):
        read_onnx(path)[0](*tensors(inputs))
