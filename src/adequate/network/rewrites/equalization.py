"""Cross-layer range equalisation: channels scaled between neighbouring layers, so that one format fits them all."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.fx import Node

from adequate.network.graph import arguments, copy_graph, function_of
from adequate.network.network import Network
from adequate.network.rewrites.surgery import Product, finished, own_products

ELEMENTWISE = frozenset({"relu", "leaky_relu", "dropout", "alias", "clone", "contiguous"})
"""f(s x) = s f(x) for every s > 0, element by element."""

POOLING = frozenset(f"{kind}_pool{d}d" for kind in ("max", "avg", "adaptive_avg", "adaptive_max") for d in (1, 2, 3))
"""The same, over the places of a channel."""

SWEEPS = 1000
"""Most passes over all pairs (assumed; the error falls geometrically, with the length of the longest chain)."""

CONVERGED = 1e-3
"""Largest |s - 1| of a pass after which no more is gained (assumed)."""


def equalize(network: Network) -> Network:
    """The network with equal weight ranges on both sides of every channel between two products.

    Between two convolutions or linear layers with nothing but positively homogeneous functions (f(s x) = s f(x), s > 0)
    channel i is scaled by 1 / s_i in the first, weight and bias, and by s_i in the second:

        s_i = sqrt(r1_i r2_i) / r2_i = sqrt(r1_i / r2_i),

    r1_i and r2_i the largest magnitudes of the weights that make and that read the channel (Nagel et al. 2019,
    arXiv:1906.04721, 4.1, eqs. 5-10). All pairs are passed over until nothing changes, so chains with depthwise
    convolutions between become equal as the paper's triples do. Scales are found in float64 and weights rounded once.

    ReLU6 and other functions with a bend elsewhere than at 0 are not homogeneous: such a pair is left alone (the paper
    puts ReLU in the place of ReLU6, which is another function), and so is a channel that something else reads too, as
    a residual addition does, a channel that is zero on one side, and a weight or bias shared with another call.
    """
    graph = copy_graph(network.graph)
    products = own_products(network, graph)
    pairs = [pair for product in products.values() if (pair := _pair(product, products)) is not None]
    state = {product.node: (product.weight, product.bias) for product in products.values()}
    for _ in range(SWEEPS):
        if max([_equalized(pair, state) for pair in pairs], default=0.0) < CONVERGED:
            break
    for node in {node for pair in pairs for node in (pair.first.node, pair.second.node)}:
        weight, bias = state[node]
        products[node].set_weight(weight)
        if arguments(node)["bias"] is not None:
            products[node].set_bias(bias)
    return finished(
        network, graph, [f"equalize: {pair.first.layer.name} with {pair.second.layer.name}" for pair in pairs]
    )


@dataclass(frozen=True)
class _Pair:
    """Two products; each channel of the first is read by ``places`` successive inputs of the second."""

    first: Product
    second: Product
    places: int


def _pair(first: Product, products: dict[Node, Product]) -> _Pair | None:
    """The product that alone reads the channels of ``first``, if only homogeneous functions lie between."""
    node, flat = first.node, False
    batched = len(first.layer.output_shape) == 1 - first.channels
    while len(node.users) == 1:
        (reader,) = node.users
        name = function_of(reader)
        if reader in products:
            return _fitting(first, products[reader], flat) if arguments(reader)["input"] is node else None
        spatial = batched and first.channels < -1
        if name == "flatten" and spatial and not flat:
            if list(reader.args[1:]) != [1] and list(reader.args[1:]) != [1, -1]:
                return None
            flat = True
        elif not (name in ELEMENTWISE or (name in POOLING and spatial and not flat)):
            return None
        node = reader
    return None


def _fitting(first: Product, second: Product, flat: bool) -> _Pair | None:
    channels, linear = len(first.bias), second.layer.operation == "linear"
    inputs = _inputs(second.weight, second)
    if flat:
        return _Pair(first, second, inputs // channels) if linear and inputs % channels == 0 else None
    same = (first.channels == -1) == linear and inputs == channels
    return _Pair(first, second, 1) if same else None


def _equalized(pair: _Pair, state: dict[Node, tuple[Tensor, Tensor]]) -> float:
    """Scales the channels of a pair; the largest change, |s - 1|."""
    (weight, bias), (reading, kept) = state[pair.first.node], state[pair.second.node]
    made = _ranges(weight, pair.first.output_axis)
    read = _ranges(reading, 3 - pair.second.output_axis).reshape(len(made), pair.places).amax(1)
    alive = (made > 0) & (read > 0)
    scale = torch.where(alive, torch.sqrt(made / torch.where(alive, read, 1.0)), 1.0)
    state[pair.first.node] = weight / _shaped(scale, weight, pair.first.output_axis), bias / scale
    inputs = scale.repeat_interleave(pair.places)
    state[pair.second.node] = reading * _shaped(inputs, reading, 3 - pair.second.output_axis), kept
    return float((scale - 1).abs().max())


def _ranges(weight: Tensor, axis: int) -> Tensor:
    """The largest magnitude per channel, groups one after another."""
    return weight.abs().amax([d for d in range(1, weight.dim()) if d != axis]).flatten()


def _shaped(scale: Tensor, weight: Tensor, axis: int) -> Tensor:
    shape = [1] * weight.dim()
    shape[0], shape[axis] = weight.shape[0], weight.shape[axis]
    return scale.reshape(shape)


def _inputs(weight: Tensor, product: Product) -> int:
    return weight.shape[0] * weight.shape[3 - product.output_axis]
