"""The loops of a sum of products, as an accelerator runs them."""

from dataclasses import dataclass
from math import prod
from typing import Any, cast

from adequate.network.layer import CONVOLUTIONS, Layer


@dataclass(frozen=True, slots=True)
class LoopNest:
    """A grouped convolution in two dimensions, for one image and one call.

    z[g, f, y, x] = sum over c, r, s of activation[g, c, y*stride + r*dilation, x*stride + s*dilation] * weight[g, f, c,
    r, s]. ``channels`` and ``filters`` are those of one group; ``size`` is the activations' height and width, padding
    included, ``padding`` how many of the rows and columns were added at the (top, bottom, left, right). A convolution
    in one dimension has height 1. A matrix product has a 1x1 kernel: its rows are the windows, its summed dimension
    the channels, its columns the filters, its batch the groups.
    """

    groups: int
    channels: int
    filters: int
    size: tuple[int, int]
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)

    @property
    def output(self) -> tuple[int, int]:
        """Height and width of one filter's output."""
        return cast(
            tuple[int, int],
            tuple(
                (size - dilation * (kernel - 1) - 1) // stride + 1
                for size, kernel, stride, dilation in zip(
                    self.size, self.kernel, self.stride, self.dilation, strict=True
                )
            ),
        )

    @property
    def windows(self) -> int:
        """Positions of the kernel: outputs of one filter."""
        return prod(self.output)

    @property
    def taps(self) -> int:
        """Positions in the kernel."""
        return prod(self.kernel)

    @property
    def macs(self) -> int:
        """Multiply-accumulates, those with padding included."""
        return self.groups * self.filters * self.channels * self.taps * self.windows

    @property
    def unpadded(self) -> tuple[int, int]:
        """Height and width of the activations without padding."""
        top, bottom, left, right = self.padding
        return self.size[0] - top - bottom, self.size[1] - left - right

    @property
    def inputs(self) -> int:
        """Activations, without padding."""
        return self.groups * self.channels * prod(self.unpadded)

    @property
    def weights(self) -> int:
        """Elements of the weight."""
        return self.groups * self.filters * self.channels * self.taps

    @property
    def outputs(self) -> int:
        """Elements of the output."""
        return self.groups * self.filters * self.windows

    @property
    def fully_connected(self) -> bool:
        """Whether it is a product of a matrix and one vector: no weight meets two activations."""
        return self.windows == 1 and self.groups == 1


def loop_nest(layer: Layer) -> LoopNest:
    """The loops of a layer that is a sum of products.

    Raises:
        ValueError: the layer is none, or one that has no mapping: in three dimensions, transposed, or a product that
            takes a diagonal.
    """
    if layer.operation in CONVOLUTIONS:
        return _convolution(layer)
    if not layer.multiplies:
        raise ValueError(f"layer {layer.name!r}: {layer.operation} is no sum of products")
    return _product(layer)


def _convolution(layer: Layer) -> LoopNest:
    if layer.operation not in ("conv1d", "conv2d") or layer.weight_shape is None:
        raise ValueError(
            f"layer {layer.name!r}: accelerators have no mapping for {layer.operation}; they map conv1d and conv2d"
            " with weights of their own, linear layers and matrix products"
        )
    given: dict[str, Any] = dict(layer.attributes)
    filters, channels, *kernel = layer.weight_shape
    sizes = [size or 1 for size in layer.input_shapes[0][2:]]
    pairs = _pairs(given["padding"], kernel, given["dilation"])
    padded = [size + sum(pair) for size, pair in zip(sizes, pairs, strict=True)]
    if len(kernel) == 1:
        pairs, padded = [(0, 0), *pairs], [1, *padded]
    groups = given["groups"]
    return LoopNest(
        groups,
        channels,
        filters // groups,
        _two(padded),
        _two(kernel),
        _two(given["stride"]),
        _two(given["dilation"]),
        (*pairs[0], *pairs[1]),
    )


def _pairs(padding: Any, kernel: list[int], dilation: tuple[int, ...]) -> list[tuple[int, int]]:
    if padding == "valid":
        return [(0, 0) for _ in kernel]
    if padding == "same":
        totals = [step * (size - 1) for step, size in zip(dilation, kernel, strict=True)]
        return [(total // 2, total - total // 2) for total in totals]
    return [(amount, amount) for amount in padding]


def _two(sizes: Any) -> tuple[int, int]:
    return (1, sizes[0]) if len(sizes) == 1 else (sizes[0], sizes[1])


def _product(layer: Layer) -> LoopNest:
    contraction = layer.contraction
    assert contraction is not None
    left, right = contraction.left, contraction.right
    if len(set(left)) < len(left) or len(set(right)) < len(right):
        raise ValueError(f"layer {layer.name!r}: accelerators have no mapping for a product that takes a diagonal")
    weight = layer.weight_shape if layer.weight_shape is not None else layer.input_shapes[1]
    sizes = contraction.sizes(layer.input_shapes[0], weight)
    groups, rows, columns, summed = (
        prod(sizes[one] for one in labels)
        for labels in (contraction.batch, contraction.rows, contraction.columns, contraction.summed)
    )
    return LoopNest(groups, summed, columns, (1, rows))
