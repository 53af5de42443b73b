"""Formats at nodes of an ONNX file, put into the slots of the layers those nodes became."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from adequate.design import Design, LayerDesign
from adequate.formats import Format, Scaled
from adequate.network.layer import Layer, Shape
from adequate.network.network import Network


@dataclass(frozen=True)
class NodeFormats:
    """The formats of nodes: ``outputs`` by node name, ``operands`` by node name and place.

    The axis of a weight's format counts the dimensions of the weight as the layer has it.
    """

    outputs: Mapping[str, Format] = field(default_factory=dict[str, Format])
    operands: Mapping[tuple[str, int], Format] = field(default_factory=dict[tuple[str, int], Format])


def design_of(formats: NodeFormats, network: Network) -> Design:
    """The design that the formats of a file make for the network it became.

    The first operand of a layer takes its ``input`` slot, the second operand of a product its ``weight`` slot; a
    parameter takes ``weight`` wherever it stands.

    Raises:
        ValueError: a node with a format became no layer.
    """
    layers = _layers(network)
    slots: defaultdict[str, dict[str, Format]] = defaultdict(dict)
    for name, format in formats.outputs.items():
        writer = _of(layers, name)[-1]
        slots[writer.name]["output"] = _from_the_first(format, writer.output_shape)
    for (name, place), format in formats.operands.items():
        own = _of(layers, name)
        reader = next((layer for layer in own if layer.multiplies), own[0])
        second = place == 1 and reader.multiplies
        if dict(reader.attributes).get("weight_first"):
            second = not second
        slots[reader.name]["weight" if second else "input"] = _from_the_first(format, reader.input_shapes[0])
    return Design({name: LayerDesign(**chosen) for name, chosen in slots.items()})  # pyright: ignore[reportArgumentType]


def _from_the_first(format: Format, shape: Shape) -> Format:
    """The format with the dimension of its scales counted from the first, where it is counted from the last."""
    if not isinstance(format, Scaled) or format.axis is None or format.axis >= 0 or format.axis < -len(shape):
        return format
    return replace(format, axis=format.axis + len(shape))


def _layers(network: Network) -> dict[str, list[Layer]]:
    """The layers of each node, in execution order: the one of its name, and those below it."""
    found: defaultdict[str, list[Layer]] = defaultdict(list)
    for layer in network.layers:
        parts = layer.name.split(".")
        for end in range(1, len(parts) + 1):
            found[".".join(parts[:end])].append(layer)
    return found


def _of(layers: Mapping[str, list[Layer]], node: str) -> list[Layer]:
    if node not in layers:
        raise ValueError(f"node {node!r} has a format but became no layer; the layers are {', '.join(sorted(layers))}")
    return layers[node]
