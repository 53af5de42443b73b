"""What rewrites do to a graph: find the products that are theirs to change, replace parameters, remove nodes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.fx import GraphModule, Node

from adequate.network.graph import arguments, set_argument, tensor_of
from adequate.network.layer import CONVOLUTIONS, Layer
from adequate.network.listing import network_of
from adequate.network.network import Network

BIASED = CONVOLUTIONS | {"linear"}
"""Products that add a bias."""


@dataclass(frozen=True)
class Product:
    """A convolution or linear layer of a graph, whose weight and bias nothing else reads."""

    graph: GraphModule
    node: Node
    layer: Layer

    @property
    def channels(self) -> int:
        """Dimension of the output along which its channels lie, from the end."""
        return -1 if self.layer.operation == "linear" else -int(self.layer.operation[-2]) - 1

    @property
    def weight(self) -> Tensor:
        """In float64, as (groups, A, B, ...): A output and B input channels, the other way round if transposed."""
        weight = tensor_of(self.graph, self._path("weight")).detach().double()
        return weight.unflatten(0, (dict(self.layer.attributes).get("groups", 1), -1))  # type: ignore[arg-type]

    @property
    def output_axis(self) -> int:
        """Dimension of ``weight`` that counts the output channels of a group; 3 - output_axis counts the inputs'."""
        return 2 if self.layer.operation.startswith("conv_transpose") else 1

    @property
    def bias(self) -> Tensor:
        """In float64; zeros without one."""
        path = self._path("bias")
        if path is None:
            return self.weight.new_zeros(self.weight.shape[0] * self.weight.shape[self.output_axis])
        return tensor_of(self.graph, path).detach().double()

    def set_weight(self, weight: Tensor) -> None:
        """Stores another weight, rounded once to the dtype of the old one."""
        _store(self.graph, self._path("weight"), weight.flatten(0, 1))

    def set_bias(self, bias: Tensor) -> None:
        """Stores another bias; where there is none it is put beside the weight."""
        path = self._path("bias")
        if path is not None:
            _store(self.graph, path, bias)
            return
        weight = self._path("weight")
        path, dtype = _free(self.graph, weight), tensor_of(self.graph, weight).dtype
        owner, _, name = path.rpartition(".")
        self.graph.get_submodule(owner).register_parameter(name, nn.Parameter(bias.to(dtype)))
        with self.graph.graph.inserting_before(self.node):
            node = self.graph.graph.get_attr(path)
        node.meta["val"] = torch.empty_like(bias, dtype=dtype, device="meta")
        set_argument(self.node, "bias", node)

    def _path(self, slot: str) -> Any:
        node = arguments(self.node)[slot]
        return node.target if isinstance(node, Node) else None


def own_products(network: Network, graph: GraphModule) -> dict[Node, Product]:
    """The products of a copy of the network's graph that a rewrite may change."""
    nodes = {node.name: node for node in graph.graph.nodes}
    reads = Counter[int]()
    for node in nodes.values():
        if node.op == "get_attr":
            reads[id(_held(graph, str(node.target)))] += len(node.users)  # tied parameters are one tensor
    found = {}
    for layer in network.layers:
        node = nodes.get(layer.outputs[0])
        if node is None or layer.calls != 1 or layer.operation not in BIASED or "part" in node.meta:
            continue
        held = [arguments(node)[slot] for slot in ("weight", "bias")]
        own = all(one.op == "get_attr" and reads[id(_held(graph, one.target))] == 1 for one in held if one)
        if own and not _is_parameter(arguments(node)["input"]) and len(held[0].meta["val"].shape) > 1:
            found[node] = Product(graph, node, layer)
    return found


def remove(graph: GraphModule, node: Node, instead: Node) -> None:
    """Takes a node out, its readers reading ``instead``, and the parameters that only it read."""
    node.replace_all_uses_with(instead)
    held = [one for one in dict.fromkeys(node.all_input_nodes) if one.op == "get_attr"]
    graph.graph.erase_node(node)
    for one in held:
        if not one.users:
            graph.graph.erase_node(one)
            if not any(other.op == "get_attr" and other.target == one.target for other in graph.graph.nodes):
                path, _, name = str(one.target).rpartition(".")
                delattr(graph.get_submodule(path), name)


def finished(network: Network, graph: GraphModule, done: Sequence[str]) -> Network:
    """The network over the changed graph, or the one that was given if nothing was done."""
    if not done:
        return network
    graph.graph.lint()
    graph.delete_all_unused_submodules()
    graph.recompile()
    return network_of(graph, (*network.rewrites, *done))


def _held(graph: GraphModule, path: str) -> Tensor:
    """The very parameter or buffer, which tells tied ones."""
    owner, _, name = path.rpartition(".")
    return getattr(graph.get_submodule(owner), name)


def _is_parameter(node: Node) -> bool:
    return node.op == "get_attr"


def _store(graph: GraphModule, path: str, value: Tensor) -> None:
    owner, _, name = path.rpartition(".")
    module, old = graph.get_submodule(owner), _held(graph, path)
    value = value.detach().to(old.dtype).contiguous()
    setattr(module, name, nn.Parameter(value, old.requires_grad) if isinstance(old, nn.Parameter) else value)


def _free(graph: GraphModule, weight: str) -> str:
    """Where a bias may be put beside a weight."""
    owner, _, name = weight.rpartition(".")
    module = graph.get_submodule(owner)
    free = next(one for one in ("bias", f"{name}_bias", f"{name}_folded_bias") if getattr(module, one, None) is None)
    return f"{owner}.{free}" if owner else free
