"""A constant added to a product merged into its bias."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.fx import Node

from adequate.network.graph import arguments, copy_graph, tensor_of
from adequate.network.network import Network
from adequate.network.rewrites.surgery import Product, finished, own_products, remove


def fold_bias(network: Network) -> Network:
    """Every constant per output channel that is added to a convolution or linear layer, merged into its bias.

    b' = b + alpha c in float64, rounded once. c is a number, or a parameter or buffer that varies along the output
    channels at most. Left alone is a product that something else reads too, or whose bias another call shares.
    """
    graph = copy_graph(network.graph)
    nodes = {node.name: node for node in graph.graph.nodes}
    done = []
    for layer in network.layers:
        node = nodes.get(layer.outputs[0])
        if layer.operation != "add" or node is None:
            continue
        products = own_products(network, graph)
        a, b = node.args[:2]
        for source, constant in ((a, b), (b, a)):
            product = products.get(source) if isinstance(source, Node) else None
            added = None if product is None else _per_channel(product, constant)
            scaled_source = source is b and _factor(node) != 1
            if product is None or added is None or len(product.node.users) != 1 or scaled_source:
                continue
            product.set_bias(product.bias + added * (_factor(node) if source is a else 1.0))
            remove(graph, node, instead=product.node)
            done.append(f"fold_bias: {layer.name} into {product.layer.name}")
            break
    return finished(network, graph, done)


def _factor(node: Node) -> float:
    return float(arguments(node).get("alpha", 1))


def _per_channel(product: Product, constant: object) -> Tensor | None:
    """A constant as one number per output channel in float64, if it is one."""
    bias = product.bias
    if isinstance(constant, int | float):
        return torch.full_like(bias, float(constant))
    if not isinstance(constant, Node) or constant.op != "get_attr":
        return None
    value = tensor_of(product.graph, str(constant.target)).detach()
    if not value.is_floating_point() or not _along_channels(value.shape, len(bias), product):
        return None
    return value.double().reshape(-1).expand(len(bias))


def _along_channels(shape: Sequence[int], channels: int, product: Product) -> bool:
    sizes = {d - len(shape): size for d, size in enumerate(shape)}
    few = len(shape) <= len(product.layer.output_shape)
    return few and all(size == 1 or (d == product.channels and size == channels) for d, size in sizes.items())
