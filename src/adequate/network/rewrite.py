"""Rewrites of a network that change its outputs by rounding only; each is recorded in ``Network.rewrites``."""

from collections import Counter

import torch
from torch import Tensor, nn
from torch.fx import GraphModule, Node

from adequate.network.graph import copy_graph
from adequate.network.layer import Layer
from adequate.network.network import Network
from adequate.network.trace import network_of

FOLDABLE = frozenset({"conv1d", "conv2d", "conv3d", "linear"})
"""Operations whose output channel is dimension 0 of the weight."""


def fold_batchnorm(network: Network) -> Network:
    """Every batch norm that alone reads a convolution or linear layer, folded into its weight and bias.

    w' = w * g and b' = (b - mean) * g + beta with g = gamma / sqrt(variance + eps) per output channel, computed in
    float64 and rounded once (Jacob et al. 2018, arXiv:1712.05877, 3.2). Left alone are a batch norm without running
    statistics and one whose convolution shares its weight or bias with another call.
    """
    graph = copy_graph(network.graph)
    by_name = {node.name: node for node in graph.graph.nodes}
    uses = Counter(name for layer in network.layers for name in (layer.weight, layer.bias) if name is not None)
    done = []
    for layer in network.layers:
        if layer.operation != "batch_norm":
            continue
        norm = by_name[layer.nodes[-1]]
        producer = next((one for one in network.layers if one.nodes[-1] == getattr(norm.args[0], "name", None)), None)
        if producer is None or producer.weight is None or not _foldable(producer, norm):
            continue
        if uses[producer.weight] != 1 or (producer.bias is not None and uses[producer.bias] != 1):
            continue
        _fold(graph, producer, by_name[producer.nodes[-1]], norm)
        done.append(f"fold_batchnorm: {layer.name} into {producer.name}")
    if not done:
        return network
    graph.graph.lint()
    graph.delete_all_unused_submodules()
    graph.recompile()
    return network_of(graph, (*network.rewrites, *done))


def _foldable(producer: Layer, norm: Node) -> bool:
    """Whether the batch norm has statistics and its channels are the producer's, which nothing else reads."""
    source, mean = norm.args[0], norm.args[3]
    alone = isinstance(source, Node) and len(source.users) == 1
    channels_second = producer.operation != "linear" or len(producer.output_shape) == 2
    return producer.operation in FOLDABLE and alone and channels_second and isinstance(mean, Node)


@torch.no_grad()
def _fold(graph: GraphModule, producer: Layer, product: Node, norm: Node) -> None:
    def value(argument: object, default: float) -> Tensor:
        if isinstance(argument, Node):
            return _fetch(graph, str(argument.target)).double()
        return torch.full((weight.shape[0],), default, dtype=torch.float64, device=weight.device)

    _, gamma, beta, mean, variance, _, _, eps, *_ = norm.args
    weight = _fetch(graph, str(producer.weight))
    gain = value(gamma, 1.0) / torch.sqrt(value(variance, 1.0) + eps)  # type: ignore[operator]
    bias = _fetch(graph, producer.bias).double() if producer.bias is not None else torch.zeros_like(gain)
    folded_bias = (bias - value(mean, 0.0)) * gain + value(beta, 0.0)
    folded = weight.double() * gain.reshape(-1, *[1] * (weight.dim() - 1))
    _store(graph, str(producer.weight), folded.to(weight.dtype))
    path = producer.bias or _free(graph, str(producer.weight))
    _store(graph, path, folded_bias.to(weight.dtype))
    if producer.bias is None:
        with graph.graph.inserting_before(product):
            node = graph.graph.get_attr(path)
        node.meta["val"] = torch.empty_like(folded_bias, dtype=weight.dtype, device="meta")
        product.args = (*product.args[:2], node, *product.args[3:])
    norm.replace_all_uses_with(product)
    graph.graph.erase_node(norm)
    for argument in (gamma, beta, mean, variance):
        if isinstance(argument, Node) and not argument.users:
            graph.graph.erase_node(argument)
            if not any(node.op == "get_attr" and node.target == argument.target for node in graph.graph.nodes):
                _delete(graph, str(argument.target))


def _free(graph: GraphModule, weight: str) -> str:
    """Where a bias may be put beside a weight."""
    module, _, name = weight.rpartition(".")
    owner = graph.get_submodule(module)
    free = next(one for one in ("bias", f"{name}_bias", f"{name}_folded_bias") if getattr(owner, one, None) is None)
    return f"{module}.{free}" if module else free


def _fetch(graph: GraphModule, path: str) -> Tensor:
    module, _, name = path.rpartition(".")
    return getattr(graph.get_submodule(module), name)


def _store(graph: GraphModule, path: str, value: Tensor) -> None:
    module, _, name = path.rpartition(".")
    owner = graph.get_submodule(module)
    if name in owner._parameters or not hasattr(owner, name):
        owner.register_parameter(name, nn.Parameter(value))
    else:
        setattr(owner, name, value)


def _delete(graph: GraphModule, path: str) -> None:
    module, _, name = path.rpartition(".")
    delattr(graph.get_submodule(module), name)
