"""What a model of the user's own does to an image first, as the options say it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from adequate.cli.errors import Misuse
from adequate.cli.models import digest
from adequate.cli.options import DataOptions
from adequate.cli.values import numbers
from adequate.data import Dataset
from adequate.zoo import Preprocessing, SubtractMeanImage
from adequate.zoo.preprocessing import default_preprocessing

PREPROCESSING = ("scale", "mean", "std", "channels")
"""Options that say it."""

MEAN_IMAGE = ".binaryproto"
"""The end of the name of Caffe's mean images."""


@dataclass(frozen=True)
class LessMeanImage:
    """y = x - mean, pixel by pixel, the channels of x in the order the mean image has them."""

    order: Preprocessing
    mean: SubtractMeanImage

    def __call__(self, images: Tensor) -> Tensor:
        return self.mean(self.order(images))


@dataclass(frozen=True)
class ChannelsLast:
    """What is prepared, (N, C, H, W), as (N, H, W, C): what networks from TensorFlow and Keras read."""

    prepare: Callable[[Tensor], Tensor]

    def __call__(self, images: Tensor) -> Tensor:
        return self.prepare(images).permute(0, 2, 3, 1)


def preparation(options: DataOptions, data: Dataset) -> Callable[[Tensor], Tensor]:
    """The preprocessing that the options say: pixel / 255 for uint8 images where they say nothing.

    Raises:
        Misuse: a mean image together with what it is not combined with, or no numbers.
        OSError, ValueError: as ``SubtractMeanImage.read`` and ``Preprocessing``.
    """
    usual = default_preprocessing(data.test.images)
    channels = options.channels or usual.channels
    if options.mean is not None and options.mean.endswith(MEAN_IMAGE):
        if options.scale not in (None, 1.0) or options.std is not None:
            raise Misuse(f"--mean {options.mean} is subtracted from pixels as they are: give no --scale, no --std")
        return LessMeanImage(Preprocessing(channels=channels), SubtractMeanImage.read(Path(options.mean)))
    return Preprocessing(
        scale=usual.scale if options.scale is None else options.scale,
        mean=numbers("--mean", options.mean),
        std=numbers("--std", options.std),
        channels=channels,
    )


def asked(options: DataOptions) -> dict[str, Any]:
    """The options that were given, a mean image by its SHA-256: part of a run's identity."""
    given = {name: value for name in PREPROCESSING if (value := getattr(options, name)) is not None}
    if options.mean is not None and options.mean.endswith(MEAN_IMAGE):
        given["mean"] = digest(Path(options.mean))
    return given


def refuse_preprocessing(model: str, options: DataOptions) -> None:
    """A network of the zoo knows what it reads.

    Raises:
        Misuse: an option says otherwise.
    """
    for name in PREPROCESSING:
        if getattr(options, name) is not None:
            raise Misuse(f"{model} has its own preprocessing; --{name} is for files and module:callable")
