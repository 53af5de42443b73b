"""Running statistics of batch normalisations, measured anew in a design's arithmetic."""

from collections.abc import Iterable
from dataclasses import replace

import torch
from torch import Tensor
from torch.fx import Node

from adequate.design import Design
from adequate.emulation import emulate
from adequate.network import Layer, Network
from adequate.network.graph import arguments
from adequate.observation import observe


def refit_batchnorm(network: Network, design: Design, batches: Iterable[tuple[Tensor, Tensor]]) -> Network:
    """The network with the running mean and variance of each batch normalisation as they are in the design.

    They are taken per channel over all images and positions of what the normalisation reads in the design's arithmetic,
    the variance divided by their number less one; layer by layer in the order of execution, so that each sees those
    before it refitted already. An approximate multiplier moves and stretches the sums behind it: this takes both back
    where ``correct_bias`` can only take back the mean. It is for networks whose batch norms are not folded.

    Precise statistics over many images instead of a running average: Wu and Johnson 2021, "Rethinking 'Batch' in
    BatchNorm" (arXiv:2105.07576), section 3; one layer at a time is our choice. Batch norms without running statistics,
    or that share them, are left alone.

    ``batches`` yields (images, labels); labels are not used.

    Raises:
        ValueError: no images, fewer than two values in a channel, or no batch norm with statistics of its own.
    """
    images = [x for x, _ in batches]
    if not images:
        raise ValueError("no images to measure batch norms on")
    emulated, state = emulate(network, design), network.state()
    nodes = {node.name: node for node in emulated.graph.nodes}
    normalizations = [one for one in network.layers if one.operation == "batch_norm" and one.outputs[0] in nodes]
    kept = {one.name: _statistics(nodes[one.outputs[0]]) for one in normalizations}
    done: list[str] = []
    for layer in normalizations:
        names = kept[layer.name]
        if names is None or list(kept.values()).count(names) > 1:
            continue
        mean, variance = _measured(
            layer,
            [
                call.input
                for x in images
                for call in observe(emulated, [nodes[n] for n in layer.outputs], layer.operation, x)
            ],
        )
        for name, value in zip(names, (mean, variance), strict=True):
            state[name] = value.to(state[name].dtype)
        emulated.load_state_dict({name: state[name] for name in names}, strict=False)
        done.append(layer.name)
    if not done:
        raise ValueError("the network has no batch norm with statistics of its own to refit; are they folded?")
    return replace(network.with_state(state), rewrites=(*network.rewrites, f"refit_batchnorm: {', '.join(done)}"))


def _statistics(node: Node) -> tuple[str, str] | None:
    """The names of the running mean and variance."""
    given = arguments(node)
    found = [given[name] for name in ("running_mean", "running_var")]
    return (str(found[0].target), str(found[1].target)) if all(isinstance(one, Node) for one in found) else None


def _measured(layer: Layer, inputs: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Mean and variance of each channel, float64."""
    rows = [x.double().movedim(1, 0).flatten(1) for x in inputs]
    count = sum(row.shape[1] for row in rows)
    if count < 2:
        raise ValueError(f"layer {layer.name!r} has {count} value in a channel; a variance takes two, so more images")
    mean = torch.stack([row.sum(1) for row in rows]).sum(0) / count
    squares = torch.stack([(row - mean[:, None]).square().sum(1) for row in rows]).sum(0)
    return mean, squares / (count - 1)
