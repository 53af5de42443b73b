"""Taking back the shift that rounding puts on the mean of each output channel."""

from collections.abc import Iterable
from dataclasses import replace

import torch
from torch import Tensor

from adequate.design import Design
from adequate.emulation import emulate
from adequate.network import Layer, Network
from adequate.observation import Call, observe, products


def correct_bias(
    network: Network,
    design: Design,
    batches: Iterable[tuple[Tensor, Tensor]],
    *,
    reference: Network | None = None,
) -> Network:
    """The network with each bias b of a layer in the design replaced by b + E[float output] - E[emulated output].

    The means are per output channel over all images and positions, the emulated ones in the design's arithmetic with
    the layers before corrected already, layer by layer in the order of execution (Nagel et al. 2019, arXiv:1906.04721,
    section 4.2, the empirical way of its supplement). Layers without a bias, or that share it, are left alone.

    ``reference`` is the float network whose outputs are wanted, without one ``network`` itself. Weights that were
    remapped for a multiplier are no longer those: there it is the network they were remapped from.

    ``batches`` yields (images, labels); labels are not used.

    Raises:
        ValueError: no images, or no layer of the design has a bias of its own.
    """
    images = [x for x, _ in batches]
    if not images:
        raise ValueError("no images to correct the biases on")
    emulated, state = emulate(network, design), network.state()
    exact = (network if reference is None else reference).expanded
    in_float = {node.name: node for node in exact.graph.nodes}
    biases = [layer.bias for layer in network.layers]
    corrected: list[str] = []
    for layer in network.layers:
        nodes = products(emulated).get(layer.name)
        if nodes is None or layer.bias is None or biases.count(layer.bias) > 1:
            continue
        float_nodes = [in_float[name] for name in layer.outputs]
        wanted = _mean(layer, [call for x in images for call in observe(exact, float_nodes, layer.operation, x)])
        found = _mean(layer, [call for x in images for call in observe(emulated, nodes, layer.operation, x)])
        bias = state[layer.bias]
        state[layer.bias] = (bias.double() + wanted - found).to(bias.dtype)
        emulated.load_state_dict({layer.bias: state[layer.bias]}, strict=False)
        corrected.append(layer.name)
    if not corrected:
        raise ValueError("the design has no layer with a bias of its own to correct")
    done = f"correct_bias: {', '.join(corrected)}"
    return replace(network.with_state(state), rewrites=(*network.rewrites, done))


def _mean(layer: Layer, calls: list[Call]) -> Tensor:
    """The mean of each output channel, float64."""
    channels = 1 if layer.operation.startswith("conv") else -1
    rows = [call.output.double().movedim(channels, 0).flatten(1) for call in calls]
    return torch.stack([row.sum(1) for row in rows]).sum(0) / sum(row.shape[1] for row in rows)
