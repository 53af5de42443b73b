"""One layer of a network, seen as arithmetic: what it computes on which shapes, without the tensors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, cast

from adequate.kernels.contraction import CONTRACTIONS, Contraction, contraction_of

Shape = tuple[int | None, ...]
"""Sizes of a tensor for one image; ``None`` is the batch; where it is merged with k others (heads, say) k stands."""

CONVOLUTIONS = frozenset(f"conv{kind}{dims}d" for kind in ("", "_transpose") for dims in (1, 2, 3))

MULTIPLYING = CONVOLUTIONS | CONTRACTIONS
"""Operations that are sums of products of two operands: every slot of a ``LayerDesign`` applies to them."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A node of the network: one call of a module or of a function.

    ``name`` is the module path (``layer1.0.conv1``), ``#2`` appended to its second call; a functional operation is
    ``<parent path>.<operation>``. ``operation`` is the field's name of what it computes (``conv2d``, ``linear``,
    ``add``, ...). ``inputs`` are the names of the layers (or network inputs) it reads, in order.
    ``input_shapes`` are the shapes of what it reads; a sum of products has the operand of the ``input`` slot first,
    then, unless that is a parameter, the one of the ``weight`` slot. ``weight`` and ``bias`` are names of parameters.
    ``attributes`` are the operation's plain arguments (stride, padding, ...), and ``weight_first`` where a parameter
    is the first operand of a matrix product: it takes the ``weight`` slot wherever it stands. ``nodes`` are the names
    of the graph's nodes it stands for, in order: of each of its ``calls`` as many, the last of which computes that
    call's output. A recurrent product is called once per time step.
    """

    name: str
    operation: str
    inputs: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    output_shape: Shape
    weight: str | None
    weight_shape: tuple[int, ...] | None
    bias: str | None
    attributes: tuple[tuple[str, object], ...]
    parameters: int
    nodes: tuple[str, ...]
    calls: int = 1

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the nodes that compute its outputs, one per call."""
        size = len(self.nodes) // self.calls
        return self.nodes[size - 1 :: size]

    @property
    def multiplies(self) -> bool:
        """Whether the layer is a sum of products of two operands."""
        return self.operation in MULTIPLYING

    @property
    def weights(self) -> int:
        """Number of elements of the weight tensor, 0 without one."""
        return prod(self.weight_shape) if self.weight_shape is not None else 0

    @property
    def contraction(self) -> Contraction | None:
        """Which elements of the ``input`` and the ``weight`` operand meet; None where that is no contraction."""
        if self.operation not in CONTRACTIONS:
            return None
        given, ranks = self._attributes, (len(self.input_shapes[0]), len(self._weight_operand))
        if "weight_first" in given:
            return contraction_of(self.operation, given, *reversed(ranks)).swapped
        return contraction_of(self.operation, given, *ranks)

    @property
    def terms(self) -> int:
        """Products added into one output element (K); of a batch that is summed over, one image's."""
        if not self.multiplies:
            return 0
        if (contraction := self.contraction) is not None:
            return contraction.terms(self.input_shapes[0], self._weight_operand)
        channels, per_group, *kernel = (size or 1 for size in self._weight_operand)
        if self.operation.startswith("conv_transpose"):
            return channels // self._attributes["groups"] * prod(kernel)
        return per_group * prod(kernel)

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one image; one is two operations.

        A convolution or product does ``terms`` of them per output element; a transposed convolution as many as the
        convolution it is the transpose of: input elements times weights per input channel.
        """
        if self.operation.startswith("conv_transpose"):
            return self.calls * _known(self.input_shapes[0]) * _known(self._weight_operand[1:])
        return self.calls * self.terms * _known(self.output_shape)

    @property
    def _weight_operand(self) -> Shape:
        """Shape of the operand in the ``weight`` slot."""
        return self.weight_shape if self.weight_shape is not None else self.input_shapes[1]

    @property
    def _attributes(self) -> dict[str, Any]:
        return dict(self.attributes)


def attributes(values: Mapping[str, object]) -> tuple[tuple[str, object], ...]:
    """Plain arguments as a hashable value: sorted pairs, lists as tuples."""

    def freeze(value: object) -> object:
        if not isinstance(value, list | tuple):
            return value
        return tuple(map(freeze, cast(Sequence[object], value)))

    return tuple(sorted((key, freeze(value)) for key, value in values.items()))


def _known(shape: Shape) -> int:
    return prod(size for size in shape if size is not None)
