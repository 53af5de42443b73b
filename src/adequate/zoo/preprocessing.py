"""What a model does to an image before its first layer."""

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Self

import torch
from torch import Tensor

from adequate.data.dataset import Dataset
from adequate.network.caffe import read_mean


@dataclass(frozen=True)
class Preprocessing:
    """y = (scale * x - mean) / std, per channel; (N, C, H, W) uint8 or float to float32.

    ``mean`` and ``std`` have one value per channel, one for all, or none (0 and 1). ``channels`` is the order the
    model was trained with; images are stored as ``"rgb"``. ``crop`` takes the middle ``crop`` x ``crop`` pixels first,
    the odd pixel more below and on the right (as Caffe's ``DataTransformer`` does).

    >>> Preprocessing(scale=1 / 16)(torch.full((1, 1, 1, 1), 8, dtype=torch.uint8)).item()
    0.5

    Raises:
        ValueError: a value that is not finite, a zero in ``std``, an unknown channel order, a crop of no pixels, or,
            on a call, images with another number of channels or smaller than the crop.
    """

    scale: float = 1.0
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    channels: str = "rgb"
    crop: int | None = None

    def __post_init__(self) -> None:
        for name, values in (("scale", (self.scale,)), ("mean", self.mean), ("std", self.std)):
            if not all(abs(value) < float("inf") for value in values):
                raise ValueError(f"the preprocessing's {name} must be finite, not {values}")
        if 0 in self.std:
            raise ValueError(f"the preprocessing's std must not be zero: {self.std}")
        if self.channels not in ("rgb", "bgr"):
            raise ValueError(f"no such channel order {self.channels!r}; there are 'rgb' and 'bgr'")
        if self.crop is not None and self.crop < 1:
            raise ValueError(f"the preprocessing's crop must have pixels, not {self.crop}")

    def cropped(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape (C, H, W) that images of ``shape`` have once cropped; as it is where they are too small."""
        if self.crop is None or min(shape[1:]) < self.crop:
            return shape
        return (shape[0], self.crop, self.crop)

    def __call__(self, images: Tensor) -> Tensor:
        x = self._middle(images)
        x = x.flip(1) if self.channels == "bgr" else x
        x = x.to(torch.float32) * self.scale
        if self.mean:
            x = x - self._per_channel("mean", self.mean, x)
        if self.std:
            x = x / self._per_channel("std", self.std, x)
        return x

    def _middle(self, images: Tensor) -> Tensor:
        if self.crop is None:
            return images
        height, width = images.shape[2:]
        if min(height, width) < self.crop:
            raise ValueError(f"images of {width} x {height} pixels are smaller than the crop of {self.crop}")
        top, left = (height - self.crop) // 2, (width - self.crop) // 2
        return images[:, :, top : top + self.crop, left : left + self.crop]

    @staticmethod
    def _per_channel(name: str, values: tuple[float, ...], x: Tensor) -> Tensor:
        if len(values) not in (1, x.shape[1]):
            raise ValueError(f"the preprocessing has {len(values)} values of {name}, the images {x.shape[1]} channels")
        return torch.tensor(values, dtype=torch.float32, device=x.device).reshape(1, -1, 1, 1)


def default_preprocessing(images: Tensor) -> Preprocessing:
    """Pixel / 255 for uint8 images, unchanged for floats: what a model from a file is given when nothing is said."""
    return Preprocessing(scale=1.0 if images.is_floating_point() else 1 / 255)


@dataclass(frozen=True)
class SubtractMeanImage:
    """y = x - mean, pixel by pixel; (N, C, H, W) uint8 or float to float32.

    ``mean`` are the values of the mean image of ``shape`` (C, H, W), exact float32 numbers in row-major order.
    """

    mean: tuple[float, ...]
    shape: tuple[int, int, int]

    def __post_init__(self) -> None:
        if len(self.mean) != prod(self.shape):
            raise ValueError(f"a mean image of shape {self.shape} has {prod(self.shape)} values, not {len(self.mean)}")

    @classmethod
    def of(cls, dataset: Dataset) -> Self:
        """The mean of all training images, the held-out validation images included, as Caffe's
        ``compute_image_mean`` takes it: the exact sum, divided once in float32.

        Raises:
            ValueError: the data set has no training images.
        """
        train, validation = dataset.selection()
        dtype = torch.float64 if train.images.is_floating_point() else torch.int64
        total = train.images.sum(0, dtype=dtype) + validation.images.sum(0, dtype=dtype)
        mean = total.to(torch.float32) / (len(train) + len(validation))
        channels, height, width = mean.shape
        return cls(tuple(mean.flatten().tolist()), (channels, height, width))

    @classmethod
    def read(cls, path: Path) -> Self:
        """The mean image of a Caffe ``.binaryproto`` file.

        Its channels are in the order of the images it is subtracted from.

        Raises:
            OSError: the file cannot be read.
            ValueError: the file is truncated or corrupt, holds no single image, or NaN or infinity.
        """
        mean = read_mean(path)
        if not bool(mean.isfinite().all()):
            raise ValueError(f"{path} holds NaN or infinity")
        channels, height, width = mean.shape
        return cls(tuple(mean.flatten().tolist()), (channels, height, width))

    @property
    def image(self) -> Tensor:
        """The mean image, (C, H, W) float32."""
        return torch.tensor(self.mean, dtype=torch.float32).reshape(self.shape)

    def __call__(self, images: Tensor) -> Tensor:
        if tuple(images.shape[1:]) != self.shape:
            raise ValueError(f"the mean image has shape {self.shape}, the images {tuple(images.shape[1:])}")
        return images.to(torch.float32) - self.image.to(images.device)
