"""Weights in runs of output channels, each run with a word length of its own."""

from itertools import pairwise

from adequate.design import Design
from adequate.exploration.slots import Slot, part
from adequate.formats import Format, PerChannel
from adequate.network import Layer, Network
from adequate.quantization import channels_of


def in_channel_groups(network: Network, start: Design, groups: int) -> tuple[Design, tuple[Slot, ...]]:
    """``start`` with a format for each output channel of its weights, and the slots of ``groups`` runs of each weight.

    The runs are of neighbouring channels and as equal as can be; there are as many as channels at most. A channel
    begins with the format it had, alone or under its scale.

    Raises:
        ValueError: ``groups`` is below 2; a weight's format has no grid, or one along another dimension.
    """
    if groups < 2:
        raise ValueError(f"channel_groups is {groups}; weights are split into 2 runs of channels or more")
    parts: list[Slot] = []
    for layer in network.multiplying:
        format = start[layer.name].weight
        if format is None or layer.weight_shape is None:
            continue
        axis = 1 if layer.operation.startswith("conv_transpose") else 0
        count = layer.weight_shape[axis]
        start = start.with_layers(layer.name, weight=PerChannel(_formats(layer, format, axis, count), axis))
        runs = min(groups, count)
        ends = [i * count // runs for i in range(runs + 1)]
        parts += [(layer.name, part(first, end)) for first, end in pairwise(ends)]
    return start, tuple(parts)


def _formats(layer: Layer, format: Format, axis: int, count: int) -> tuple[Format, ...]:
    known = channels_of(format) or (format,) * count
    assert layer.weight_shape is not None
    own = getattr(format, "axis", None)
    if len(known) != count or (own is not None and own % len(layer.weight_shape) != axis):
        raise ValueError(f"layer {layer.name!r}: {format} does not lie along its {count} output channels")
    try:
        return PerChannel(known, axis).formats
    except ValueError as error:
        raise ValueError(f"layer {layer.name!r}: its channels cannot differ in word length: {error}") from None
