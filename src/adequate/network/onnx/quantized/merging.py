"""Nodes taken out of a graph whose result is another value: two values become one."""

from collections.abc import Iterator
from dataclasses import replace

from adequate.network.onnx.graph import OnnxGraph, OnnxNode


class Merging:
    """A graph from which nodes are taken out one after the other, each in time that does not depend on its length."""

    def __init__(self, graph: OnnxGraph) -> None:
        self.start = graph
        self.producers: dict[str, OnnxNode] = dict(graph.producers)
        self._names: dict[str, str] = {}
        self._removed: set[str] = set()
        self._readers = {value: {node.name: node for node in nodes} for value, nodes in graph.readers.items()}

    def merge(self, removed: OnnxNode, old: str, new: str) -> None:
        """Takes out the node between two values; ``old`` is called ``new`` from now on."""
        self._removed.add(removed.name)
        for value in removed.inputs:
            self._readers.get(self.called(value), {}).pop(removed.name, None)
        self._names[old] = new
        producer = self.producers.pop(old)
        if producer is not removed:
            self.producers[new] = producer
        self._readers.setdefault(new, {}).update(self._readers.pop(old, {}))

    def called(self, value: str) -> str:
        """What a value of the first graph is called now."""
        name = value
        while name in self._names:
            name = self._names[name]
        while value != name:  # straight to the end the next time
            self._names[value], value = name, self._names[value]
        return name

    def source(self, node: OnnxNode) -> str:
        """The first value that a node reads."""
        return self.called(node.inputs[0])

    def readers(self, value: str) -> Iterator[OnnxNode]:
        """The nodes that read a value, in no order, as they were in the first graph."""
        return iter(self._readers.get(value, {}).values())

    def places(self, value: str) -> list[tuple[OnnxNode, int]]:
        """Where a value is read: nodes and the places of the operand."""
        return [(r, i) for r in self.readers(value) for i, name in enumerate(r.inputs) if self.called(name) == value]

    def graph(self) -> OnnxGraph:
        """The graph as it is now."""
        return self.start.with_nodes(
            tuple(
                replace(
                    node, inputs=tuple(map(self.called, node.inputs)), outputs=tuple(map(self.called, node.outputs))
                )
                for node in self.start.nodes
                if node.name not in self._removed
            )
        )
