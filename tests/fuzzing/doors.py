"""The readers as a user meets them, by name; each is handed a file.

A network's symbolic run costs a hundred times what reading costs: ``onnx``, ``pt2`` and ``prototxt`` stop before it,
their ``whole`` kin go on to the ``Network``.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from torch import nn

import adequate as aq
from adequate.network.caffe import read_prototxt
from adequate.network.onnx import example_inputs, module_of, read_graph
from adequate.network.onnx.quantized import take_formats
from adequate.network.pt2 import read_pt2
from adequate.network.reading import read
from adequate.run import Run
from adequate.zoo import SubtractMeanImage, load_weights
from adequate.zoo.deep_compression import load_compressed


def trained_on() -> nn.Module:
    """The module whose weights the seeds hold."""
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(12, 2))


def shared() -> nn.Module:
    """The module whose pruned and shared weights the seed holds."""
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Conv2d(3, 2, 1))


def onnx(path: Path) -> object:
    """All of ``aq.read`` but the symbolic run."""
    graph = read_graph(path)
    try:
        taken = take_formats(graph)
        return module_of(taken.graph), example_inputs(taken.graph)
    except ValueError as error:
        raise ValueError(f"{path} cannot be read: {error}") from error


def prototxt_with_weights(path: Path) -> object:
    """A network whose weights lie beside it."""
    return read_prototxt(path, path.with_suffix(".caffemodel"))


def ranges(path: Path) -> object:
    """The ranges in a run's folder."""
    return Run(path.parent).ranges()


DOORS: Mapping[str, Callable[[Path], object]] = {
    "onnx": onnx,
    "whole onnx": read,
    "pt2": read_pt2,
    "whole pt2": read,
    "prototxt": read_prototxt,
    "prototxt with weights": prototxt_with_weights,
    "whole prototxt": read,
    "mean image": SubtractMeanImage.read,
    "weights": lambda path: load_weights(trained_on(), path),
    "compressed weights": lambda path: load_compressed(shared(), path),
    "design": aq.Design.load,
    "ranges": ranges,
    "facts of a run": lambda path: Run(path.parent).facts(),
}
