"""What a design stores: bits of weights and of activations."""

from dataclasses import dataclass
from math import ceil, prod

from adequate.design import Design
from adequate.formats import Format, PerChannel, Scaled, SharedExponent
from adequate.network import Layer, Network

FLOAT_BITS = 32
"""A value without a format is a binary32."""

SCALE_BITS, SHARED_EXPONENT_BITS = 32, 8
"""A stored scale is a binary32, a shared exponent an E8M0 (OCP MX v1.0, 5.4)."""

IN_PLACE = frozenset(
    {"flatten", "view", "reshape", "unsqueeze", "squeeze", "dropout", "identity", "contiguous", "clone"}
)
"""Operations that move no value: their output is their operand's memory."""

PASSING = frozenset({"relu", "max_pool1d", "max_pool2d", "max_pool3d", "adaptive_max_pool2d", "concat", "slice", "pad"})
"""Operations whose values are their operands' values (or 0): they need no more bits than these."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Elements and bits of a network's weights and activations under a design, for one image."""

    weights: int
    weight_bits: int
    activations: int
    activation_bits: int

    @property
    def bits_per_weight(self) -> float:
        """Mean over all weights."""
        return self.weight_bits / max(self.weights, 1)

    @property
    def bits_per_activation(self) -> float:
        """Mean over all activations."""
        return self.activation_bits / max(self.activations, 1)


def memory(network: Network, design: Design) -> Memory:
    """Weights and activations together; see ``stored_bits`` and ``activation_bits`` for what is counted."""
    return Memory(
        sum(elements for elements, _ in _weights(network, design).values()),
        stored_bits(network, design),
        sum(prod(_one_image(layer)) for layer in network.layers if layer.operation not in IN_PLACE),
        activation_bits(network, design),
    )


def stored_bits(network: Network, design: Design) -> int:
    """Bits of all weights of the layers that multiply, each in its format; biases and normalisations are not counted.

    A weight without a format takes 32 bits. A scale of ``Scaled`` takes 32 bits, a shared exponent 8. Weights that
    several layers share are stored once, in the widest of their formats.
    """
    return sum(bits for _, bits in _weights(network, design).values())


def activation_bits(network: Network, design: Design) -> int:
    """Bits of all layer outputs for one image, each in its layer's output format, 32 bits without one.

    Reshapes store nothing. A layer that only passes values on (ReLU, max pooling, concatenation) and has no output
    format needs the bits of its operands. The network's input is not counted.
    """
    widths: dict[str, int] = {}
    total = 0
    for layer in network.layers:
        format = design[layer.name].output
        operands = [widths.get(name, FLOAT_BITS) for name in layer.inputs]
        passes = layer.operation in PASSING or layer.operation in IN_PLACE
        if format is None:
            widths[layer.name] = max(operands) if passes and operands else FLOAT_BITS
        else:
            widths[layer.name] = format.bits
        if layer.operation not in IN_PLACE:
            shape = _one_image(layer)
            total += prod(shape) * widths[layer.name] if format is None else _bits(format, shape)
    return total


def _one_image(layer: Layer) -> tuple[int, ...]:
    return tuple(1 if size is None else size for size in layer.output_shape)


def _weights(network: Network, design: Design) -> dict[str, tuple[int, int]]:
    """Elements and bits by the weight's name."""
    found: dict[str, tuple[int, int]] = {}
    for layer in network.multiplying:
        if layer.weight is None or layer.weight_shape is None:
            continue
        format = design[layer.name].weight
        bits = layer.weights * FLOAT_BITS if format is None else _bits(format, layer.weight_shape)
        _, before = found.get(layer.weight, (0, 0))
        found[layer.weight] = (layer.weights, max(before, bits))
    return found


def _bits(format: Format, shape: tuple[int, ...]) -> int:
    """Of a tensor in a format, with its scales."""
    if isinstance(format, PerChannel):
        channel = (prod(shape) // len(format.formats),)
        return sum(_bits(one, channel) for one in format.formats)
    return prod(shape) * format.bits + _scale_bits(format, shape)


def _scale_bits(format: Format, shape: tuple[int, ...]) -> int:
    if not isinstance(format, Scaled):
        return 0
    if isinstance(format.scale, SharedExponent):
        along = shape[format.axis or 0]
        return prod(shape) // along * ceil(along / format.scale.block) * SHARED_EXPONENT_BITS
    return SCALE_BITS * (len(format.scale) if isinstance(format.scale, tuple) else 1)
