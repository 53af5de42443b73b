"""Exported graphs run by other tools, in float32: onnxruntime, and QONNX's operators where it does not know them."""

import warnings
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor

from adequate.exporters.qonnx import DOMAIN


def run_onnx(path: Path, images: Tensor) -> list[Tensor]:
    """What onnxruntime computes, node by node as the file has them: its optimisations change the order of operations.

    Raises:
        ImportError: onnxruntime is not installed.
        ValueError: it refuses the graph.
    """
    model = onnx.load(path)
    return [torch.from_numpy(one) for one in _run(model, {model.graph.input[0].name: images.numpy()})]


def run_qonnx(path: Path, images: Tensor) -> list[Tensor]:
    """What QONNX's operators and onnxruntime's compute, one node after the other.

    Raises:
        ImportError: qonnx or onnxruntime is not installed.
        ValueError: they refuse a node.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own import
        from qonnx.custom_op.registry import getCustomOp
    model = onnx.load(path)
    graph, domains = model.graph, list(model.opset_import)
    values: dict[str, Any] = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    values[graph.input[0].name] = images.numpy()
    for node in graph.node:
        if node.domain == DOMAIN:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # NumPy's, of what is cut off
                getCustomOp(node).execute_node(values, graph)
            continue
        given = {name: values[name] for name in node.input if name}
        inputs = [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(one.dtype), one.shape)
            for name, one in given.items()
        ]
        alone = helper.make_graph([node], "node", inputs, [onnx.ValueInfoProto(name=name) for name in node.output])
        made = helper.make_model(alone, opset_imports=domains, ir_version=model.ir_version)
        values |= zip(node.output, _run(made, given), strict=True)
    return [torch.from_numpy(values[one.name]) for one in graph.output]


def _run(model: onnx.ModelProto, given: Mapping[str, Any]) -> list[Any]:
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as errors  # pyright: ignore[reportAttributeAccessIssue]

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3  # errors, which are raised too
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return list(session.run(None, dict(given)))
    except (errors.Fail, errors.InvalidArgument, errors.InvalidGraph, errors.NotImplemented) as error:
        raise ValueError(f"onnxruntime {version('onnxruntime')}: {str(error).splitlines()[0]}") from None
