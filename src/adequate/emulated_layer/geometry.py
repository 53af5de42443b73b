"""How the two operands of a layer meet: its sums of products, their bound, and the accumulator's order."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from torch import Tensor

from adequate.emulated_layer.products import SumsOfProducts
from adequate.kernels.accumulate import accumulate
from adequate.kernels.columns import columns, output_size, untransposed, window_of
from adequate.kernels.contraction import Contraction
from adequate.kernels.matrices import from_matrices, left_matrices, right_matrices
from adequate.network import Layer
from adequate.operators import Accumulator
from adequate.quantization import along

BLOCK = 2**20
"""Elements that are summed at a time in double precision."""


class Geometry(ABC):
    """Which elements of the input and of the weight meet in which element of the output.

    The dimensions are those of the operands as the graph has them.
    """

    @abstractmethod
    def product(self, x: Tensor, w: Tensor, operation: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        """The plain sums of products; ``operation`` is the graph's own."""

    @abstractmethod
    def accumulate(self, x: Tensor, w: Tensor, accumulator: Accumulator) -> Tensor:
        """The sums of products in an accumulator, shaped as the output."""

    @abstractmethod
    def multiplied(self, x: Tensor, w: Tensor, products: SumsOfProducts, zero: int) -> Tensor:
        """The sums of a multiplier's products of bit patterns, shaped as the output, in integers.

        ``zero`` is the input's pattern of the value zero. It stands for padding and between the inputs of a transposed
        convolution (our choice: the hardware multiplies there as anywhere), and need not give zero.
        """

    @abstractmethod
    def meeting(self, w: Tensor) -> tuple[float, int]:
        """The largest sum of weight magnitudes that meet in one output element, and how many meet there."""

    @abstractmethod
    def repeats(self, x_shape: Sequence[int], w_shape: Sequence[int]) -> int:
        """How often each of those meets there: more than once if an index that is summed over is the input's alone."""

    @abstractmethod
    def place(self, axis: int) -> int | None:
        """The output's dimension, from the end, along which the weight's dimension ``axis`` runs; None if summed."""

    @abstractmethod
    def pads(self, w_shape: Sequence[int | None]) -> bool:
        """Whether zeros of its own meet weights: padding, or what lies between a transposed convolution's inputs."""

    @property
    @abstractmethod
    def bias_place(self) -> int:
        """The output's dimension, from the end, along which a bias runs."""

    @property
    @abstractmethod
    def copies(self) -> int:
        """How often the weight's output channels come in the output's: once per group of a transposed convolution."""


def geometry_of(layer: Layer) -> Geometry:
    """The geometry of a layer that multiplies."""
    contraction = layer.contraction
    return Convolution(layer.operation, dict(layer.attributes)) if contraction is None else Contracted(contraction)


@dataclass(frozen=True)
class Convolution(Geometry):
    """A convolution or transposed convolution of one to three dimensions, with or without a batch."""

    operation: str
    attributes: dict[str, Any]

    def product(self, x: Tensor, w: Tensor, operation: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        return operation(x, w)

    def accumulate(self, x: Tensor, w: Tensor, accumulator: Accumulator) -> Tensor:
        if x.dim() < w.dim():
            return self.accumulate(x.unsqueeze(0), w, accumulator).squeeze(0)
        if self._transposed:
            x, w, window = untransposed(x, w, self.attributes)
        else:
            window = window_of(self.attributes, tuple(w.shape[2:]))
        sums = accumulate(*columns(x, w, window), accumulator)
        return sums.mT.reshape(x.shape[0], w.shape[0], *output_size(tuple(x.shape[2:]), tuple(w.shape[2:]), window))

    def multiplied(self, x: Tensor, w: Tensor, products: SumsOfProducts, zero: int) -> Tensor:
        if x.dim() < w.dim():
            return self.multiplied(x.unsqueeze(0), w, products, zero).squeeze(0)
        if self._transposed:
            return products.convolution(*untransposed(x, w, self.attributes, zero), zero)
        return products.convolution(x, w, window_of(self.attributes, tuple(w.shape[2:])), zero)

    def repeats(self, x_shape: Sequence[int], w_shape: Sequence[int]) -> int:
        del x_shape, w_shape
        return 1

    def meeting(self, w: Tensor) -> tuple[float, int]:
        met = range(1, w.dim())
        if self._transposed and w.numel():
            w, met = w.unflatten(0, (self.attributes["groups"], -1)), (1, *range(3, w.dim() + 1))
        return _largest_sum(w, met), max(prod(w.shape[d] for d in met), 1)

    def place(self, axis: int) -> int | None:
        return self.bias_place if axis % (self._dims + 2) == int(self._transposed) else None

    def pads(self, w_shape: Sequence[int | None]) -> bool:
        if self._transposed:
            return True
        return any(map(any, window_of(self.attributes, tuple(size or 1 for size in w_shape[2:])).padding))

    @property
    def bias_place(self) -> int:
        return -self._dims - 1

    @property
    def copies(self) -> int:
        return self.attributes["groups"] if self._transposed else 1

    @property
    def _transposed(self) -> bool:
        return self.operation.startswith("conv_transpose")

    @property
    def _dims(self) -> int:
        return int(self.operation[-2])


@dataclass(frozen=True)
class Contracted(Geometry):
    """A linear layer or a matrix product: computed as one batched matrix product."""

    contraction: Contraction

    def product(self, x: Tensor, w: Tensor, operation: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        del operation
        one, sizes = self.contraction, self.contraction.sizes(x.shape, w.shape)
        return from_matrices(one, left_matrices(one, x, sizes) @ right_matrices(one, w, sizes), sizes)

    def accumulate(self, x: Tensor, w: Tensor, accumulator: Accumulator) -> Tensor:
        one, sizes = self.contraction, self.contraction.sizes(x.shape, w.shape)
        left, right = left_matrices(one, x, sizes), right_matrices(one, w, sizes)
        return from_matrices(one, accumulate(left, right.mT, accumulator), sizes)

    def multiplied(self, x: Tensor, w: Tensor, products: SumsOfProducts, zero: int) -> Tensor:
        del zero
        one, sizes = self.contraction, self.contraction.sizes(x.shape, w.shape)
        sums = products.matrices(left_matrices(one, x, sizes), right_matrices(one, w, sizes))
        return from_matrices(one, sums, sizes)

    def meeting(self, w: Tensor) -> tuple[float, int]:
        met = [d for d, label in enumerate(self.contraction.right) if label in self.contraction.summed]
        return _largest_sum(w, met), max(prod(w.shape[d] for d in met), 1)

    def repeats(self, x_shape: Sequence[int], w_shape: Sequence[int]) -> int:
        sizes = self.contraction.sizes(x_shape, w_shape)
        own = dict(zip(self.contraction.right, w_shape, strict=True))
        return max(prod(sizes[label] // max(own.get(label, 1), 1) for label in self.contraction.summed), 1)

    def place(self, axis: int) -> int | None:
        output, labels = self.contraction.output, self.contraction.right
        label = labels[axis % len(labels)]
        return output.index(label) - len(output) if label in output else None

    def pads(self, w_shape: Sequence[int | None]) -> bool:
        del w_shape
        return False

    @property
    def bias_place(self) -> int:
        return -1

    @property
    def copies(self) -> int:
        return 1


def aligned(geometry: Geometry, per_channel: Tensor, place: int | None) -> Tensor:
    """One number, or one per index of a weight's dimension, broadcastable against the output."""
    if per_channel.numel() == 1 or place is None:
        return per_channel.reshape(())
    return along(per_channel.repeat(geometry.copies), 0, -place)


def _largest_sum(w: Tensor, dims: Sequence[int]) -> float:
    """The largest sum of magnitudes over some dimensions, in double precision a block at a time."""
    if not w.numel():
        return 0.0
    kept = [d for d in range(w.dim()) if d not in dims]
    rows = w.permute([*kept, *dims]).unsqueeze(0).unsqueeze(-1).flatten(0, len(kept)).flatten(1)
    return max(float(part.abs().double().sum(1).max()) for part in rows.split(max(1, BLOCK // rows.shape[1])))
