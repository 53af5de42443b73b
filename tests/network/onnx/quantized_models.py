"""Small quantised ONNX models, written by hand, and what onnxruntime makes of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from adequate.network.onnx.graph import OnnxGraph
from adequate.network.onnx.reading import read_graph

IR_VERSION = 10
"""The newest that onnxruntime reads with every element type used here; onnx itself would write a newer one."""

QONNX = "qonnx.custom_op.general"


def model(
    nodes: Sequence[NodeProto],
    constants: Mapping[str, np.ndarray | TensorProto],
    *,
    shape: Sequence[int | str] = ("n", 3),
    outputs: Sequence[str] = ("y",),
    opset: int = 21,
) -> ModelProto:
    """A model with one float input ``x``."""
    stored = [
        value if isinstance(value, TensorProto) else numpy_helper.from_array(value, name)
        for name, value in constants.items()
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    domains = [helper.make_opsetid("", opset), helper.make_opsetid(QONNX, 1), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(
        helper.make_graph(nodes, "graph", [x], results, stored), opset_imports=domains, ir_version=IR_VERSION
    )


def qdq(
    name: str, source: str, result: str, scale: str, zero: str = "", clip: Sequence[str] = (), **attributes: Any
) -> list[NodeProto]:
    """QuantizeLinear, Clip if it has limits, DequantizeLinear."""
    end = f"{name}_codes" if not clip else f"{name}_clipped"
    operands = [scale, zero] if zero else [scale]
    nodes = [helper.make_node("QuantizeLinear", [source, *operands], [f"{name}_codes"], f"{name}_q", **attributes)]
    if clip:
        nodes.append(helper.make_node("Clip", [f"{name}_codes", *clip], [end], f"{name}_clip"))
    return [*nodes, helper.make_node("DequantizeLinear", [end, *operands], [result], name, **attributes)]


def quant(
    name: str, source: str, result: str, *constants: str, operator: str = "Quant", **attributes: Any
) -> NodeProto:
    """A QONNX quantiser; ``constants`` are scale, zero point and bit width."""
    return helper.make_node(operator, [source, *constants], [result], name, domain=QONNX, **attributes)


def graph_of(proto: ModelProto, folder: Path) -> OnnxGraph:
    """The graph of a model, through a file."""
    path = folder / "model.onnx"
    onnx.save(proto, path)
    return read_graph(path)


def run(proto: ModelProto, x: np.ndarray) -> list[np.ndarray]:
    """What onnxruntime computes, node by node as the file has them."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})  # type: ignore[return-value]


def single(values: float | Sequence[Any]) -> np.ndarray:
    """A float32 constant."""
    return np.array(values, np.float32)
