"""What a command works on: a network with its weights, and the images it reads."""

import hashlib
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Generator, nn

from adequate.cli.errors import Misuse, one_line
from adequate.cli.options import ComputeOptions, DataOptions, DesignOptions, ModelOptions
from adequate.cli.progress import Progress
from adequate.cli.values import image_shape, numbers
from adequate.condensing import reload
from adequate.data import Dataset, load
from adequate.data.callable import import_callable
from adequate.design import Design
from adequate.emulation import check
from adequate.exploration.rules import dynamic_fixed
from adequate.network import Network, fold_batchnorm, trace
from adequate.profiling import profile
from adequate.run import Run
from adequate.zoo import ZOO, Entry, Preprocessing, entry, load_weights
from adequate.zoo.preprocessing import default_preprocessing

LATER = (".onnx", ".pt2", ".prototxt", ".tflite")
"""Files of networks that a later version reads."""

PREPROCESSING = ("scale", "mean", "std", "channels")
"""Options that say what a model of the user's own does to an image first."""

SEED_OF_PRETRAINING = 0
"""The networks that train themselves are always the same."""


@dataclass(frozen=True)
class Subject:
    """A network and its data, prepared for it; ``origin`` says where they came from."""

    network: Network
    data: Dataset
    origin: dict[str, Any]

    @property
    def folded(self) -> "Subject":
        """The same with batch normalisation folded: what designs are about."""
        return replace(self, network=fold_batchnorm(self.network))


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
    progress.stage(f"data set {data.data}")
    images = _opened(data)
    stored = tuple(images.test.images.shape[1:])
    if known is not None:
        _refuse_preprocessing(model.model, data)
        prepared, shape = known.prepare(images), tuple(known.example_shape[1:])
    else:
        prepared, shape = images.with_transform(_preprocessing(data, images)), image_shape(model.shape) or stored
    if stored != shape:
        wanted, found = (" x ".join(map(str, sizes)) for sizes in (shape, stored))
        raise Misuse(f"{model.model} reads images of {wanted}, those of {data.data} are {found}")
    origin = {
        "model": model.model,
        "shape": list(shape),
        "weights": None if model.weights is None else hashlib.sha256(model.weights.read_bytes()).hexdigest(),
        "data": data.data,
        "split_seed": data.split_seed,
        "preprocessing": {name: given for name in PREPROCESSING if (given := getattr(data, name)) is not None},
        "threads": torch.get_num_threads(),
    }
    return Subject(trained_network(model, shape, progress), prepared, origin)


def zoo_entry(name: str) -> Entry | None:
    """The zoo's entry; None for ``module:callable``.

    Raises:
        Misuse: the name is neither.
    """
    if name in {one.name for one in ZOO}:
        return entry(name)
    if Path(name).suffix in LATER:
        raise Misuse(f"{name}: this version does not read networks from files; give a zoo name or module:callable")
    if ":" in name:
        return None
    raise Misuse(f"no such network {name!r}; there are {', '.join(one.name for one in ZOO)} and module:callable")


def trained_network(model: ModelOptions, shape: tuple[int, ...], progress: Progress) -> Network:
    """The network with its weights, traced on an image of ``shape``.

    Raises:
        OSError, ValueError: as ``load_weights``, ``import_callable`` and ``trace``.
    """
    known = zoo_entry(model.model)
    if known is None:
        module = _called(model.model)
    elif model.weights is None and known.pretrained is not None:
        progress.stage(f"training {model.model}")
        module = known.pretrained(Generator().manual_seed(SEED_OF_PRETRAINING), partial(progress.advance, "epochs"))
    else:
        module = known.build()
    progress.stage(f"tracing {model.model}")
    if model.weights is None:
        return traced(module, shape)
    if model.weights.suffix == ".safetensors":
        left_by_run = reload(traced(module, shape), model.weights)
        if left_by_run is not None:
            return left_by_run
    (load_weights if known is None else known.load)(module, model.weights)
    return traced(module, shape)


def traced(module: nn.Module, shape: tuple[int, ...]) -> Network:
    """The network of a module that reads images of ``shape`` (C, H, W)."""
    return trace(module, torch.zeros(1, *shape))


def untrained_network(name: str, shape: tuple[int, ...]) -> Network:
    """The network as it is built, for what depends on shapes alone."""
    known = zoo_entry(name)
    return traced(_called(name) if known is None else known.build(), shape)


def shape_alone(model: ModelOptions) -> tuple[int, ...]:
    """The shape of an image where there is no data to tell it.

    Raises:
        Misuse: neither the zoo nor ``--shape`` tells it.
    """
    known, given = zoo_entry(model.model), image_shape(model.shape)
    if given is not None:
        return given
    if known is None:
        raise Misuse(f"{model.model}: give the shape of an image, as in --shape 3,32,32")
    return tuple(known.example_shape[1:])


def network_of_run(run: Run) -> Network | None:
    """The network whose weights a run left; None where the run does not say which model it was.

    Raises:
        OSError, ValueError: the model or its weights are not there any more.
    """
    identity = run.facts().get("identity", {})
    if "model" not in identity or not run.weights_file.exists():
        return None
    return reload(untrained_network(identity["model"], tuple(identity["shape"])), run.weights_file)


def chosen_design(options: DesignOptions, subject: Subject, seed: int, progress: Progress) -> Design | None:
    """The design of ``--design`` or ``--bits``, None without either.

    Raises:
        Misuse: both are given.
        ValueError: as ``fitting_design``.
    """
    if options.design is not None and options.bits is not None:
        raise Misuse("give --design or --bits, not both")
    if options.design is not None:
        return fitting_design(options.design, subject.network)
    if options.bits is None:
        return None
    progress.stage("dynamic ranges")
    calibration = subject.data.calibration(Generator().manual_seed(seed))
    return dynamic_fixed(profile(subject.network, progress.counting(calibration)), options.bits)


def fitting_design(file: Path, network: Network) -> Design:
    """The design in a file, for this network.

    Raises:
        ValueError: the file is no design, or one for another network.
    """
    design = Design.load(file)
    try:
        check(network, design)
    except ValueError as error:
        raise ValueError(f"{file} does not fit the network: {error}") from error
    return design


def use_threads(count: int | None) -> None:
    """Has torch compute with so many threads; None: as many as it likes."""
    if count is not None:
        torch.set_num_threads(count)


def _called(reference: str) -> nn.Module:
    made = import_callable(reference)()
    if not isinstance(made, nn.Module):
        raise ValueError(f"{reference} must return a torch.nn.Module, not {type(made).__name__}")
    return made


def _opened(options: DataOptions) -> Dataset:
    try:
        data = load(options.data, options.data_dir)
    except FileNotFoundError as error:
        raise Misuse(one_line(error)) from error
    return data if options.split_seed is None else data.halved(Generator().manual_seed(options.split_seed))


def _preprocessing(options: DataOptions, data: Dataset) -> Preprocessing:
    usual = default_preprocessing(data.test.images)
    return Preprocessing(
        scale=usual.scale if options.scale is None else options.scale,
        mean=numbers("--mean", options.mean),
        std=numbers("--std", options.std),
        channels=options.channels or usual.channels,
    )


def _refuse_preprocessing(model: str, options: DataOptions) -> None:
    for name in PREPROCESSING:
        if getattr(options, name) is not None:
            raise Misuse(f"{model} has its own preprocessing; --{name} is for module:callable")
