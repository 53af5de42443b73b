"""How wide a register has to be: guaranteed by the weights, and measured on data."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from adequate.design import Design, LayerDesign
from adequate.emulation import emulate
from adequate.formats import Format, Scaled
from adequate.kernels.columns import columns, untransposed, window_of
from adequate.kernels.expansion import odd_quotient
from adequate.kernels.partial_sums import extremes, signed_bits
from adequate.network import Layer, Network
from adequate.network.layer import CONVOLUTIONS
from adequate.observation import observe, products
from adequate.operators import Order
from adequate.quantization import Units, on_grid, units

WIDEST = 53
"""Bits of the widest sums that are measured."""


@dataclass(frozen=True, slots=True)
class AccumulatorWidth:
    """Bits of a two's complement register on the grid of a layer's products.

    ``guaranteed``: in so many bits no partial sum overflows, in whatever order, for whatever the input's format holds:
    per output channel the positive and the negative products are bounded apart, sum_k max(w_k x_min, w_k x_max, 0) and
    the same with min, plus the bias: for a symmetric input sum |w| max |x| (the bound by the weights of Colbert,
    Pappalardo and Petri-Koenig 2023, "A2Q: accumulator-aware quantization"), else tighter. ``measured``: what the data
    needed, in the accumulator's order.
    """

    guaranteed: int
    measured: int


def accumulator_widths(
    network: Network, design: Design, batches: Iterable[tuple[Tensor, Tensor]]
) -> dict[str, AccumulatorWidth]:
    """The widths for every convolution and linear layer of the design with formats of input and weight.

    Sums are followed exactly, in the order of the layer's accumulator or sequentially, on inputs as they are in the
    emulated network. That is slow: a few images do. ``batches`` yields (images, labels); labels are not used.

    Raises:
        ValueError: no images; a format without a grid; sums of more than 53 bits.
    """
    images = [x for x, _ in batches]
    if not images:
        raise ValueError("no images to measure accumulators on")
    emulated, state = emulate(network, design), network.state()
    nodes, found = products(emulated), dict[str, AccumulatorWidth]()
    for layer in network.layers:
        chosen = design[layer.name]
        if layer.name not in nodes or not _has_width(layer, chosen):
            continue
        inputs = [call.input for x in images for call in observe(emulated, nodes[layer.name], layer.operation, x)]
        bias = None if layer.bias is None else state[layer.bias]
        found[layer.name] = _width(layer, chosen, state[layer.weight or ""], bias, inputs)
    return found


def _has_width(layer: Layer, chosen: LayerDesign) -> bool:
    known = layer.operation in CONVOLUTIONS or layer.operation == "linear"
    return known and layer.weight is not None and chosen.input is not None and chosen.weight is not None


def _width(layer: Layer, chosen: LayerDesign, w: Tensor, bias: Tensor | None, inputs: list[Tensor]) -> AccumulatorWidth:
    assert chosen.input is not None
    axis = 1 if layer.operation.startswith("conv_transpose") else 0
    weight = units(w, chosen.weight, f"weight of layer {layer.name!r}", output_axis=axis)
    operands = [units(x, chosen.input, f"input of layer {layer.name!r}") for x in inputs]
    if weight.static_grid is None or operands[0].static_grid is None:
        raise ValueError(f"layer {layer.name!r}: formats that share exponents have no grid for a register")
    unit = 2.0 ** (weight.static_grid + operands[0].static_grid)
    rows = _rows(layer, weight.values).double()
    added = torch.zeros(len(rows), dtype=torch.float64)
    if bias is not None:
        added = _bias(bias, weight, operands[0], unit, len(rows))
    ends = _ends(chosen.input)
    terms = torch.stack([rows * end for end in (*ends, 0.0)])
    low, high = terms.amin(0).sum(1), terms.amax(0).sum(1)
    guaranteed = _bits(torch.stack([low, low + added]), torch.stack([high, high + added]), unit)
    if guaranteed > WIDEST:
        raise ValueError(f"layer {layer.name!r}: sums of {guaranteed} bits; accumulators are measured up to {WIDEST}")
    order, block = Order.SEQUENTIAL, None
    if chosen.accumulator is not None:
        order, block = chosen.accumulator.order, chosen.accumulator.block
    met = [_met(layer, one.values, weight.values, added, order, block) for one in operands]
    measured = signed_bits(min(low for low, _ in met) / unit, max(high for _, high in met) / unit)
    return AccumulatorWidth(guaranteed, measured)


def _rows(layer: Layer, w: Tensor) -> Tensor:
    """The weights of each output channel: (O, terms)."""
    if layer.operation.startswith("conv_transpose"):
        attributes: dict[str, Any] = dict(layer.attributes)
        w = w.unflatten(0, (attributes["groups"], -1)).transpose(1, 2).flatten(0, 1)
    return w.flatten(1)


def _bias(bias: Tensor, weight: Units, x: Units, unit: float, channels: int) -> Tensor:
    """The bias of each output channel on the products' grid."""
    scale = torch.ones(1, dtype=torch.float64)
    for one in (weight.scale, x.scale):
        scale = scale if one is None else scale * one.reshape(-1)
    scale = scale.repeat(channels // len(scale))
    return on_grid(odd_quotient(bias.double(), scale) / unit, 0) * unit


def _ends(format: Format) -> tuple[float, float]:
    """The lowest and the highest number that meets the weights: before a scale that is taken out of the sum."""
    if isinstance(format, Scaled) and not format.dyadic:
        zero = format.zero if isinstance(format.zero, int) else 0
        return float(format.element.minimum - zero), float(format.element.maximum - zero)
    return float(format.minimum), float(format.maximum)


def _met(layer: Layer, x: Tensor, w: Tensor, bias: Tensor, order: Order, block: int | None) -> tuple[float, float]:
    """The lowest and the highest partial sum, the bias included."""
    if layer.operation == "linear":
        left, right = x.reshape(-1, x.shape[-1]), w
    else:
        x = x if x.dim() == w.dim() else x.unsqueeze(0)
        attributes = dict(layer.attributes)
        if layer.operation.startswith("conv_transpose"):
            left, right = columns(*untransposed(x, w, attributes))
        else:
            left, right = columns(x, w, window_of(attributes, tuple(w.shape[2:])))
    low, high = extremes(left, right, order, block)
    last = left.double() @ right.double().mT + bias.reshape(*right.shape[:-1]).unsqueeze(-2)
    return min(low, float(last.min())), max(high, float(last.max()))


def _bits(low: Tensor, high: Tensor, unit: float) -> int:
    return signed_bits(float(low.min()) / unit, float(high.max()) / unit)
