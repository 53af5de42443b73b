"""MODEL on the command line: a network of the zoo, a file, or a function of the user's that returns one."""

import hashlib
from functools import partial
from pathlib import Path

import torch
from torch import Generator, Tensor, nn

from adequate.cli.errors import Misuse
from adequate.cli.options import ModelOptions
from adequate.cli.progress import Progress
from adequate.cli.values import image_shape
from adequate.condensing import reload
from adequate.data.callable import import_callable
from adequate.design import Design
from adequate.network import Network, trace
from adequate.network.reading import READERS, read
from adequate.run import Run
from adequate.zoo import ZOO, Entry, entry, load_weights

SEED_OF_PRETRAINING = 0
"""The networks that train themselves are always the same."""

Shape = tuple[int, ...]


def is_file(name: str) -> bool:
    """Whether a model's name is that of a file that holds one."""
    return Path(name).suffix in READERS


def zoo_entry(name: str) -> Entry | None:
    """The zoo's entry; None for a file and ``module:callable``.

    Raises:
        Misuse: the name is none of them, or the file is not there.
    """
    if name in {one.name for one in ZOO}:
        return entry(name)
    if is_file(name):
        if not Path(name).is_file():
            raise Misuse(f"{name!r} does not exist")
        return None
    if ":" in name:
        return None
    raise Misuse(
        f"no such network {name!r}; there are {', '.join(one.name for one in ZOO)}, files ({', '.join(READERS)}) and "
        "module:callable"
    )


def trained_network(model: ModelOptions, shape: Shape, progress: Progress) -> Network:
    """The network of the zoo or of ``module:callable`` with its weights, traced on an image of ``shape``.

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


def network_in_file(model: ModelOptions, progress: Progress) -> tuple[Network, Design]:
    """The network in a file, and the design it brings along.

    Raises:
        OSError, ValueError: as ``read``.
        Misuse: weights that are no ``.caffemodel`` and were not left by a run either.
    """
    progress.stage(f"reading {model.model}")
    shape = image_shape(model.shape)
    if model.weights is None or model.weights.suffix == ".caffemodel":
        return read(model.model, weights=model.weights, shape=shape)
    network, design = read(model.model, shape=shape)
    left_by_run = reload(network, model.weights) if model.weights.suffix == ".safetensors" else None
    if left_by_run is None:
        raise Misuse(f"{model.model} takes a .caffemodel, or weights that a run left, not {model.weights}")
    return left_by_run, design


def network_alone(model: ModelOptions, progress: Progress) -> tuple[Network, Design]:
    """The network without data, and the design a file brings along; without weights, as far as shapes tell.

    Raises:
        OSError, ValueError: as ``trained_network`` and ``network_in_file``.
        Misuse: nothing tells the shape of an image.
    """
    known, given = zoo_entry(model.model), image_shape(model.shape)
    if is_file(model.model):
        return network_in_file(model, progress)
    shape = tuple(known.example_shape[1:]) if given is None and known is not None else given
    if shape is None:
        raise Misuse(f"{model.model}: give the shape of an image, as in --shape 3,32,32")
    if model.weights is not None:
        return trained_network(model, shape, progress), Design()
    progress.stage(f"tracing {model.model}")
    if known is not None:
        return trace(known.skeleton(), torch.zeros(1, *shape, device="meta")), Design()
    return traced(_called(model.model), shape), Design()


def network_of_run(run: Run) -> Network | None:
    """The network whose weights a run left; None where the run does not say which model it was.

    Raises:
        OSError, ValueError: the model or its weights are not there any more, or the model's file is another one.
    """
    identity = run.facts().get("identity", {})
    if "model" not in identity or not run.weights_file.exists():
        return None
    shape = tuple(identity["shape"])
    if "sha256" in identity:
        file = Path(identity["file"])
        if digest(file) != identity["sha256"]:
            raise ValueError(f"{file} has changed since the run in {run.folder}")
        untrained, _ = read(file, shape=shape)
    else:
        known = zoo_entry(identity["model"])
        untrained = traced(_called(identity["model"]) if known is None else known.build(), shape)
    return reload(untrained, run.weights_file)


def input_shape(network: Network, name: str) -> Shape:
    """The shape of what the network reads, without the batch.

    Raises:
        Misuse: it has several inputs, or reads no images.
    """
    inputs = [node for node in network.graph.graph.nodes if node.op == "placeholder"]
    if len(inputs) != 1:
        raise Misuse(f"{name} has {len(inputs)} inputs ({', '.join(str(one.target) for one in inputs)}), not one image")
    value = inputs[0].meta["val"]
    assert isinstance(value, Tensor)
    return tuple(size if isinstance(size, int) else 0 for size in value.shape[1:])


def digest(file: Path) -> str:
    """SHA-256 (hexadecimal) of a file."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def traced(module: nn.Module, shape: Shape) -> Network:
    """The network of a module that reads images of ``shape`` (C, H, W)."""
    return trace(module, torch.zeros(1, *shape))


def _called(reference: str) -> nn.Module:
    made = import_callable(reference)()
    if not isinstance(made, nn.Module):
        raise ValueError(f"{reference} must return a torch.nn.Module, not {type(made).__name__}")
    return made
