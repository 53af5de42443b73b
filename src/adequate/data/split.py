"""One part of a data set: images with their labels, read in batches."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import torch
from torch import Generator, Tensor

BATCH = 250
"""Images a batch, unless told otherwise."""


@dataclass(frozen=True, eq=False)
class Split:
    """Images (N, C, H, W), uint8 or float, with labels (N,) int64; ``transform`` prepares a batch for the model.

    Iterating yields ``(x, y)`` in order, ``BATCH`` images at a time, x in float32.

    >>> part = Split(torch.zeros(5, 1, 2, 2, dtype=torch.uint8), torch.arange(5), None, "test")
    >>> [tuple(x.shape) for x, y in part.batches(2)]
    [(2, 1, 2, 2), (2, 1, 2, 2), (1, 1, 2, 2)]

    Raises:
        ValueError: no images, lengths that differ, another shape or type, negative labels, or values that are not
            finite.
    """

    images: Tensor
    labels: Tensor
    transform: Callable[[Tensor], Tensor] | None
    name: str

    def __post_init__(self) -> None:
        images, labels = self.images, self.labels
        if images.dim() != 4:
            raise ValueError(f"images of {self.name!r} must have shape (N, C, H, W), not {tuple(images.shape)}")
        if images.dtype != torch.uint8 and not images.is_floating_point():
            raise ValueError(f"images of {self.name!r} must be uint8 or float, not {images.dtype}")
        if labels.dim() != 1 or labels.dtype != torch.int64:
            raise ValueError(
                f"labels of {self.name!r} must be int64 of shape (N,), not {labels.dtype} of {tuple(labels.shape)}"
            )
        if len(images) != len(labels):
            raise ValueError(f"{self.name!r} has {len(images)} images but {len(labels)} labels")
        if images.numel() == 0:
            raise ValueError(f"{self.name!r} is empty: images of shape {tuple(images.shape)}")
        if int(labels.min()) < 0:
            raise ValueError(f"{self.name!r} has a negative label: {int(labels.min())} at {int(labels.argmin())}")
        if images.is_floating_point() and not bool(images.isfinite().all()):
            raise ValueError(f"images of {self.name!r} hold NaN or infinity")

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        return self.batches(BATCH)

    def batches(self, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """``(x, y)`` in order, the last batch shorter where ``batch_size`` does not divide the length."""
        return self._batches(torch.arange(len(self)), batch_size)

    def shuffled(self, generator: Generator, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """``(x, y)`` in an order drawn from ``generator`` at the call; the last batch may be shorter."""
        return self._batches(torch.randperm(len(self), generator=generator), batch_size)

    def first(self, count: int) -> Self:
        """The first ``count`` images."""
        self._check_count(count)
        return replace(self, images=self.images[:count], labels=self.labels[:count])

    def sample(self, count: int, generator: Generator) -> Self:
        """``count`` different images drawn at random, in their old order."""
        self._check_count(count)
        return self._take(torch.randperm(len(self), generator=generator)[:count])

    def split(self, fraction: float, generator: Generator) -> tuple[Self, Self]:
        """``(kept, held_out)``: the nearest whole number of images to ``fraction`` drawn at random and held out.

        Both keep the old order, and each has at least one image.
        """
        held = max(1, round(fraction * len(self))) if 0 < fraction < 1 else 0
        if not 0 < held < len(self):
            raise ValueError(f"cannot hold out {fraction} of the {len(self)} images of {self.name!r}")
        order = torch.randperm(len(self), generator=generator)
        return self._take(order[held:]), self._take(order[:held])

    def with_transform(self, transform: Callable[[Tensor], Tensor] | None) -> Self:
        """The same images prepared by ``transform``."""
        return replace(self, transform=transform)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hexadecimal) of the type, shape and bytes of images and labels; the transform does not count."""
        state = hashlib.sha256()
        for tensor in (self.images, self.labels):
            state.update(f"{tensor.dtype} {tuple(tensor.shape)}\n".encode())
            state.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().data)
        return state.hexdigest()

    def _batches(self, order: Tensor, batch_size: int) -> Iterator[tuple[Tensor, Tensor]]:
        if batch_size < 1:
            raise ValueError(f"a batch must hold at least one image, not {batch_size}")
        return (self._batch(index) for index in order.split(batch_size))

    def _batch(self, index: Tensor) -> tuple[Tensor, Tensor]:
        x = self.images[index]
        return (x if self.transform is None else self.transform(x)).to(torch.float32), self.labels[index]

    def _take(self, index: Tensor) -> Self:
        index = index.sort().values
        return replace(self, images=self.images[index], labels=self.labels[index])

    def _check_count(self, count: int) -> None:
        if not 0 < count <= len(self):
            raise ValueError(f"cannot take {count} images of {self.name!r}, which has {len(self)}")
