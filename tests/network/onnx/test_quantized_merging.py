"""Nodes taken out one after the other leave what rebuilding the graph for each of them leaves."""

import random
from dataclasses import replace

import pytest

from adequate.network.onnx.graph import OnnxGraph, OnnxNode
from adequate.network.onnx.quantized.merging import Merging


def rebuilt(graph: OnnxGraph, removed: str, old: str, new: str) -> OnnxGraph:
    """The graph without a node, the value ``old`` called ``new``: the slow way."""

    def renamed(values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(new if value == old else value for value in values)

    kept = (node for node in graph.nodes if node.name != removed)
    return graph.with_nodes(
        tuple(replace(node, inputs=renamed(node.inputs), outputs=renamed(node.outputs)) for node in kept)
    )


def some_graph(rng: random.Random, length: int) -> OnnxGraph:
    """Nodes of one or two operands, absent ones too, each reading what came shortly before it."""
    values, nodes = ["x"], []
    for i in range(length):
        near = values[-5:]
        inputs = (rng.choice(near),) if rng.random() < 0.7 else (rng.choice(near), rng.choice([*near, ""]))
        nodes.append(OnnxNode(f"n{i}", "Any", "", inputs, (f"v{i}", "")))
        values.append(f"v{i}")
    return OnnxGraph(tuple(nodes), {}, (), ("v0",), 17)


def shown(graph: OnnxGraph) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    return [(node.name, node.inputs, node.outputs) for node in graph.nodes]


@pytest.mark.parametrize("seed", range(30))
def test_merging_is_rebuilding_step_by_step(seed: int) -> None:
    rng = random.Random(seed)
    slow = some_graph(rng, 40)
    merging = Merging(slow)
    for name in rng.sample([node.name for node in slow.nodes], 25):
        node = next(node for node in slow.nodes if node.name == name)
        source, result = node.inputs[0], node.outputs[0]
        old, new = (source, result) if source in slow.producers and rng.random() < 0.5 else (result, source)
        assert merging.source(merging.producers[result]) == source
        merging.merge(merging.producers[result], old, new)
        slow = rebuilt(slow, name, old, new)
        assert shown(merging.graph()) == shown(slow)
        assert {value: made.name for value, made in merging.producers.items()} == {
            value: made.name for value, made in slow.producers.items()
        }
        for value in ("x", *slow.producers):
            readers = slow.readers.get(value, ())
            places = {(r.name, i) for r in readers for i, read in enumerate(r.inputs) if read == value}
            assert {(r.name, i) for r, i in merging.places(value)} == places
            assert {r.name for r in merging.readers(value)} == {r.name for r in readers}
