"""Designs that agree up to some layer share what was computed so far: exactly, within a budget of memory."""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.fx import GraphModule, Interpreter, Node

from adequate.design import Design
from adequate.emulated_layer import EmulatedFunction, EmulatedProduct, FormedFunction, Quantizer, Summed
from adequate.emulation import emulate
from adequate.network import Network

Key = tuple[bytes, bytes]
"""Digests of the images and of everything that was done to them."""


class Reuse:
    """A memory of layers' outputs for one network with its weights, at most ``budget_bytes`` large.

    What a node of an emulated network gives is known by a digest of its operation, of its layer's design and, in turn,
    of the nodes it reads, down to the images by their content. A value that is there under that digest is the one that
    would be computed, so results are the same bit for bit, whatever is remembered or forgotten. Sums of products are
    remembered before their rounding, too: under another output format they are only rounded again. Of what does not
    fit, values that were never asked for again are forgotten first, and of those and of the others the longest unused.

    ``executed`` and ``reused`` count layers that are sums of products: summed, and not since their sums or something
    after them were there.
    """

    def __init__(self, network: Network, *, budget_bytes: int = 1 << 30) -> None:
        self.network, self.budget_bytes = network, budget_bytes
        self.executed = self.reused = self.held_bytes = 0
        self._new: OrderedDict[Key, Tensor | Summed] = OrderedDict()
        self._wanted: OrderedDict[Key, Tensor | Summed] = OrderedDict()

    def __reduce__(self) -> tuple[Any, ...]:
        """In another process a memory begins empty."""
        return _empty, (self.network, self.budget_bytes)

    def emulate(self, design: Design) -> nn.Module:
        """What ``adequate.emulate`` gives, for evaluation alone: it takes what it can from the memory.

        Raises:
            ValueError: the design does not fit the network.
        """
        return _Remembering(self, emulate(self.network, design))

    def get(self, key: Key) -> Tensor | Summed | None:
        """A remembered value; it moves to those that are wanted."""
        found = self._new.pop(key, None)
        if found is None:
            found = self._wanted.get(key)
            if found is None:
                return None
            self._wanted.move_to_end(key)
            return found
        self._wanted[key] = found
        return found

    def put(self, key: Key, value: Tensor | Summed) -> None:
        """Remembers a value; others are forgotten for it, or it is not remembered if it alone is too large."""
        if value.nbytes > self.budget_bytes:
            return
        self._new[key] = value
        self.held_bytes += value.nbytes
        while self.held_bytes > self.budget_bytes:
            _, forgotten = (self._new or self._wanted).popitem(last=False)
            self.held_bytes -= forgotten.nbytes


def _empty(network: Network, budget_bytes: int) -> Reuse:
    return Reuse(network, budget_bytes=budget_bytes)


class _Remembering(nn.Module):
    """An emulated network that asks the memory before it computes."""

    def __init__(self, memory: Reuse, graph: GraphModule) -> None:
        super().__init__()
        self.memory, self.graph = memory, graph
        self.digests = _digests(graph)
        self.products = {node: module for node in graph.graph.nodes if (module := _product(graph, node)) is not None}
        self.sums = {
            node: _digest(node, _summing(node, module), self.digests)
            for node, module in self.products.items()
            if module.sums is not None and module.design.output is not None
        }

    def forward(self, *images: Tensor) -> Any:
        """The network's output on these images."""
        content = _content(images)
        known: dict[Node, Tensor] = {}
        summed: dict[Node, Summed] = {}
        needed: set[Node] = set()
        open_nodes = [node for node in self.graph.graph.nodes if node.op == "output"]
        while open_nodes:
            node = open_nodes.pop()
            if node in needed or node in known or node in summed:
                continue
            value = self.memory.get((content, self.digests[node])) if node.op.startswith("call") else None
            if value is None and node in self.sums:
                value = self.memory.get((content, self.sums[node]))
            if isinstance(value, Summed):
                summed[node] = value
            elif value is not None:
                known[node] = value
            else:
                needed.add(node)
                open_nodes += node.all_input_nodes
        runner = _Runner(self.graph, needed, known, summed, {node: self.products[node] for node in self.sums})
        result = runner.run(*images)
        for node in self.products:
            self.memory.executed += node in needed
            self.memory.reused += node not in needed
        for node, value in runner.computed.items():
            self.memory.put((content, self.digests[node]), value)
        for node, value in runner.summed_now.items():
            self.memory.put((content, self.sums[node]), value)
        return result


class _Runner(Interpreter):
    """Runs the nodes that are needed, and rounds what is summed; the others are known, or nobody asks for them.

    Of ``products`` the sums are taken before they are rounded.
    """

    def __init__(
        self,
        graph: GraphModule,
        needed: set[Node],
        known: dict[Node, Tensor],
        summed: dict[Node, Summed],
        products: dict[Node, EmulatedProduct],
    ) -> None:
        super().__init__(graph)
        self.extra_traceback = False
        self.needed, self.known, self.summed, self.products = needed, known, summed, products
        self.computed: dict[Node, Tensor] = {}
        self.summed_now: dict[Node, Summed] = {}

    def run_node(self, n: Node) -> Any:
        if n in self.known:
            return self.known[n]
        if n in self.summed:
            result = self.products[n].rounded(self.summed[n].copied())
        elif n not in self.needed and n.op.startswith("call"):
            return None
        else:
            result = self._rounded(n) if n in self.products else super().run_node(n)
        if n.op.startswith("call") and isinstance(result, Tensor) and not self._shares(n, result):
            self.computed[n] = result
        return result

    def _rounded(self, n: Node) -> Any:
        args, kwargs = self.fetch_args_kwargs_from_env(n)
        summed = self.products[n].summed(*args, **kwargs)
        if summed is None:
            return self.products[n](*args, **kwargs)
        self.summed_now[n] = summed.copied()
        return self.products[n].rounded(summed)

    def _shares(self, n: Node, result: Tensor) -> bool:
        """Whether the result is another view of what the node read."""
        read = (value for one in n.all_input_nodes if isinstance(value := self.env[one], Tensor))
        return any(one.untyped_storage().data_ptr() == result.untyped_storage().data_ptr() for one in read)


def _digests(graph: GraphModule) -> dict[Node, bytes]:
    """Of every node, what its value depends on besides the images."""
    found: dict[Node, bytes] = {}
    for node in graph.graph.nodes:
        found[node] = _digest(node, _described(graph, node), found)
    return found


def _digest(node: Node, described: str, of: Mapping[Node, bytes]) -> bytes:
    done = hashlib.sha256(f"{node.op} {described}".encode())
    done.update(repr(_plain((node.args, node.kwargs), node.all_input_nodes)).encode())
    for source in node.all_input_nodes:
        done.update(of[source])
    return done.digest()


def _product(graph: GraphModule, node: Node) -> EmulatedProduct | None:
    module = graph.get_submodule(str(node.target)) if node.op == "call_module" else None
    return module if isinstance(module, EmulatedProduct) else None


def _summing(node: Node, product: EmulatedProduct) -> str:
    """What the sums of a product are besides what it reads: all of its design but the output's format."""
    name = node.meta["layer"]
    return f"sums {name} {Design({name: replace(product.design, output=None)}).digest}"


def _described(graph: GraphModule, node: Node) -> str:
    if node.op != "call_module":
        return str(node.target)
    module = graph.get_submodule(str(node.target))
    kind = type(module).__name__
    if isinstance(module, Quantizer):
        return f"{kind} {module.format}"
    if isinstance(module, EmulatedProduct | EmulatedFunction | FormedFunction):
        name = node.meta["layer"]
        return f"{kind} {name} {Design({name: module.design}).digest}"
    raise TypeError(f"an emulated network has no {kind}")


def _plain(value: Any, sources: Sequence[Node]) -> Any:
    """Arguments with nodes replaced by their place among what the node reads."""
    if isinstance(value, Node):
        return f"<{sources.index(value)}>"
    if isinstance(value, dict):
        return {key: _plain(one, sources) for key, one in value.items()}
    if isinstance(value, list | tuple | slice):
        parts = (value.start, value.stop, value.step) if isinstance(value, slice) else value
        return [type(value).__name__, *(_plain(one, sources) for one in parts)]
    return value


def _content(images: Sequence[Tensor]) -> bytes:
    done = hashlib.blake2b(digest_size=16)
    for one in images:
        done.update(repr((one.dtype, tuple(one.shape))).encode())
        done.update(one.detach().contiguous().view(torch.uint8).numpy().data)
    return done.digest()
