"""The door: from an ONNX file to a module and inputs to try it with."""

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor, nn

from adequate.network.onnx.example import example_inputs
from adequate.network.onnx.module import module_of
from adequate.network.onnx.reading import read_graph


def read_onnx(path: str | Path, shape: Sequence[int] | None = None) -> tuple[nn.Module, tuple[Tensor, ...]]:
    """The module an ONNX file describes, and zeros of its declared input shapes.

    ``shape`` are the sizes of the first input, where the file leaves some free; else those are 1.

    Raises:
        OSError: the file, or one with its tensors, cannot be read.
        ValueError: the file is no ONNX model, or has nodes that are not supported: all of them are named.
    """
    graph = read_graph(Path(path))
    try:
        return module_of(graph), example_inputs(graph, shape)
    except ValueError as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
