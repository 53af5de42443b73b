"""Rewrites of a network that change its outputs by rounding only; each is recorded in ``Network.rewrites``."""

import copy

import torch
from torch import Tensor, nn
from torch.fx import GraphModule, Node

from adequate.network.layer import Layer
from adequate.network.network import Network
from adequate.network.trace import network_of

FOLDABLE = frozenset({"conv1d", "conv2d", "conv3d", "linear"})
"""Operations whose output channel is dimension 0 of the weight."""


def fold_batchnorm(network: Network) -> Network:
    """Every batch norm that alone reads a convolution or linear layer, folded into its weight and bias.

    w' = w * g and b' = (b - mean) * g + beta with g = gamma / sqrt(variance + eps) per output channel, computed in
    float64 and rounded once (Jacob et al. 2018, arXiv:1712.05877, 3.2). A weight shared by two calls is left alone.
    """
    graph = copy.deepcopy(network.graph)
    by_name = {node.name: node for node in graph.graph.nodes}
    uses = [layer.weight for layer in network.layers if layer.weight is not None]
    done = []
    for layer in network.layers:
        if layer.operation != "batch_norm":
            continue
        norm = by_name[layer.nodes[-1]]
        source = norm.args[0]
        producer = next((one for one in network.layers if one.nodes[-1] == getattr(source, "name", None)), None)
        if producer is None or producer.operation not in FOLDABLE or len(by_name[producer.nodes[-1]].users) != 1:
            continue
        if producer.weight is None or uses.count(producer.weight) != 1 or uses.count(layer.weight) > 1:
            continue
        _fold(graph, producer, by_name[producer.nodes[-1]], norm)
        done.append(f"fold_batchnorm: {layer.name} into {producer.name}")
    if not done:
        return network
    graph.graph.lint()
    graph.delete_all_unused_submodules()
    graph.recompile()
    return network_of(graph, (*network.rewrites, *done))


@torch.no_grad()
def _fold(graph: GraphModule, producer: Layer, product: Node, norm: Node) -> None:
    def value(argument: object) -> Tensor | None:
        return _fetch(graph, str(argument.target)).double() if isinstance(argument, Node) else None

    _, gamma, beta, mean, variance, _, _, eps, *_ = norm.args
    weight = _fetch(graph, str(producer.weight))
    mu, var = value(mean), value(variance)
    assert mu is not None
    assert var is not None
    gain = (value(gamma) if value(gamma) is not None else torch.ones_like(var)) / torch.sqrt(var + eps)  # type: ignore[operator]
    bias = _fetch(graph, producer.bias).double() if producer.bias is not None else torch.zeros_like(mu)
    shift = value(beta)
    folded_bias = (bias - mu) * gain + (shift if shift is not None else 0.0)
    folded = weight.double() * gain.reshape(-1, *[1] * (weight.dim() - 1))
    _store(graph, str(producer.weight), folded.to(weight.dtype))
    path = producer.bias or str(producer.weight).rpartition(".")[0].lstrip(".") + ".bias"
    _store(graph, path.lstrip("."), folded_bias.to(weight.dtype))
    if producer.bias is None:
        with graph.graph.inserting_before(product):
            node = graph.graph.get_attr(path.lstrip("."))
        node.meta["val"] = torch.empty_like(folded_bias, dtype=weight.dtype, device="meta")
        product.args = (*product.args[:2], node, *product.args[3:])
    norm.replace_all_uses_with(product)
    graph.graph.erase_node(norm)
    for argument in (gamma, beta, mean, variance):
        if isinstance(argument, Node) and not argument.users:
            graph.graph.erase_node(argument)
            _delete(graph, str(argument.target))


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
