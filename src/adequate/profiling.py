"""Measuring the dynamic ranges of a network's tensors: what a format has to cover (Gysel 2016, 4.3)."""

from collections.abc import Iterable
from math import inf
from typing import Any

import torch
from torch import Tensor
from torch.fx import Interpreter, Node

from adequate.histogram import HIGHEST_EXPONENT, LOWEST_EXPONENT
from adequate.network import Layer, Network
from adequate.network.graph import function_of, results_of, tensor_of
from adequate.network.operands import operand_nodes, slots_of
from adequate.ranges import Interval, LayerRanges, Range, Ranges

__all__ = ["HIGHEST_EXPONENT", "LOWEST_EXPONENT", "LayerRanges", "Range", "Ranges", "profile"]

SHAPING = frozenset({"flatten", "reshape", "view", "unflatten", "squeeze", "unsqueeze", "permute", "transpose"})
MOVING = SHAPING | {"slice", "select", "narrow", "chunk", "split", "clone", "contiguous", "dropout"}
"""Operations whose result has no other values than their operand."""

MASKING = frozenset({"masked_fill", "masked_fill_", "where", "full", "full_like", "new_full"})
"""Functions that write what a mask hides as minus infinity."""


def profile(network: Network, batches: Iterable[tuple[Tensor, Tensor]]) -> Ranges:
    """Minimum, maximum and a log2 histogram of every layer's inputs, weight, bias and output.

    ``batches`` yields (images, labels), or (a tuple of inputs, labels); labels are not used. Minus infinity as a mask
    leaves it is in no range.

    Raises:
        ValueError: there is no image, or a tensor is not finite (named with its layer).
    """
    recorder = _Recorder(network)
    images = 0
    with torch.no_grad():
        for x, _ in batches:
            inputs = (x,) if isinstance(x, Tensor) else tuple(x)
            recorder.run(*inputs)
            images += len(inputs[0])
    if not images:
        raise ValueError("no images to profile the network on")
    computed = _computed(network)

    def around(layer: Layer) -> LayerRanges:
        weight = None if layer.weight is None else tensor_of(network.graph, layer.weight)
        channel_axis, summed_axis = _weight_axes(layer)
        return LayerRanges(
            layer.operation,
            computed.isdisjoint(layer.inputs),
            recorder.seen.get((layer.name, "input")),
            recorder.seen.get((layer.name, "weight"))
            if weight is None
            else Range.of(weight, f"weight of {layer.name}"),
            Range.of(tensor_of(network.graph, layer.bias), f"bias of {layer.name}") if layer.bias else None,
            recorder.seen.get((layer.name, "output")),
            () if weight is None or channel_axis is None else _channels(weight, channel_axis),
            channel_axis,
            summed_axis,
        )

    return Ranges({layer.name: around(layer) for layer in network.layers}, images)


def _weight_axes(layer: Layer) -> tuple[int | None, int | None]:
    """The dimensions of the ``weight`` operand that count output channels, and along which products are summed.

    None where there is no such, or, of output channels, several.
    """
    if not layer.multiplies:
        return None, None
    contraction = layer.contraction
    if contraction is None:
        return (1, 0) if layer.operation.startswith("conv_transpose") else (0, 1)
    right, columns = contraction.right, contraction.columns
    summed = [axis for axis, label in enumerate(right) if label in contraction.summed]
    return right.index(columns[0]) if len(columns) == 1 else None, summed[-1] if summed else None


def _channels(weight: Tensor, axis: int) -> tuple[Interval, ...]:
    """The interval of each output channel."""
    low, high = torch.aminmax(weight.detach().movedim(axis, 0).reshape(weight.shape[axis], -1), dim=1)
    return tuple(zip(low.tolist(), high.tolist(), strict=True))


def _computed(network: Network) -> set[str]:
    """Layers whose values are not just some of the network's own input."""
    found: set[str] = set()
    for layer in network.layers:
        if layer.operation not in MOVING or not found.isdisjoint(layer.inputs):
            found.add(layer.name)
    return found


class _Recorder(Interpreter):
    """Runs the graph, attentions and the like taken apart, and notes the range of each layer's operands and output."""

    def __init__(self, network: Network) -> None:
        super().__init__(network.expanded)
        self.extra_traceback = False
        self.seen: dict[tuple[str, str], Range] = {}
        self._layer_of_output: dict[str, Layer] = {}
        nodes = {node.name: node for node in network.expanded.graph.nodes}
        for layer in network.layers:
            for result in (one for output in layer.outputs for one in results_of(nodes[output])):
                self._layer_of_output[result.name] = layer
        self._masked: set[Node] = set()
        inside = {node: layer.name for layer in network.layers for node in layer.nodes}
        self._readers: dict[str, list[tuple[str, str]]] = {}
        seconds = _second_operands(network)
        for node in network.expanded.graph.nodes:
            name = inside.get(node.name)
            for source in operand_nodes(node):
                if name is not None and source.op != "get_attr" and inside.get(source.name) != name:
                    self._readers.setdefault(source.name, []).extend(
                        (name, slot) for slot in seconds.get((node.name, source.name), ("input",))
                    )

    def run_node(self, n: Node) -> Any:
        result = super().run_node(n)
        if isinstance(result, Tensor) and result.is_floating_point() and self._may_hide(n) and (result == -inf).any():
            self._masked.add(n)
        if isinstance(result, Tensor) and result.is_floating_point() and n.op != "get_attr":
            layer = self._layer_of_output.get(n.name)
            readers = self._readers.get(n.name, [])
            if layer is not None or readers:
                found = result[result != -inf] if n in self._masked else result
                seen = Range.of(found, f"output of {layer.name}" if layer else f"input {n.name!r}")
                keys = dict.fromkeys(readers)
                for key in keys if layer is None else [*keys, (layer.name, "output")]:
                    self.seen[key] = self.seen[key].merged(seen) if key in self.seen else seen
        return result

    def _may_hide(self, n: Node) -> bool:
        """Whether minus infinity is a mask's mark here, and no overflow: a constant's, or what such a one led to."""
        if n.op == "get_attr":
            return True
        return n.op == "call_function" and (function_of(n) in MASKING or not self._masked.isdisjoint(n.all_input_nodes))


def _second_operands(network: Network) -> dict[tuple[str, str], tuple[str, ...]]:
    """(product of two activations, operand) -> the slots the operand fills: "weight" where it is the second."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    nodes = {node.name: node for node in network.expanded.graph.nodes}
    for layer in network.layers:
        if layer.multiplies and layer.weight is None:
            for name in layer.outputs:
                first, second = slots_of(nodes[name], layer.operation)
                found[name, second.name] = ("input", "weight") if first is second else ("weight",)
    return found
