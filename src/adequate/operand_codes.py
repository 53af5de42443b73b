"""Which codes a layer multiplies: histograms of its operands, to weight the errors of multipliers with."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule, Interpreter, Node

from adequate.design import Design, LayerDesign
from adequate.emulation import emulate_expanded
from adequate.formats import Format
from adequate.network import Network
from adequate.network.operands import slots_of
from adequate.operators.multiplier import WIDEST


def operand_histograms(
    network: Network, design: Design, batches: Iterable[tuple[Tensor, Tensor]]
) -> dict[str, tuple[Tensor, Tensor]]:
    """Layer name -> how often each code occurs in its activation and in its weight, int64 of 2**bits by bit pattern.

    Of the sums of products that have formats of at most 16 bits for both operands; the network runs in the design's
    arithmetic. Every element of a tensor counts once, however many products it enters, and padding is not counted. The
    pair is what ``errors(multiplier, weights)`` takes.

    Raises:
        ValueError: no images, or a design that does not fit the network.
    """
    observer = _Observer(emulate_expanded(network, design), network, design)
    images = 0
    with torch.no_grad():
        for x, _ in batches:
            inputs = (x,) if isinstance(x, Tensor) else tuple(x)
            observer.run(*inputs)
            images += len(inputs[0])
    if not images:
        raise ValueError("no images to observe the operands on")
    return {layer.name: observer.seen[layer.name] for layer in network.layers if layer.name in observer.seen}


def patterns_of(x: Tensor, format: Format) -> Tensor:
    """The bit patterns of the codes of ``x``, int64 in 0 .. 2**bits - 1."""
    return format.encode(x) & (2**format.bits - 1)


class _Observer(Interpreter):
    """Runs an emulated graph and counts the codes that its products read."""

    def __init__(self, graph: GraphModule, network: Network, design: Design) -> None:
        super().__init__(graph)
        self.extra_traceback = False
        self.network, self.design = network, design
        self.seen: dict[str, tuple[Tensor, Tensor]] = {}

    def run_node(self, n: Node) -> Any:
        name = n.meta.get("layer") if n.op == "call_module" else None
        if name is not None and self.network[name].multiplies and (formats := _formats(self.design[name])):
            activation, weight = slots_of(n, self.network[name].operation)
            before = self.seen.get(name)
            counted = _counts(self.env[activation], formats[0])
            if before is None:
                self.seen[name] = counted, _counts(self.env[weight], formats[1])
            elif weight.op == "get_attr":  # the same in every batch: it counts once
                self.seen[name] = before[0] + counted, before[1]
            else:
                self.seen[name] = before[0] + counted, before[1] + _counts(self.env[weight], formats[1])
        return super().run_node(n)


def _formats(chosen: LayerDesign) -> tuple[Format, Format] | None:
    if chosen.input is None or chosen.weight is None or max(chosen.input.bits, chosen.weight.bits) > WIDEST:
        return None
    return chosen.input, chosen.weight


def _counts(x: Tensor, format: Format) -> Tensor:
    return torch.bincount(patterns_of(x.detach(), format).flatten().cpu(), minlength=2**format.bits)
