"""What a command works on: a network with its weights, and the images it reads."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Generator

from adequate.cli.errors import Misuse, one_line
from adequate.cli.images import ChannelsLast, asked, preparation, refuse_preprocessing
from adequate.cli.models import (
    Shape,
    digest,
    input_shape,
    is_file,
    network_in_file,
    trained_network,
    zoo_entry,
)
from adequate.cli.options import ComputeOptions, DataOptions, ModelOptions
from adequate.cli.progress import Progress
from adequate.cli.values import image_shape
from adequate.data import Dataset, load
from adequate.design import Design
from adequate.network import Network, fold_batchnorm

WITHOUT_WEIGHTS = ".prototxt"
"""The end of the names of files that describe a network and hold no weights."""


@dataclass(frozen=True)
class Subject:
    """A network and its data, prepared for it; ``origin`` says where they came from.

    ``design`` is the one a file brought along, for the network before any rewrite.
    """

    network: Network
    data: Dataset
    origin: dict[str, Any]
    design: Design = field(default_factory=Design)

    @property
    def folded(self) -> "Subject":
        """The same with batch normalisation folded: what designs are about that no file brings along."""
        return replace(self, network=fold_batchnorm(self.network))

    @property
    def without_design(self) -> "Subject":
        """The same without the design that a file brought along, which ``origin`` then says."""
        if not self.design:
            return self
        return replace(self, design=Design(), origin={**self.origin, "design_of_file": "not used"})

    @property
    def notes(self) -> dict[str, str]:
        """What was done to the images beyond the options, as rows of ``facts``."""
        return {"layout": "channels last: N x H x W x C"} if self.origin.get("layout") == "nhwc" else {}


def open_subject(model: ModelOptions, data: DataOptions, compute: ComputeOptions, progress: Progress) -> Subject:
    """The trained network and its data.

    Raises:
        Misuse: a name that does not exist, a file that is not there, data the network cannot read.
        OSError, ValueError: files that cannot be read or are corrupt.
    """
    use_threads(compute.threads)
    known = zoo_entry(model.model)
    if known is not None and known.pretrained is None and model.weights is None:
        raise Misuse(
            f"{known.name} has no weights of its own: give --weights (.caffemodel, torch checkpoint, .safetensors)"
        )
    if Path(model.model).suffix == WITHOUT_WEIGHTS and model.weights is None:
        raise Misuse(f"{model.model} has no weights of its own: give --weights (.caffemodel)")
    progress.stage(f"data set {data.data}")
    images = _opened(data)
    stored = tuple(images.test.images.shape[1:])
    origin = {
        "model": model.model,
        "shape": list(stored),
        "weights": None if model.weights is None else digest(model.weights),
        "data": data.data,
        "split_seed": data.split_seed,
        "preprocessing": asked(data),
        "threads": torch.get_num_threads(),
    }
    if is_file(model.model):
        return _file(model, data, images, stored, origin, progress)
    if known is not None:
        refuse_preprocessing(model.model, data)
        if not known.reads(stored):
            raise _misfit(model.model, tuple(known.example_shape[1:]), data.data, stored)
        shape, prepared = tuple(known.example_shape[1:]), known.prepare(images)
    else:
        shape, prepared = image_shape(model.shape) or stored, images.with_transform(preparation(data, images))
        if shape != stored:
            raise _misfit(model.model, shape, data.data, stored)
    network = trained_network(model, shape, progress)
    return Subject(network, prepared, {**origin, "shape": list(shape)})


def use_threads(count: int | None) -> None:
    """Has torch compute with so many threads; None: as many as it likes."""
    if count is not None:
        torch.set_num_threads(count)


def _file(
    model: ModelOptions, data: DataOptions, images: Dataset, stored: Shape, origin: dict[str, Any], progress: Progress
) -> Subject:
    """A file is known by its SHA-256, wherever it lies. Images have their channels last where only that fits."""
    network, design = network_in_file(model, progress)
    reads = input_shape(network, model.model)
    if network.batch is not None:
        raise Misuse(f"{model.model} takes batches of {network.batch} alone; export it with a free batch")
    prepare = preparation(data, images)
    channels_last = reads != stored and reads == (*stored[1:], stored[0])
    if channels_last:
        prepare, origin = ChannelsLast(prepare), {**origin, "layout": "nhwc"}
    elif reads != stored:
        raise _misfit(model.model, reads, data.data, stored)
    file = Path(model.model)
    known_by = {"model": file.name, "sha256": digest(file), "file": str(file.resolve()), "shape": list(reads)}
    return Subject(network, images.with_transform(prepare), {**origin, **known_by}, design)


def _opened(options: DataOptions) -> Dataset:
    try:
        data = load(options.data, options.data_dir)
    except FileNotFoundError as error:
        raise Misuse(one_line(error)) from error
    return data if options.split_seed is None else data.halved(Generator().manual_seed(options.split_seed))


def _misfit(model: str, reads: Shape, data: str, stored: Shape) -> Misuse:
    wanted, found = (" x ".join(map(str, sizes)) for sizes in (reads, stored))
    return Misuse(f"{model} reads images of {wanted}, those of {data} are {found}")
