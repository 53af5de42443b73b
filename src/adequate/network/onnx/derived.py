"""Constants made from those of a graph while it is rewritten."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from torch import Tensor

from adequate.network.onnx.budget import Budget
from adequate.network.onnx.graph import OnnxGraph, OnnxNode


class Derived:
    """A graph's constants, and what is made from them within a budget; of trained ones, trained ones."""

    def __init__(self, graph: OnnxGraph) -> None:
        self._graph = graph
        self._constants = dict(graph.constants)
        self._trained = set(graph.trained)
        self._taken = {*graph.constants, *graph.producers, *(i.name for i in graph.inputs)}
        self._budget = Budget(self._constants.values())

    @property
    def constants(self) -> Mapping[str, Tensor]:
        """The graph's, and those made so far."""
        return self._constants

    def make(self, node: OnnxNode, key: str, name: str, source: Tensor, compute: Callable[[], Tensor]) -> str:
        """The name of a constant as large as ``source``, made from the constant ``key`` for a node; made once.

        Raises:
            ValueError: it exceeds the budget.
        """
        while name in self._taken:
            name += "_"
        if name not in self._constants:
            self._budget.spend(node, source.nbytes)
            self._constants[name] = compute().contiguous()
            if key in self._trained:
                self._trained.add(name)
        return name

    def graph(self, nodes: tuple[OnnxNode, ...]) -> OnnxGraph:
        """The graph of other nodes, which may read all these constants."""
        return replace(self._graph, nodes=nodes, constants=self._constants, trained=frozenset(self._trained))
