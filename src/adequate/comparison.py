"""Where a design loses information: float against emulated, layer by layer."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf, log10
from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule, Interpreter, Node

from adequate.design import Design
from adequate.emulation import emulate_expanded
from adequate.formats import Format
from adequate.network import Network
from adequate.network.graph import results_of, tensor_of
from adequate.network.operands import operand_nodes


@dataclass(frozen=True, slots=True)
class Quantization:
    """What a format does to one tensor of the float network.

    ``sqnr_db`` = 10 log10(sum x^2 / sum (x - format(x))^2); ``saturated`` is the share of values outside the
    representable range, ``zeroed`` the share that were not zero and became zero.
    """

    format: str
    sqnr_db: float
    saturated: float
    zeroed: float


@dataclass(frozen=True, slots=True)
class LayerComparison:
    """One layer: each slot's own effect, and the SQNR of the layer's output with everything before it quantised too."""

    name: str
    operation: str
    input: Quantization | None
    weight: Quantization | None
    output: Quantization | None
    sqnr_db: float


@dataclass
class _Sums:
    signal: float = 0.0
    noise: float = 0.0
    count: int = 0
    saturated: int = 0
    zeroed: int = 0

    def add(self, x: Tensor, y: Tensor) -> None:
        self.signal += float(x.double().square().sum())
        self.noise += float((x.double() - y.double()).square().sum())
        self.count += x.numel()
        self.zeroed += int(((y == 0) & (x != 0)).sum())

    @property
    def sqnr_db(self) -> float:
        if self.noise == 0:
            return inf
        return 10 * log10(self.signal / self.noise) if self.signal else -inf


def compare(network: Network, design: Design, batches: Iterable[tuple[Tensor, Tensor]]) -> tuple[LayerComparison, ...]:
    """Every layer of the network under the design, in execution order.

    Raises:
        ValueError: no images, or a design that does not fit the network.
    """
    emulated = emulate_expanded(network, design)
    float_run, emulated_run = _Recorder(network.expanded), _Recorder(emulated)
    results, places, operands = _results(network), _places(network, emulated), _operands(network)
    whole = {layer.name: _Sums() for layer in network.layers}
    slots: dict[tuple[str, str], _Sums] = {}
    for layer in network.layers:
        weight = design[layer.name].weight
        if weight is not None and layer.weight is not None:
            _note(slots, layer.name, "weight", tensor_of(network.graph, layer.weight), weight)
    images = 0
    with torch.no_grad():
        for x, _ in batches:
            inputs = (x,) if isinstance(x, Tensor) else tuple(x)
            expected, got = float_run.record(inputs), emulated_run.record(inputs)
            images += len(inputs[0])
            for layer in network.layers:
                chosen = design[layer.name]
                for node, place in zip(results[layer.name], places[layer.name], strict=True):
                    if isinstance(expected[node], Tensor) and expected[node].is_floating_point():
                        whole[layer.name].add(expected[node], got[place])
                        if chosen.output is not None:
                            _note(slots, layer.name, "output", expected[node], chosen.output)
                for source in operands[layer.name] if chosen.input is not None else ():
                    assert chosen.input is not None
                    _note(slots, layer.name, "input", expected[source], chosen.input)
    if not images:
        raise ValueError("no images to compare on")
    return tuple(
        LayerComparison(
            layer.name,
            layer.operation,
            input=_summary(slots, design, layer.name, "input"),
            weight=_summary(slots, design, layer.name, "weight"),
            output=_summary(slots, design, layer.name, "output"),
            sqnr_db=whole[layer.name].sqnr_db,
        )
        for layer in network.layers
    )


class _Recorder(Interpreter):
    """Runs a graph and keeps every tensor by node name, as it was before a later layer wrote into it."""

    def __init__(self, graph: GraphModule) -> None:
        super().__init__(graph)
        self.extra_traceback = False

    def record(self, inputs: tuple[Tensor, ...]) -> dict[str, Any]:
        self.values: dict[str, Any] = {}
        self.run(*(x.clone() for x in inputs))
        return self.values

    def run_node(self, n: Node) -> Any:
        result = super().run_node(n)
        self.values[n.name] = result.clone() if isinstance(result, Tensor) else result
        return result


def _places(network: Network, emulated: GraphModule) -> dict[str, list[str]]:
    """Layer name -> the nodes of the emulated graph that have its outputs."""
    marks: dict[str, list[str]] = {}
    for node in emulated.graph.nodes:
        if "layer" in node.meta:
            marks.setdefault(node.meta["layer"], []).append(node.name)
    return {name: marks.get(name, found) for name, found in _results(network).items()}


def _results(network: Network) -> dict[str, list[str]]:
    """Layer name -> the nodes of the float graph that have its outputs."""
    nodes = {node.name: node for node in network.expanded.graph.nodes}
    return {
        layer.name: [one.name for output in layer.outputs for one in results_of(nodes[output])]
        for layer in network.layers
    }


def _operands(network: Network) -> dict[str, list[str]]:
    """Layer name -> the nodes of the float graph that its ``input`` slot applies to."""
    nodes = {node.name: node for node in network.expanded.graph.nodes}
    found = {}
    for layer in network.layers:
        sources = dict.fromkeys(source for name in layer.nodes for source in operand_nodes(nodes[name]))
        found[layer.name] = [
            source.name
            for source in sources
            if source.name not in layer.nodes and source.op != "get_attr" and isinstance(source.meta.get("val"), Tensor)
        ]
    return found


def _note(slots: dict[tuple[str, str], _Sums], name: str, slot: str, x: Tensor, format: Format) -> None:
    sums = slots.setdefault((name, slot), _Sums())
    sums.add(x, format.quantize(x))
    sums.saturated += int((~format.inside(x)).sum())


def _summary(slots: dict[tuple[str, str], _Sums], design: Design, name: str, slot: str) -> Quantization | None:
    sums = slots.get((name, slot))
    if sums is None:
        return None
    count = max(sums.count, 1)
    return Quantization(str(getattr(design[name], slot)), sums.sqnr_db, sums.saturated / count, sums.zeroed / count)
