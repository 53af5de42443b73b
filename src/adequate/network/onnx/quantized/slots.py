"""Formats at nodes of an ONNX file, put into the slots of the layers those nodes became."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from adequate.design import Design, LayerDesign
from adequate.formats import Format
from adequate.network.layer import Layer
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
        slots[_of(layers, name)[-1].name]["output"] = format
    for (name, place), format in formats.operands.items():
        own = _of(layers, name)
        reader = next((layer for layer in own if layer.multiplies), own[0])
        second = place == 1
        if dict(reader.attributes).get("weight_first"):
            second = not second
        slots[reader.name]["weight" if second else "input"] = format
    return Design({name: LayerDesign(**chosen) for name, chosen in slots.items()})  # pyright: ignore[reportArgumentType]


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
