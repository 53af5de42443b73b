"""One layer of a network, seen as arithmetic: what it computes on which shapes, without the tensors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import cast

Shape = tuple[int | None, ...]
"""Sizes of a tensor; ``None`` is the batch."""

MULTIPLYING = frozenset(
    {"conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "linear", "matmul"}
)
"""Operations that are sums of products of two operands: every slot of a ``LayerDesign`` applies to them."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A node of the network: one call of a module or of a function.

    ``name`` is the module path (``layer1.0.conv1``), ``#2`` appended to its second call; a functional operation is
    ``<parent path>.<operation>``. ``operation`` is the field's name of what it computes (``conv2d``, ``linear``,
    ``add``, ...). ``inputs`` are the names of the layers (or network inputs) it reads, in order.
    ``weight`` and ``bias`` are names of parameters. ``attributes`` are the operation's plain arguments (stride,
    padding, ...). ``nodes`` are the names of the graph's nodes it stands for; the last one computes its output.
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

    @property
    def multiplies(self) -> bool:
        """Whether the layer is a sum of products of two operands."""
        return self.operation in MULTIPLYING

    @property
    def weights(self) -> int:
        """Number of elements of the weight tensor, 0 without one."""
        return prod(self.weight_shape) if self.weight_shape is not None else 0

    @property
    def terms(self) -> int:
        """Products added into one output element (K)."""
        if not self.multiplies:
            return 0
        if self.weight_shape is None:
            return _known(self.input_shapes[0][-1:])
        if self.operation.startswith("conv_transpose"):
            groups = dict(self.attributes).get("groups", 1)
            assert isinstance(groups, int)
            return self.weight_shape[0] // groups * prod(self.weight_shape[2:])
        return prod(self.weight_shape[1:])

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one image; one is two operations.

        A convolution or product does ``terms`` of them per output element; a transposed convolution as many as the
        convolution it is the transpose of: input elements times weights per input channel.
        """
        if self.operation.startswith("conv_transpose"):
            assert self.weight_shape is not None
            return _known(self.input_shapes[0]) * prod(self.weight_shape[1:])
        return self.terms * _known(self.output_shape)


def attributes(values: Mapping[str, object]) -> tuple[tuple[str, object], ...]:
    """Plain arguments as a hashable value: sorted pairs, lists as tuples."""

    def freeze(value: object) -> object:
        if not isinstance(value, list | tuple):
            return value
        return tuple(map(freeze, cast(Sequence[object], value)))

    return tuple(sorted((key, freeze(value)) for key, value in values.items()))


def _known(shape: Shape) -> int:
    return prod(size for size in shape if size is not None)
