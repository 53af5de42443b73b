"""Running statistics of batch normalisations, measured anew in a design's arithmetic."""

from collections.abc import Iterable
from dataclasses import replace

import torch
from torch import Tensor
from torch.fx import Node

from adequate.design import Design
from adequate.emulated_layer import FormedFunction
from adequate.emulation import EmulatedNetwork, emulate
from adequate.network import Layer, Network
from adequate.network.graph import arguments
from adequate.observation import observe
from adequate.quantization import quantize


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
    own = {node.name: node for node in network.expanded.graph.nodes}
    calls = _calls(emulated, network)
    kept = {name: _statistics(own[network[name].outputs[0]]) for name in calls}
    done: list[str] = []
    for name, nodes in calls.items():
        layer, names = network[name], kept[name]
        if names is None or list(kept.values()).count(names) > 1:
            continue
        read = [call.input for x in images for call in observe(emulated, nodes, layer.operation, x)]
        what = f"input of layer {name!r}"
        mean, variance = _measured(layer, [quantize(x, design[name].input, what) for x in read])
        for statistic, value in zip(names, (mean, variance), strict=True):
            state[statistic] = value.to(state[statistic].dtype)
        emulated.load_state_dict({statistic: state[statistic] for statistic in names}, strict=False)
        done.append(name)
    if not done:
        raise ValueError("the network has no batch norm with statistics of its own to refit; are they folded?")
    return replace(network.with_state(state), rewrites=(*network.rewrites, f"refit_batchnorm: {', '.join(done)}"))


def _calls(emulated: EmulatedNetwork, network: Network) -> dict[str, list[Node]]:
    """The nodes of each batch norm, as torch's own calls or in integers."""
    names = {output: one.name for one in network.layers if one.operation == "batch_norm" for output in one.outputs}
    found: dict[str, list[Node]] = {}
    for node in emulated.graph.nodes:
        module = emulated.get_submodule(node.target) if node.op == "call_module" else None
        name = module.form.layer.name if isinstance(module, FormedFunction) else names.get(node.name)
        if name is not None and network[name].operation == "batch_norm":
            found.setdefault(name, []).append(node)
    return found


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
