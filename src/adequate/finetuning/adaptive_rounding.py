"""Rounding each weight up or down so that its layer's output, not the weight, is nearest: AdaRound.

Nagel et al., *Up or Down? Adaptive Rounding for Post-Training Quantization*, 2020 (arXiv:2004.10568), section 3.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import cos, pi

import torch
from torch import Generator, Tensor
from torch.fx.node import map_arg

from adequate.design import Design
from adequate.emulation import EmulatedNetwork, emulate
from adequate.finetuning.grid import Grid
from adequate.finetuning.recipe import Batches
from adequate.formats import Format
from adequate.network import Layer, Network
from adequate.network.operands import slots_of
from adequate.observation import observe, products
from adequate.quantization import quantize

ZETA, GAMMA = 1.1, -0.1  # eq. 23
REGULARIZATION = 0.01  # section 5, lambda
BETA = (20.0, 2.0)  # section 5: "we anneal beta from 20 to 2"
WARM_UP = 0.2  # share of the steps without regularisation: assumed, as in the authors' AIMET
RATE = 1e-2  # of Adam: assumed, as in the authors' AIMET
IMAGES = 32  # a step, section 5


@dataclass(frozen=True)
class _Task:
    """One layer's reconstruction: what it reads in the design's arithmetic, what it should give, and its weight."""

    soft: Callable[[Tensor, Tensor], Tensor]
    x: Tensor
    target: Tensor
    channels: int
    weight: Tensor
    grid: Grid


def adaround(network: Network, design: Design, batches: Batches, *, steps: int = 1000, generator: Generator) -> Network:
    """The network with every weight rounded down or up to its format's grid, whichever serves the layer's output.

    Layer by layer, in the order of execution, it minimises

        || f(W x) - f(V(W) x^) ||^2 + lambda sum(1 - |2 h - 1|^beta),   V(W) = clip(step (floor(W / step) + h)),

    over h = clip(sigmoid(v) (zeta - gamma) + gamma, 0, 1), with f a ReLU that alone reads the layer, x what the layer
    reads in the float network and x^ what it reads in the design's arithmetic with the layers before rounded already
    (eqs. 21-25). The squared error is summed over channels and averaged over the rest. Layers with ``fixed`` or
    ``scaled(fixed)`` weights of one or stored scales are rounded so; a weight that several layers use, for the first.
    The weights are then values of their formats: quantising them again changes nothing.

    ``batches`` yields (images, labels); labels are not used. All randomness comes from ``generator``.

    Raises:
        ValueError: no steps, no images, or no layer with such a weight format.
    """
    if steps < 1:
        raise ValueError(f"adaptive rounding takes at least one step, not {steps}")
    images = [x for x, _ in batches]
    if not images:
        raise ValueError("no images to round the weights on")
    emulated, state = emulate(network, design), network.state()
    done: set[str] = set()
    for layer in network.layers:
        grid = Grid.of(design[layer.name].weight)
        if grid is None or layer.weight is None or layer.weight in done:
            continue
        task = _task(network, emulated, layer, images, state[layer.weight], grid, design[layer.name].input)
        if task is not None:
            state[layer.weight] = grid.format.quantize(_rounded(task, steps, generator))
            emulated.load_state_dict({layer.weight: state[layer.weight]}, strict=False)
            done.add(layer.weight)
    if not done:
        raise ValueError("the design has no layer with fixed or scaled(fixed) weights to round")
    return network.with_state(state)


def _task(
    network: Network,
    emulated: EmulatedNetwork,
    layer: Layer,
    images: Sequence[Tensor],
    weight: Tensor,
    grid: Grid,
    input_format: Format | None,
) -> _Task | None:
    """None where the layer's first dimension is not the images'."""
    nodes = products(emulated)[layer.name]
    wanted = {node.name: node for node in network.expanded.graph.nodes}
    float_nodes = [wanted[name] for name in layer.outputs]
    read = [call.input for x in images for call in observe(emulated, nodes, layer.operation, x)]
    given = [call.output for x in images for call in observe(network.expanded, float_nodes, layer.operation, x)]
    x, target = torch.cat(read), torch.cat(given)
    if len(x) != len(target):
        return None
    readers = [one for one in network.layers if layer.name in one.inputs]
    rectified = len(readers) == 1 and readers[0].operation == "relu"
    node = nodes[0]
    operation, (input_node, weight_node) = float_nodes[0].target, slots_of(node, layer.operation)
    constants = {name: value.detach() for name, value in emulated.state_dict().items()}

    def soft(x: Tensor, w: Tensor) -> Tensor:
        operands = {input_node: x, weight_node: w}
        arguments = map_arg(
            (node.args, node.kwargs), lambda n: operands[n] if n in operands else constants[str(n.target)]
        )
        y = operation(*arguments[0], **arguments[1])  # type: ignore[operator]
        return torch.relu(y) if rectified else y

    channels = 1 if layer.operation.startswith("conv") else -1
    return _Task(
        soft,
        quantize(x, input_format, f"input of layer {layer.name!r}"),
        torch.relu(target) if rectified else target,
        channels,
        weight,
        grid,
    )


@torch.enable_grad()
def _rounded(task: _Task, steps: int, generator: Generator) -> Tensor:
    step, low, high = (part.to(task.weight.dtype) for part in task.grid.tensors(task.weight))
    below = (task.weight / step).floor()
    share = (task.weight / step - below - GAMMA) / (ZETA - GAMMA)
    v = torch.logit(share).requires_grad_()
    optimizer = torch.optim.Adam([v], lr=RATE)
    for i in range(steps):
        rows = torch.randint(len(task.x), (min(IMAGES, len(task.x)),), generator=generator)
        h = _rectified_sigmoid(v)
        weight = torch.clamp(step * (below + h), low, high)
        error = task.soft(task.x[rows], weight) - task.target[rows]
        loss = error.square().sum(task.channels).mean()
        if i >= WARM_UP * steps:
            annealed = (i / steps - WARM_UP) / (1 - WARM_UP)
            beta = BETA[1] + (BETA[0] - BETA[1]) * (1 + cos(pi * annealed)) / 2
            loss = loss + REGULARIZATION * (1 - (2 * h - 1).abs().pow(beta)).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    up = _rectified_sigmoid(v.detach()) >= 0.5
    return torch.clamp(step * (below + up), low, high)


def _rectified_sigmoid(v: Tensor) -> Tensor:
    """Eq. 23."""
    return torch.clamp(torch.sigmoid(v) * (ZETA - GAMMA) + GAMMA, 0, 1)
