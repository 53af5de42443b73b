"""From an ONNX graph to a module with a submodule for every node, under the node's name."""

from dataclasses import dataclass

from torch import Tensor, nn

from adequate.network.onnx.batch import free_batch
from adequate.network.onnx.binding import bound_nodes
from adequate.network.onnx.folding import folded
from adequate.network.onnx.graph import OnnxGraph, OnnxNode
from adequate.network.onnx.layer import MEASURED, OnnxLayer, Value, listed
from adequate.network.onnx.operators import OPERATORS
from adequate.network.onnx.padding import separate_padding
from adequate.network.onnx.products import linear_products
from adequate.network.onnx.recurrent import torch_recurrent
from adequate.network.onnx.sizes import as_tensor
from adequate.network.onnx.versions import latest

TRAINED = ("weight", "bias")
"""Operands whose names begin so are parameters, wherever their constants come from."""


@dataclass(frozen=True)
class _Step:
    """One call: a submodule, the values it reads that are not constants, the names of its results."""

    layer: OnnxLayer
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


class OnnxModule(nn.Module):
    """Runs the nodes of a graph in order; ``forward`` takes its inputs and gives its outputs, one or a tuple."""

    def __init__(self, graph: OnnxGraph) -> None:
        """``graph`` is in the form that ``module_of`` gives it."""
        super().__init__()
        self._onnx_inputs = tuple(i.name for i in graph.inputs)
        self._onnx_outputs = graph.outputs
        self._onnx_steps: list[_Step] = []
        held: dict[str, Tensor] = {}
        for bound in bound_nodes(graph):
            node = bound.node
            constants = {value: _held(graph, node, value, held) for value in node.inputs if value in graph.constants}
            layer = bound.layer(constants)
            _place(self, node.name, layer)
            read = tuple(value for value in node.inputs if value and value not in graph.constants)
            self._onnx_steps.append(_Step(layer, read, node.outputs))
        for name in set(graph.outputs) & set(graph.constants):
            self.register_buffer(f"_onnx_output{graph.outputs.index(name)}", graph.constants[name])

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        if len(inputs) != len(self._onnx_inputs):
            raise ValueError(f"{len(inputs)} inputs; the model takes {len(self._onnx_inputs)}: {self._onnx_inputs}")
        values: dict[str, Value] = dict(zip(self._onnx_inputs, inputs, strict=True))
        for step in self._onnx_steps:
            result = step.layer(*(values[name] for name in step.inputs))
            results = listed(result)
            if len(results) < len(step.outputs):
                raise ValueError(f"{step.layer.extra_repr()} has {len(results)} outputs, not {len(step.outputs)}")
            values.update(zip(step.outputs, results, strict=False))
        outputs = tuple(self._output(index, name, values) for index, name in enumerate(self._onnx_outputs))
        return outputs[0] if len(outputs) == 1 else outputs

    def _output(self, index: int, name: str, values: dict[str, Value]) -> Tensor:
        return as_tensor(values[name]) if name in values else getattr(self, f"_onnx_output{index}")


def module_of(graph: OnnxGraph) -> OnnxModule:
    """The module that computes a graph, in evaluation.

    Each node is a submodule at its name; constants that are trained are parameters ``<node>.weight``, ``<node>.bias``
    or as the operand is called; one constant that two nodes read is one parameter. Nodes that depend on constants
    alone are computed here; a constant batch size is freed.

    Raises:
        ValueError: nodes are not supported (all of them are named), or their operands cannot fit.
    """
    newest = latest(graph)
    bound_nodes(newest)
    return OnnxModule(free_batch(separate_padding(torch_recurrent(linear_products(folded(newest)))))).eval()


def _held(graph: OnnxGraph, node: OnnxNode, value: str, held: dict[str, Tensor]) -> Tensor:
    """A constant as its submodule shall hold it, the same one for all who read it."""
    constant = graph.constants[value]
    operand = OPERATORS[node.operator].slot(node.inputs.index(value)).name
    listed = constant.dim() > 0 and value in graph.trained and operand not in MEASURED
    if not constant.is_floating_point() or not (listed or operand.startswith(TRAINED)):
        return constant
    return held.setdefault(value, nn.Parameter(constant))


def _place(root: nn.Module, path: str, layer: nn.Module) -> None:
    *parents, name = path.split(".")
    for parent in parents:
        if parent not in root._modules:
            root.add_module(parent, nn.Module())
        root = root.get_submodule(parent)
    root.add_module(name, layer)
