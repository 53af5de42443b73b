"""The space of the study: of every weight and every activation its own word length, of each the best range."""

from collections.abc import Sequence
from math import prod

from adequate.calibration import least_squared_error, min_max
from adequate.design import Design
from adequate.exploration import Knob, Space, dynamic_fixed
from adequate.exploration.edges import width_ties
from adequate.exploration.knob import Choice, Slot
from adequate.formats import Fixed, Format
from adequate.network import Layer, Network
from adequate.ranges import Interval, Ranges
from adequate.reporting.memory import FLOAT_BITS, IN_PLACE

MONOTONE = IN_PLACE | {"relu", "max_pool2d"}
"""Operations that rounding may trade places with: they keep the order of values and make no new ones but 0."""


def uniform(network: Network, ranges: Ranges, bits: int) -> Design:
    """Dynamic fixed point of one word length, each range that of the least squared error.

    Inputs that are never negative have no sign. What passes only monotone operations on its way to one layer is
    rounded once, to that layer's input format. What is added has ranges of its own: an adder shifts one to the other.
    """
    design = dynamic_fixed(ranges, bits, calibration=least_squared_error)
    for name, layer in design.items():
        seen = ranges[name].input
        if isinstance(layer.input, Fixed) and seen is not None and seen.low >= 0 and not ranges[name].reads_image:

            def unsigned(interval: Interval, bits: int = layer.input.bits) -> Fixed:
                return Fixed.fit(interval, bits, signed=False)

            design = design.with_layers(name, input=unsigned(least_squared_error(seen, unsigned)))
    for writer, reader in _only_readers(network).items():
        design = design.with_layers(writer, output=design[reader].input)
    return design


def whole_weights(network: Network, ranges: Ranges, bits: int) -> Design:
    """The uniform design, but its weights' ranges cover them all.

    Where many bits are left, the few largest weights are worth more than a finer grid for the others.
    """
    covering = dynamic_fixed(ranges, bits, calibration=min_max)
    design = uniform(network, ranges, bits)
    for name, layer in covering.items():
        design = design.with_layers(name, weight=layer.weight)
    return design


def space_of(network: Network, designs: Sequence[Design]) -> Space:
    """The space that ``designs``, from coarse to fine, span: each knob has what one of them says.

    A knob for each weight, for each edge on which numbers are rounded once, and for each input and output else. The
    network's own input stays as it is.
    """
    finest = designs[-1]
    _, images = width_ties(network, finest)
    edges = [((writer, "output"), (reader, "input")) for writer, reader in _only_readers(network).items()]
    of = {slot: edge for edge in edges for slot in edge}
    every = [(name, slot) for name, layer in finest.items() for slot in layer.slots()]
    groups = dict.fromkeys(of.get(slot, (slot,)) for slot in every)
    return Space(finest, knobs=[_knob(group, designs) for group in groups if not images.intersection(group)])


def wide_outputs(space: Space, place: int, wide: int) -> Design:
    """Every knob at ``place``, but what is added, and the answer, at ``wide``."""
    only = [all(slot == "output" for _, slot in knob.slots) for knob in space.knobs]
    return space.design(tuple(wide if one else place for one in only))


def operand_bits(network: Network, design: Design) -> tuple[float, float]:
    """Mean word lengths of the weights and of the inputs of the layers that multiply, the network's own left out."""
    inner = [layer for layer in network.multiplying if layer.inputs[0] in network]
    read = {layer.name: layer.calls * prod(size or 1 for size in layer.input_shapes[0]) for layer in inner}
    stored = {layer.name: layer.weights for layer in network.multiplying}
    inputs = sum(count * _bits(design[name].input) for name, count in read.items())
    weights = sum(count * _bits(design[name].weight) for name, count in stored.items())
    return weights / sum(stored.values()), inputs / sum(read.values())


def _bits(format: Format | None) -> int:
    return FLOAT_BITS if format is None else format.bits


def _knob(slots: Sequence[Slot], designs: Sequence[Design]) -> Knob:
    def choice(design: Design) -> Choice:
        return tuple((slot, getattr(design[slot[0]], slot[1])) for slot in slots)

    return Knob("+".join(map(".".join, slots)), tuple(dict.fromkeys(map(choice, designs))))


def _only_readers(network: Network) -> dict[str, str]:
    """Layers that multiply whose output only one other reads, through monotone operations alone: writer -> reader."""
    readers: dict[str, list[Layer]] = {}
    for layer in network.layers:
        for name in layer.inputs:
            readers.setdefault(name, []).append(layer)
    found: dict[str, str] = {}
    for writer in network.multiplying:
        name = writer.name
        while len(readers.get(name, [])) == 1 and (reader := readers[name][0]).operation in MONOTONE:
            name = reader.name
        if [reader.multiplies for reader in readers.get(name, [])] == [True]:
            found[writer.name] = readers[name][0].name
    return found
