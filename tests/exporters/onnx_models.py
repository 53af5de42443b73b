"""Exported files read back, and run by onnxruntime."""

from pathlib import Path

import onnx
import onnxruntime
import torch
from torch import Tensor

from adequate.design import Design, LayerDesign
from adequate.emulation import emulate
from adequate.exporters.onnx_formats import simplest
from adequate.formats import Format
from adequate.network import Network
from adequate.network.reading import read


def run(path: Path, *inputs: Tensor) -> list[Tensor]:
    """What onnxruntime computes, node by node as the file has them."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()]
    given = {name: x.numpy() for name, x in zip(names, inputs, strict=True)}
    return [torch.from_numpy(y) for y in session.run(None, given)]  # type: ignore[arg-type]


def spelt(network: Network, design: Design) -> Design:
    """The design with every format in its simplest form."""
    return Design({name: _spelt(network, name, chosen) for name, chosen in design.items()})


def _spelt(network: Network, name: str, chosen: LayerDesign) -> LayerDesign:
    layer = network[name]
    ranks = {
        "input": len(layer.input_shapes[0]),
        "weight": len(layer.weight_shape or layer.input_shapes[-1]),
        "output": len(layer.output_shape),
    }
    slots = {slot: simplest(f, ranks[slot]) for slot, f in chosen.slots().items() if isinstance(f, Format)}
    return LayerDesign(**slots)  # pyright: ignore[reportArgumentType]


def check_round_trip(path: Path, network: Network, design: Design, *inputs: Tensor) -> Network:
    """A valid file, read as the same design, which computes the same, bit for bit."""
    onnx.checker.check_model(path, full_check=False)
    again, said = read(path)
    assert said == spelt(network, design)
    expected, got = (emulate(*one)(*inputs) for one in ((network, design), (again, said)))
    for a, b in zip(_listed(expected), _listed(got), strict=True):
        assert torch.equal(a, b)
    return again


def _listed(outputs: object) -> list[Tensor]:
    return [outputs] if isinstance(outputs, Tensor) else list(outputs)  # type: ignore[call-overload]
