"""The operands that an accelerator is given: the integers every layer multiplies on some images."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule, Interpreter, Node

from adequate.accelerators.integers import has_integers, integers_of
from adequate.accelerators.loop_nest import LoopNest, loop_nest
from adequate.accelerators.work import LayerOperands, Operands
from adequate.design import Design
from adequate.emulation import emulate_expanded
from adequate.network import Layer, Network
from adequate.network.operands import slots_of


def operands(network: Network, design: Design, images: Tensor) -> Operands:
    """The integers that the network multiplies on ``images`` (one tensor, batch first), padding included.

    Of the sums of products whose input and weight have integer formats and that accelerators map; the network runs in
    the design's arithmetic. Take the images by a seeded draw: ``dataset.calibration(generator)`` gives batches.

    Raises:
        ValueError: no images, or a design that does not fit the network.
    """
    if not len(images):
        raise ValueError("no images to take the operands of")
    observer = _Observer(emulate_expanded(network, design), network, design, len(images))
    with torch.no_grad():
        observer.run(images)
    layers = {
        name: _joined(found, network[name].weight is not None, len(images)) for name, found in observer.seen.items()
    }
    return Operands(layers, len(images))


class _Observer(Interpreter):
    """Runs an emulated graph and takes down what its products read."""

    def __init__(self, graph: GraphModule, network: Network, design: Design, images: int) -> None:
        super().__init__(graph)
        self.extra_traceback = False
        self.network, self.design, self.images = network, design, images
        self.seen: dict[str, list[tuple[Tensor, Tensor]]] = {}

    def run_node(self, n: Node) -> Any:
        name = n.meta.get("layer") if n.op == "call_module" else None
        if name is not None and self.network[name].multiplies:
            layer, chosen = self.network[name], self.design[name]
            if has_integers(chosen.input) and has_integers(chosen.weight) and (loops := _mapped(layer)) is not None:
                a, w = slots_of(n, layer.operation)
                assert chosen.input is not None
                assert chosen.weight is not None
                pair = integers_of(self.env[a], chosen.input), integers_of(self.env[w], chosen.weight)
                self.seen.setdefault(name, []).append(_arranged(*pair, layer, loops, self.images))
        return super().run_node(n)


def _mapped(layer: Layer) -> LoopNest | None:
    try:
        return loop_nest(layer)
    except ValueError:
        return None


def _arranged(a: Tensor, w: Tensor, layer: Layer, loops: LoopNest, images: int) -> tuple[Tensor, Tensor]:
    """Both operands in the shapes of ``LayerOperands``."""
    contraction = layer.contraction
    if contraction is None:
        top, bottom, left, right = loops.padding
        flat = a.reshape(images, loops.groups * loops.channels, *loops.unpadded)
        padded = torch.nn.functional.pad(flat, (left, right, top, bottom))
        return padded, w.reshape(1, loops.groups * loops.filters, loops.channels, *loops.kernel)
    weight = layer.weight_shape if layer.weight_shape is not None else layer.input_shapes[1]
    sizes = contraction.sizes(layer.input_shapes[0], weight)
    per_image = [size or 1 for size in layer.input_shapes[0]]
    activation = a.reshape(images, *per_image)
    activation = _permuted(
        activation, contraction.left, (contraction.batch, contraction.summed, contraction.rows), sizes
    ).reshape(images, loops.groups * loops.channels, *loops.size)
    of_images = layer.weight is None
    second = w.reshape(images if of_images else 1, *(size or 1 for size in weight))
    order = contraction.batch, contraction.columns, contraction.summed
    shape = len(second), loops.groups * loops.filters, loops.channels, 1, 1
    return activation, _permuted(second, contraction.right, order, sizes).reshape(shape)


def _permuted(x: Tensor, labels: Sequence[str], order: Sequence[Sequence[str]], sizes: dict[str, int]) -> Tensor:
    """``x`` with its dimensions, after the first, in this order; one of size 1 repeated along its label."""
    wanted = [one for part in order for one in part]
    present = x.permute(0, *(1 + labels.index(one) for one in wanted if one in labels))
    for at, one in enumerate(wanted):
        if one not in labels:
            present = present.unsqueeze(1 + at)
    return present.expand(len(x), *(sizes[one] for one in wanted))


def _joined(found: list[tuple[Tensor, Tensor]], parameter: bool, images: int) -> LayerOperands:
    """The calls of one layer, one after the other; a weight that is a parameter is the same in all of them."""
    weight = found[0][1] if parameter else torch.cat([weight for _, weight in found])
    return LayerOperands(torch.cat([activation for activation, _ in found]), weight, images)
