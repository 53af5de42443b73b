"""Where a design loses information: float against emulated, layer by layer."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf, log10
from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule, Interpreter, Node

from adequate.design import Design
from adequate.emulation import emulate
from adequate.formats import Format
from adequate.network import Network


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
    emulated = emulate(network, design)
    outputs = {layer.nodes[-1]: layer.name for layer in network.layers}
    float_run, emulated_run = _Recorder(network.graph), _Recorder(emulated)
    places = _places(network, emulated)
    whole = {layer.name: _Sums() for layer in network.layers}
    slots: dict[tuple[str, str], _Sums] = {}
    state = network.graph.state_dict()
    for layer in network.layers:
        weight = design[layer.name].weight
        if weight is not None and layer.weight is not None:
            _note(slots, layer.name, "weight", state[layer.weight], weight)
    images = 0
    with torch.no_grad():
        for x, _ in batches:
            expected, got = float_run.record(x), emulated_run.record(x)
            images += len(x)
            for node, name in outputs.items():
                if isinstance(expected.get(node), Tensor) and expected[node].is_floating_point():
                    whole[name].add(expected[node], got[places[name]])
                    output = design[name].output
                    if output is not None:
                        _note(slots, name, "output", expected[node], output)
            for layer in network.layers:
                chosen = design[layer.name].input
                for source in _operands(network.graph, layer.nodes) if chosen is not None else ():
                    assert chosen is not None
                    _note(slots, layer.name, "input", expected[source], chosen)
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

    def record(self, x: Tensor) -> dict[str, Any]:
        self.values: dict[str, Any] = {}
        self.run(x)
        return self.values

    def run_node(self, n: Node) -> Any:
        result = super().run_node(n)
        self.values[n.name] = result.clone() if isinstance(result, Tensor) else result
        return result


def _places(network: Network, emulated: GraphModule) -> dict[str, str]:
    """Layer name -> the node of the emulated graph that has its output."""
    marks = {node.meta.get("layer"): node.name for node in emulated.graph.nodes if "layer" in node.meta}
    return {layer.name: marks.get(layer.name, layer.nodes[-1]) for layer in network.layers}


def _operands(graph: GraphModule, members: tuple[str, ...]) -> list[str]:
    nodes = [node for node in graph.graph.nodes if node.name in members]
    return list(
        dict.fromkeys(
            source.name
            for node in nodes
            for source in node.all_input_nodes
            if source.name not in members and source.op != "get_attr" and isinstance(source.meta.get("val"), Tensor)
        )
    )


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
